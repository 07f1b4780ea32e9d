"""What a reader tells of a video beside its frames."""

import cv2
import numpy as np
import pytest

from utils.inference.video import VideoReader
from utils.inference.video_stages import number_frames


def reader_of(
    monkeypatch, milliseconds: list[float], source: str | int = "v.mkv", length: int = 0
) -> VideoReader:
    """A reader of frames from these times, 10 a second on average."""

    class Capture:
        def __init__(self, source: str | int) -> None:
            self.left = list(milliseconds)
            self.now = 0.0

        def isOpened(self) -> bool:
            return True

        def read(self) -> tuple[bool, np.ndarray | None]:
            if not self.left:
                self.now = 0.0
                return False, None
            self.now = self.left.pop(0)
            return True, np.zeros((4, 6, 3), np.uint8)

        def get(self, key: int) -> float:
            known = {cv2.CAP_PROP_POS_MSEC: self.now, cv2.CAP_PROP_FPS: 10.0}
            return known.get(key, float(length))

        def release(self) -> None:
            pass

    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    return VideoReader(source)


TIMES = {  # what the file says in milliseconds, and the seconds that frames are given
    "even": ([0, 100, 200], [0, 0.1, 0.2]),
    "uneven": ([0, 30, 430, 460], [0, 0.03, 0.43, 0.46]),
    "not from 0": ([500, 530], [0, 0.03]),
    "none": ([0, 0, 0], [0, 0.1, 0.2]),
    "no numbers": ([float("nan")] * 3, [0, 0.1, 0.2]),
    "two joined": ([0, 30, 0, 30], [0, 0.03, 0.13, 0.16]),
}


@pytest.mark.parametrize(("milliseconds", "expected"), TIMES.values(), ids=TIMES)
def test_times_are_the_files_own(monkeypatch, milliseconds, expected):
    frames = list(number_frames(reader_of(monkeypatch, milliseconds)))
    assert [frame.seconds for frame in frames] == pytest.approx(expected)
    assert [frame.index for frame in frames] == list(range(len(expected)))


def test_times_of_a_camera_are_those_of_its_frames(monkeypatch):
    clock = iter([7.0, 7.25, 8.0, 9.0])
    monkeypatch.setattr("utils.inference.video.time.monotonic", lambda: next(clock))
    frames = number_frames(reader_of(monkeypatch, [0, 0, 0], source=0))
    assert [frame.seconds for frame in frames] == [0, 0.25, 1.0]


def test_a_rate_that_is_not_the_frames__announces_too_many(monkeypatch):
    """Matroska tells a time, and OpenCV makes frames of it at the highest rate."""
    reader = reader_of(monkeypatch, [0, 100, 2000, 4900], length=50)
    assert len(list(reader)) == 4
    assert (reader.lacks_frames, reader.ended_early) == (True, False)
    cut = reader_of(monkeypatch, [0, 100, 2000], length=50)
    assert len(list(cut)) == 3
    assert (cut.lacks_frames, cut.ended_early) == (True, True)
