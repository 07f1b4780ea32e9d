"""Images against what the annotation file says of them."""

import re

import cv2
import numpy as np
import pytest
from exif_images import with_orientation

from prepostprocess.image import load_rgb
from utils.dataset_check.image_files import (
    check_image_sizes,
    check_images_exist,
    check_images_inside,
    header_of,
)


def write(path, size_wh, orientation=None):
    """An image file; for a JPEG with an EXIF orientation, right behind the signature."""
    image = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    data = cv2.imencode(path.suffix, image)[1].tobytes()
    if orientation:
        data = with_orientation(data, orientation)
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("orientation", [None, 1, 3, 6, 8])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp"])
def test_header_says_what_the_decoder_gives(tmp_path, suffix, orientation):
    path = tmp_path / f"a{suffix}"
    write(path, (40, 30), orientation if suffix == ".jpg" else None)
    assert header_of(path).size_wh == load_rgb(path).shape[1::-1]


def test_photograph_labelled_unturned_is_refused_with_its_cause(tmp_path):
    images = [(write(tmp_path / f"{i}.jpg", (40, 30), 6), (40, 30)) for i in range(5)]
    (fault,) = check_image_sizes("a.json", images)
    assert fault.line.startswith(
        "a.json: images must be as wide and high as the file says, got 5 otherwise: 0.jpg is "
        "30x40, not 40x30, "
    )
    assert "and 2 more. The photographs have an EXIF turn and were labelled unturned." in fault.line


def test_copies_of_half_the_size_are_refused_with_their_cause(tmp_path):
    images = [(write(tmp_path / "a.jpg", (40, 30)), (80, 60))]
    (fault,) = check_image_sizes("a.json", images)
    assert "The images are 0.5 times the size of those that were labelled." in fault.line


def test_unreadable_image_is_named(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no image")
    (fault,) = check_image_sizes("a.json", [(str(tmp_path / "a.jpg"), (4, 3))])
    assert fault.kind == "image-unreadable"


NAMES = {
    "backslash": (r"sub\a.jpg", r"The names have \\ between folders"),
    "storage": ("s3://bucket/a.jpg", "label tool's addresses"),
    "web": ("https://tool.example/a.jpg", "label tool's addresses"),
    "Label Studio": ("1a2b3c4d-a.jpg", "Label Studio put a number .*a.jpg is there"),
    "label tool": ("https://tool.example/data/upload/1/a.jpg", "label tool's addresses"),
    "folder twice": ("images/a.jpg", "'images' is in data_prefix and in file_name too"),
    "suffix": ("a.JPG", "a.jpg is there"),
    "in a folder": ("c.jpg", "more/c.jpg is there. Name that folder as the images' own"),
    "quoted": ("%C3%A4.jpg", "as in web addresses: ä.jpg is there"),
    "accents apart": ("a\u0308.jpg", "Accents are written as letters of their own"),
}


@pytest.mark.parametrize(("name", "cause"), NAMES.values(), ids=NAMES)
def test_cause_of_missing_images_is_named(tmp_path, name, cause):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/more").mkdir()
    for present in ("a.jpg", "more/c.jpg", "\u00e4.jpg"):
        write(tmp_path / "images" / present, (4, 3))
    (fault,) = check_images_exist("a.json", [tmp_path / "images" / name])
    assert re.search(cause, fault.line)


def test_names_that_lead_out_of_the_folder_are_refused():
    names = ["a.jpg", "sub/../b.jpg", "../../etc/passwd", "/etc/passwd", "sub/../../c.jpg"]
    (fault,) = check_images_inside("a.json", names)
    assert fault.level == "error"
    assert fault.examples == ("../../etc/passwd", "/etc/passwd", "sub/../../c.jpg")
    assert not check_images_inside("a.json", names[:2])


def test_addresses_of_a_label_tool_are_named():
    (fault,) = check_images_inside("a.json", ["/data/upload/3/a.jpg"])
    assert "label tool's addresses" in fault.line
