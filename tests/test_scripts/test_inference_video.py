"""Videos, streams and cameras through inference.py."""

import json
import resource
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest

from utils.inference.smoothing import PeopleSmoother
from utils.inference.video import VideoReader, VideoWriter
from utils.people import People


@pytest.fixture
def video(tmp_path, picture) -> Path:
    path = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (120, 90))
    for shift in range(30):
        writer.write(np.roll(picture, shift, axis=1))
    writer.release()
    return path


@pytest.mark.parametrize("more", [(), ("--every", "3", "--smooth")])
def test_video(run, video, tmp_path, more):
    code, printed, _ = run(video, "--json", tmp_path / "v.json", *more)
    assert (code, printed) == (0, [tmp_path / "v_pose.avi"])
    frames = json.loads((tmp_path / "v.json").read_text())
    assert [frame["frame"] for frame in frames] == list(range(30))
    assert frames[10]["seconds"] == 1.0
    assert {person["id"] for frame in frames for person in frame["people"]} == {1}
    drawn = cv2.VideoCapture(str(printed[0]))
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == 30
    assert drawn.get(cv2.CAP_PROP_FPS) == 10


def test_video_of_uneven_frames__its_own_times_count(run, video, tmp_path, monkeypatch):
    times, smoothed = [k * k / 100 for k in range(30)], []
    stamps, read, smooth = iter([*times, 0.0]), VideoReader._read, PeopleSmoother.update
    monkeypatch.setattr(VideoReader, "_read", lambda self: (read(self)[0], next(stamps)))

    def update(self: PeopleSmoother, people: People, ids: list[int], seconds: float) -> People:
        smoothed.append(seconds)
        return smooth(self, people, ids, seconds)

    monkeypatch.setattr(PeopleSmoother, "update", update)
    assert run(video, "--json", tmp_path / "v.json", "--smooth")[0] == 0
    frames = json.loads((tmp_path / "v.json").read_text())
    assert [frame["seconds"] for frame in frames] == pytest.approx(times)
    assert smoothed == pytest.approx(times)


def test_video_that_ends_early(run, video, tmp_path):
    data = video.read_bytes()
    video.write_bytes(data[: len(data) // 2])
    code, printed, errors = run(video, "--json", tmp_path / "v.json")
    frames = json.loads((tmp_path / "v.json").read_text())
    assert 5 < len(frames) < 25
    assert printed == [tmp_path / "v_pose.avi"]
    assert code == 1
    assert f"video must have 30 frames, got {len(frames)} that can be read" in errors


@pytest.fixture
def mp4(tmp_path, picture) -> Path:
    """A file that tells its frames first and then holds them, as those for the web do."""
    path = tmp_path / "v.mp4"
    with VideoWriter(path, 10.0) as writer:
        for shift in range(30):
            writer.write(np.roll(picture, shift, axis=1))
    data, boxes = path.read_bytes(), []
    while data:
        length = int.from_bytes(data[:4], "big")
        boxes.append(bytearray(data[:length]))
        data = data[length:]
    boxes.sort(key=lambda box: box[4:8] == b"mdat")
    index = next(box for box in boxes if box[4:8] == b"moov")
    start = index.index(b"stco") + 12
    for place in range(start, start + 4 * int.from_bytes(index[start - 4 : start], "big"), 4):
        moved = int.from_bytes(index[place : place + 4], "big") + len(index)
        index[place : place + 4] = moved.to_bytes(4, "big")
    path.write_bytes(b"".join(boxes))
    return path


def test_mp4__frames_that_an_edit_list_hides_are_a_note(run, mp4):
    data = bytearray(mp4.read_bytes())
    duration = data.index(b"elst") + 12
    data[duration : duration + 4] = (1000).to_bytes(4, "big")  # milliseconds, of three seconds
    mp4.write_bytes(data)
    code, _, errors = run(mp4)
    assert code == 0
    assert "note: " in errors
    assert "video must have 30 frames, got 10 that can be read. Its end was reached." in errors


def test_mp4_that_is_cut_off(run, mp4):
    code, _, errors = run(mp4)
    assert code == 0
    assert "video must have" not in errors
    data = mp4.read_bytes()
    mp4.write_bytes(data[: len(data) // 2])
    code, _, errors = run(mp4)
    assert code == 1
    assert "video must have 30 frames, got " in errors
    assert "Copy it again." in errors


def test_ctrl_c__a_file_keeps_the_earlier_results(run, video, tmp_path, monkeypatch):
    (tmp_path / "v_pose.avi").write_bytes(b"old")
    (tmp_path / "v.json").write_bytes(b"old")
    write, written = VideoWriter.write, []

    def interrupted(self: VideoWriter, frame: np.ndarray) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(frame)
        write(self, frame)

    monkeypatch.setattr(VideoWriter, "write", interrupted)
    code, printed, errors = run(video, "--json", tmp_path / "v.json")
    assert (code, printed, errors.splitlines()[-1]) == (130, [], "interrupted")
    assert (tmp_path / "v_pose.avi").read_bytes() == b"old"
    assert (tmp_path / "v.json").read_bytes() == b"old"


@pytest.mark.parametrize("rate", [0.3, 9.295774647887324, 59.9346, 119.9346, 239.8765, 999.999])
@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_any_rate_of_a_camera_can_be_written(tmp_path, rate, suffix):
    path = tmp_path / f"v{suffix}"
    with VideoWriter(path, rate) as writer:
        for _ in range(5):
            writer.write(np.zeros((48, 64, 3), np.uint8))
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize("data", [b"", b"no video"])
def test_video_that_is_none(run, tmp_path, data):
    (tmp_path / "v.mp4").write_bytes(data)
    code, _, errors = run(tmp_path / "v.mp4")
    assert code == 1
    assert "v.mp4: video must be one that OpenCV reads" in errors


def test_camera_that_is_not_there(run):
    code, _, errors = run("97")
    assert code == 1
    assert "97: camera must be one that OpenCV reads" in errors


def test_video_save_path(run, video, tmp_path):
    (tmp_path / "out").mkdir()
    assert run(video, "--save-path", tmp_path / "out")[1] == [tmp_path / "out/v_pose.avi"]
    code, _, errors = run(video, "--save-path", video)
    assert code == 1
    assert "--save-path must not be the video itself" in errors
    code, _, errors = run(video, "--save-path", tmp_path / "a.gif")
    assert code == 1
    assert "a.gif: --save-path must be a folder or end in .avi" in errors


def test_video_without_room_keeps_the_old_one(run, video, tmp_path):
    target = tmp_path / "out.avi"
    target.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
    try:
        code, printed, errors = run(video, "--save-path", target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (code, printed) == (1, [])
    assert "out.avi: " in errors
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.avi"]


def test_stream(run, video, tmp_path):
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v.avi"
        code, printed, _ = run(address, "--save-path", tmp_path / "out.mp4")
        server.shutdown()
    assert (code, printed) == (0, [tmp_path / "out.mp4"])
    code, _, errors = run("rtsp://127.0.0.1:9/nothing", "--save-path", tmp_path / "no.mp4")
    assert code == 1
    assert "must be one that OpenCV reads" in errors
