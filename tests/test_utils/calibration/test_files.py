"""utils/calibration/files.py: files that are no calibration, or a damaged one."""

import json

import numpy as np
import pytest

from utils.calibration.files import read_calibration

CROPS = np.random.default_rng(0).normal(size=(4, 3, 8, 6)).astype(np.float32)
NOTES = {"layout": "nchw", "colour": "rgb"}


@pytest.fixture
def write(tmp_path):
    def write(images=CROPS, notes=NOTES):
        path = tmp_path / "c.npz"
        np.savez_compressed(path, images=images, notes=np.array(json.dumps(notes)))
        return path

    return write


def test_what_was_written_is_read(write):
    np.testing.assert_array_equal(read_calibration(write()), CROPS)


DAMAGE = {
    "cut short": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "a bit in the middle": lambda data: data[:300] + bytes([data[300] ^ 255]) + data[301:],
    "text": lambda _: b"nothing",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_files_are_one_line(write, damage):
    path = write()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"c\.npz: calibration must be a file of tools/export"):
        read_calibration(path)


def test_a_single_array_under_this_name(tmp_path):
    np.save(tmp_path / "c.npy", CROPS)
    path = (tmp_path / "c.npy").rename(tmp_path / "c.npz")
    with pytest.raises(ValueError, match=r"c\.npz: calibration must be a file of tools/export"):
        read_calibration(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (dict(notes=["nchw", "rgb"]), "calibration must be a file of tools/export_calibration.py"),
        (dict(notes=None), "calibration must be a file of tools/export_calibration.py"),
        (dict(images=CROPS * np.float32("nan")), "calibration must hold finite numbers, got NaN"),
        (dict(images=CROPS.astype(float)), r"must hold float32 \(N, 3, h, w\), got float64 \(4, 3"),
        (dict(images=CROPS[0]), r"must hold float32 \(N, 3, h, w\), got float32 \(3, 8, 6\)"),
        (dict(images=np.array(["a"])), r"must hold float32 \(N, 3, h, w\), got <U1 \(1,\)"),
    ],
    ids=["list", "null", "NaN", "float64", "one crop", "text"],
)
def test_contents_that_are_no_crops(write, content, message):
    with pytest.raises(ValueError, match=rf"c\.npz: .*{message}"):
        read_calibration(write(**content))
