"""Files that are there whole, or as they were before."""

import os
import resource
import stat
import threading
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from prepostprocess.files import remove_leftovers, replacing, write_whole
from prepostprocess.image import load_rgb
from prepostprocess.save_image import save_rgb

BIG = b"x" * 100_000


@contextmanager
def room_for(num_bytes):
    """Let no file grow beyond a size: the operating system then refuses as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("content", ["ä\n", b"\xff\x00", ""])
def test_content_arrives_as_it_is(tmp_path, content):
    write_whole(tmp_path / "new" / "a.txt", content)
    expected = content.encode() if isinstance(content, str) else content
    assert content_of(tmp_path / "new") == {"a.txt": expected}


@pytest.mark.parametrize("old", [None, b"old"])
def test_no_room_keeps_the_old_file_and_names_it(tmp_path, old):
    path = tmp_path / "a.bin"
    if old is not None:
        path.write_bytes(old)
    before = content_of(tmp_path)
    with room_for(5000), pytest.raises(OSError, match="File too large") as caught:
        write_whole(path, BIG)
    assert caught.value.filename == str(path)
    assert content_of(tmp_path) == before


def test_no_room_keeps_a_good_image(tmp_path):
    path = tmp_path / "a.png"
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    save_rgb(path, image)
    with room_for(5000), pytest.raises(OSError, match="File too large"):
        save_rgb(path, 255 - image)
    np.testing.assert_array_equal(load_rgb(path), image)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("fault", [RuntimeError("ours"), KeyboardInterrupt()])
def test_any_failure_keeps_the_old_file(tmp_path, fault):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(fault)), replacing(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise fault
    assert content_of(tmp_path) == {"a.txt": b"old"}


def test_another_files_fault_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "a.txt"):
        (tmp_path / "input.txt").read_text()
    assert caught.value.filename == str(tmp_path / "input.txt")
    assert content_of(tmp_path) == {}


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_that_open_gives(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "ours", "")
        (tmp_path / "plain").open("w").close()
    finally:
        os.umask(before)
    ours, plain = ((tmp_path / name).stat().st_mode for name in ("ours", "plain"))
    assert stat.filemode(ours) == stat.filemode(plain)


def test_permissions_of_the_file_replaced_stay(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_whole(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_links_are_followed_and_pipes_written_to(tmp_path):
    link, path = tmp_path / "link.txt", tmp_path / "folder" / "a.txt"
    link.symlink_to(path)
    write_whole(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "through")
    reader.join()
    assert got == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_in_the_files_place_is_named(tmp_path):
    with pytest.raises(IsADirectoryError) as caught:
        write_whole(tmp_path, "")
    assert caught.value.filename == str(tmp_path)


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    path = tmp_path / ("long name " * 24 + ".txt")
    with replacing(path) as one, replacing(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert content_of(tmp_path) == {path.name: b"one"}


def test_leftovers_of_killed_writers_are_found_again(tmp_path):
    path = tmp_path / "a.crops"
    for neighbour in ("b.crops", ".a.partial-x.txt"):
        (tmp_path / neighbour).write_text("stays")
    left = replacing(path)
    left.__enter__().write_bytes(BIG)
    assert len(content_of(tmp_path)) == 3
    remove_leftovers(path)
    assert sorted(content_of(tmp_path)) == [".a.partial-x.txt", "b.crops"]


@pytest.mark.parametrize("suffix", [".png", ".BMP", ".tiff"])
def test_image_files_keep_every_pixel(tmp_path, suffix):
    image = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
    path = tmp_path / f"ä b{suffix}"
    save_rgb(path, image)
    np.testing.assert_array_equal(load_rgb(path), image)
    assert cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)[0, 0].tolist() == list(
        image[0, 0, ::-1]
    )


def test_images_that_cannot_be_written_are_told_of(tmp_path):
    with pytest.raises(ValueError, match=r"a\.gif: an image's name must end in .*got '\.gif'"):
        save_rgb(tmp_path / "a.gif", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"a\.jpg: an image must fit its format, got 70000x1"):
        save_rgb(tmp_path / "a.jpg", np.zeros((1, 70000, 3), np.uint8))
    assert content_of(tmp_path) == {}
