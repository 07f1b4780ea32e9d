"""Read frames from a video or a camera, write frames to a video, as RGB."""

import math
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prepostprocess.files import replacing

_USUAL_RATE = 25.0  # frames a second, of a camera or a file that does not say
_MISSING_SHARE = 0.02
_MPEG4_MOST = 65535
VIDEO_WRITABLE = (".avi", ".m4v", ".mkv", ".mov", ".mp4")


class VideoReader:
    """The frames of a video.

    Args:
        source: a file, or a camera's number.

    Attributes:
        rate: frames a second.
        length: how many frames the file says it has; 0 for a camera.
        num_read: how many were read so far.
        seconds: when the last of these is from, counted from the first.
    Raises: ValueError: it cannot be opened, or has no frame.
    """

    def __init__(self, source: str | int) -> None:
        self.source = source
        self._capture = cv2.VideoCapture(source)
        self._first = self._read() if self._capture.isOpened() else (None, 0.0)
        if self._first[0] is None:
            kind = "camera" if isinstance(source, int) else "video"
            raise ValueError(
                f"{source}: {kind} must be one that OpenCV reads, got no frame from it. "
                "Check that it plays."
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if np.isfinite(rate) and 0 < rate <= 1000 else _USUAL_RATE
        length = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.length = 0 if isinstance(source, int) else max(length, 0)
        self.num_read = 0
        self.seconds = 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the frames, uint8 (H, W, 3), RGB."""
        frame, time_read = self._first
        try:
            while frame is not None:
                self.num_read += 1
                yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                before = time_read
                frame, time_read = self._read()
                if frame is not None:
                    # not every container tells times, and joined ones begin anew
                    grows = time_read > before
                    self.seconds += time_read - before if grows else 1 / self.rate
        finally:
            self._capture.release()

    def _read(self) -> tuple[np.ndarray | None, float]:
        """The next frame, or None, and when it is from, in seconds."""
        is_read, frame = self._capture.read()
        if isinstance(self.source, int):
            return (frame if is_read else None), time.monotonic()
        return (frame if is_read else None), self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000

    @property
    def lacks_frames(self) -> bool:
        """Whether clearly fewer frames were read than the file says it has."""
        return _lacks_frames(self.num_read, self.length)

    @property
    def ended_early(self) -> bool:
        """Whether frames lack because the end of the file is not there.

        Where frames are uneven, OpenCV counts time times rate, but the last frame's time is right.
        An edit list hides frames of a whole file.
        """
        reached = self.seconds * self.rate
        is_short = self.lacks_frames and _lacks_frames(reached, self.length)
        return is_short and not _is_whole_mp4(Path(str(self.source)))


class VideoWriter:
    """A video file that takes frames of one size; it appears whole or not at all.

    To be used in a ``with`` block: an exception in it keeps the file that was there before.

    Args:
        path: ends in one of ``VIDEO_WRITABLE``.
        rate: frames a second.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self.path, self.rate = path, rate
        self._stack = ExitStack()
        self._temporary = path
        self._writer: cv2.VideoWriter | None = None
        self._num_frames = 0

    def __enter__(self) -> "VideoWriter":
        return self

    def write(self, frame: np.ndarray) -> None:
        """Add a frame, uint8 (H, W, 3), RGB.

        Raises:
            ValueError: OpenCV does not write such videos.
            OSError: the file cannot be written.
        """
        if self._writer is None:
            self._writer = self._open((frame.shape[1], frame.shape[0]))
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        self._num_frames += 1

    def __exit__(self, *error: Any) -> None:
        """Finish the file and put it in its place.

        Raises: ValueError: it lacks frames, which OpenCV does not tell when the disk is full.
        """
        if self._writer is not None:
            self._writer.release()
        with self._stack:
            if error[1] is not None:
                raise error[1]
            if self._writer is not None:
                self._check_length()

    def _open(self, size_wh: tuple[int, int]) -> cv2.VideoWriter:
        self._temporary = self._stack.enter_context(replacing(self.path))
        code = "MJPG" if self.path.suffix.lower() == ".avi" else "mp4v"
        fourcc = cv2.VideoWriter.fourcc(*code)
        rate = self.rate if code == "MJPG" else _mpeg4_rate(self.rate)
        writer = cv2.VideoWriter(str(self._temporary), fourcc, rate, size_wh)
        if not writer.isOpened():
            raise ValueError(
                f"{self.path}: --save-path must be a video that OpenCV writes, got one that it "
                "does not. Use a name that ends in .mp4 or .avi."
            )
        return writer

    def _check_length(self) -> None:
        capture = cv2.VideoCapture(str(self._temporary))
        length = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        capture.release()
        if _lacks_frames(length, self._num_frames):
            raise ValueError(
                f"{self.path}: video must have {self._num_frames} frames, got {max(length, 0)} "
                "that can be read. Check the space there."
            )


def _is_whole_mp4(path: Path) -> bool:
    """Whether it is an MP4 or QuickTime file whose boxes end where the file does."""
    if not path.is_file():
        return False
    position, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            length, kind, long_length = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
            length = {0: size - position, 1: long_length}.get(length, length)
            if length < 8 or (position == 0 and kind != b"ftyp"):
                return False
            position += length
    return position == size


def _mpeg4_rate(rate: float) -> float:
    """The nearest rate that MPEG-4 can hold: a fraction of whole numbers of 16 bits.

    OpenCV writes the rate in tenths, hundredths or thousandths, as many as it has decimals.
    """
    return round(rate, int(math.log10(_MPEG4_MOST / rate)))


def _lacks_frames(got: float, expected: int) -> bool:
    """Clearly fewer; containers that estimate their length are off by less."""
    return got < expected * (1 - _MISSING_SHARE) - 1
