"""MPII's and Leeds Sports Pose's own files, as they are published."""

import re
import sys

import cv2
import numpy as np
import pytest
from mat_files import EMPTY, mpii_person, write_lsp, write_mpii

from utils.label_formats.matlab.lspet import LSP_NAMES, read_lspet
from utils.label_formats.matlab.mpii import read_mpii


def draw(folder, *names):
    for name in names:
        cv2.imwrite(str(folder / name), np.zeros((80, 100, 3), np.uint8))


def test_mpii__one_person_or_several_hidden_joints_and_images_without_people(tmp_path):
    draw(tmp_path, "1.jpg", "2.jpg")
    labels = write_mpii(
        tmp_path / "mpii.mat",
        [
            ("1.jpg", 1, [mpii_person([(11.0, 21.0, 0, "1"), (31.0, 41.0, 9)])]),
            (
                "2.jpg",
                1,
                [
                    mpii_person([(2, 3, 1, 0), (4, 5, 2, 1), (6, 7, 8, EMPTY)]),
                    mpii_person([], annopoints=EMPTY),  # seen, not labelled
                    mpii_person([(51, 61, 15, "0")]),
                ],
            ),
            ("without-people.jpg", 1, []),
            ("nobody-labelled.jpg", 1, [{"scale": 1.0}]),
            ("test.jpg", 0, [{"scale": 1.0, "objpos": EMPTY}]),
        ],
    )
    first, second = read_mpii(labels, tmp_path)
    assert (first.name, first.size_wh) == ("1.jpg", (100, 80))
    (person,) = first.people
    # pixels count from 1 in the file
    assert person.keypoints == {"right_ankle": (10, 20, 2), "head_top": (30, 40, 2)}
    left, right = second.people
    hidden_and_not = {"right_knee": (1, 2, 1), "right_hip": (3, 4, 2), "upper_neck": (5, 6, 2)}
    assert left.keypoints == hidden_and_not
    assert right.keypoints == {"left_wrist": (50, 60, 1)}


def joints(extended: bool) -> np.ndarray:
    """Joint k of image i at 10 i + k, k; the third number is 0 for the right ankle alone."""
    rows = np.array([[[10 * i + k, k, float(k > 0)] for k in range(14)] for i in range(2)])
    return rows.transpose(1, 2, 0) if extended else rows.transpose(2, 1, 0)


@pytest.mark.parametrize("extended", [True, False], ids=["LSPET", "LSP"])
def test_lspet__what_the_third_number_says(tmp_path, extended):
    draw(tmp_path, *(("im00001.jpg", "im00002.jpg") if extended else ("im0001.jpg", "im0002.jpg")))
    images = read_lspet(write_lsp(tmp_path / "joints.mat", joints(extended)), tmp_path)
    assert [image.size_wh for image in images] == [(100, 80)] * 2
    points = images[1].people[0].keypoints
    assert points["head_top"] == (23, 13, 2 if extended else 1)
    assert ("right_ankle" in points) == (not extended)
    assert set(points) == set(LSP_NAMES[1:] if extended else LSP_NAMES)


def test_missing_images_are_told(tmp_path):
    labels = write_lsp(tmp_path / "joints.mat", joints(True))
    with pytest.raises(ValueError, match="all of its 2 images must be in .* 2 missing"):
        read_lspet(labels, tmp_path)
    draw(tmp_path, "im00001.jpg")
    (tmp_path / "im00002.jpg").write_text("no image")
    with pytest.raises(ValueError, match="its images must be readable, got im00002.jpg"):
        read_lspet(labels, tmp_path)


@pytest.mark.parametrize("read", [read_mpii, read_lspet])
def test_other_files_are_one_line(tmp_path, read):
    for name, content in (("text.mat", b"no matrix"), ("empty.mat", b""), ("p.mat", b"\x80\x04N.")):
        (tmp_path / name).write_bytes(content)
    write_lsp(tmp_path / "shape.mat", np.zeros((5, 3, 2)))
    write_mpii(tmp_path / "joint.mat", [("1.jpg", 1, [mpii_person([(1, 1, 16, "1")])])])
    for path in tmp_path.glob("*.mat"):
        with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: it must be ") as caught:
            read(path, tmp_path)
        assert "\n" not in str(caught.value)


def test_without_scipy_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(ValueError, match="must be read by scipy, got none installed. Run: pip"):
        read_mpii(tmp_path / "mpii.mat", tmp_path)
