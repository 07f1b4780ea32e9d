"""YOLO-pose: a text file an image, and none of them lost."""

import re

import cv2
import numpy as np
import pytest

from utils.label_formats.yolo_pose import read_yolo_pose

LINE = "0 0.5 0.5 0.2 0.2 0.5 0.5 2\n"


@pytest.fixture
def read(tmp_path):
    """A function: read these label files (name to text) of these images."""
    images, labels = tmp_path / "images", tmp_path / "labels"

    def write_and_read(texts, *names):
        for folder in (images, labels):
            (folder / "b").mkdir(parents=True, exist_ok=True)
        for name in names:
            cv2.imwrite(str(images / name), np.zeros((80, 100, 3), np.uint8))
        for name, text in texts.items():
            (labels / name).write_text(text)
        return read_yolo_pose(labels, images, ("nose",))

    return write_and_read


def test_an_image_that_is_named_as_a_drawing_is_no_drawing(read):
    found = read({"x.txt": LINE, "x_pose.txt": LINE}, "x.jpg", "x_pose.jpg")
    assert [(image.name, len(image.people)) for image in found] == [("x.jpg", 1), ("x_pose.jpg", 1)]


def test_labels_without_an_image_are_refused(read, tmp_path):
    texts = {"x.txt": LINE, "zz.txt": LINE, "b/y.txt": LINE}
    message = f"{tmp_path}/labels: .*got 2 without: b/y.txt, zz.txt. Add the images"
    with pytest.raises(ValueError, match=message) as caught:
        read(texts, "x.jpg", "b/x.jpg")
    assert "\n" not in str(caught.value)


def test_empty_files_and_the_list_of_classes_need_no_image(read):
    found = read({"x.txt": LINE, "zz.txt": "\n", "classes.txt": "person\n"}, "x.jpg", "b/y.jpg")
    assert [image.name for image in found] == ["x.jpg"]


def test_a_folder_without_images_is_told_by_its_flag(read, tmp_path):
    with pytest.raises(ValueError, match=f"^{re.escape(str(tmp_path))}/images: --images must hold"):
        read({"x.txt": LINE})
