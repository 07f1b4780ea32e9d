"""COCO files: read whole, boxes and areas made where they lack."""

import json

import numpy as np
import pytest

from utils.label_formats.coco_json import read_coco_people
from utils.label_formats.labelled import LabelledImage, to_annotations

BOX = [10.0, 10.0, 40.0, 60.0]
KEYPOINTS = [20, 20, 2, 40, 60, 1, 0, 0, 0]
SQUARE = [[20.0, 20, 40, 20, 40, 40, 20, 40]]


def write(path, category=None, **person):
    person = {"id": 1, "image_id": 7, "category_id": 1, "keypoints": KEYPOINTS, **person}
    content = {
        "images": [{"id": 7, "file_name": "a.png", "width": 100, "height": 80}],
        "annotations": [person],
        "categories": [
            {"id": 1, "name": "person", "keypoints": ["a", "b", "c"], **(category or {})}
        ],
    }
    path.write_text(json.dumps(content))
    return path


def read(tmp_path, names=None, **person):
    named, (image,) = read_coco_people(write(tmp_path / "a.json", **person), names, None)
    assert named == ("a", "b", "c")
    return image


def test_what_is_written_is_what_was_read(tmp_path):
    image = read(tmp_path, bbox=BOX, area=321.0, iscrowd=1)
    (person,) = to_annotations([image], ("a", "b", "c"))["annotations"]
    assert (person["bbox"], person["area"], person["iscrowd"]) == (BOX, 321.0, 1)
    assert person["keypoints"] == KEYPOINTS


# 2 columns of 2 pixels from 1, 1 on in an image of 4x5: column by column, as COCO counts
RUNS = {"size": [4, 5], "counts": [5, 2, 2, 2, 9]}
MADE = {
    "polygon": ({"segmentation": SQUARE}, [20, 20, 20, 20], 400),
    "two parts": ({"segmentation": SQUARE + [[60, 20, 70, 20, 60, 30]]}, [20, 20, 50, 20], 450),
    "runs": ({"segmentation": RUNS}, [1, 1, 2, 2], 4),
    "text": ({"segmentation": {"size": [4, 5], "counts": "52207"}}, [1, 1, 2, 2], 4),
    "no mask": ({"segmentation": []}, [17, 15.6, 26, 48.8], 0.53 * 26 * 48.8),
    "empty box": ({"bbox": [0, 0, 0, 0]}, [17, 15.6, 26, 48.8], 0.53 * 26 * 48.8),
    "box without area": ({"bbox": BOX, "segmentation": SQUARE}, BOX, 400),
}  # around keypoints: 15 % and 11 % of their extent (20, 40) on each side


@pytest.mark.parametrize(("person", "box", "area"), MADE.values(), ids=MADE)
def test_boxes_and_areas_are_made(tmp_path, person, box, area):
    (made,) = read(tmp_path, **person).people
    np.testing.assert_allclose(made.box_xywh, box)
    assert made.area == pytest.approx(area)


WRONG = {
    "no names": ({"category": {"keypoints": [0, 1, 2]}, "bbox": BOX}, "its category names none"),
    "no box": ({"keypoints": [0] * 9}, "annotations must have a bbox"),
    "mask": ({"segmentation": [[1, 2]]}, "segmentation of annotation 1 must be polygons or a mask"),
    "runs": ({"segmentation": {"size": [4, 5], "counts": [5, -2]}}, "must be polygons or a mask"),
    "visibility": ({"bbox": BOX, "keypoints": [1, 1, 0.5] * 3}, "visibility must be 0"),
}


@pytest.mark.parametrize(("person", "message"), WRONG.values(), ids=WRONG)
def test_faults_are_told(tmp_path, person, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, **person)


def test_names_may_be_given(tmp_path):
    image = read(tmp_path, ("a", "b", "c"), category={"keypoints": [0, 1, 2]}, bbox=BOX)
    assert isinstance(image, LabelledImage)
    with pytest.raises(ValueError, match="must have 2 keypoints, as many as are named, got 3"):
        read(tmp_path, ("a", "b"), category={"keypoints": []}, bbox=BOX)
