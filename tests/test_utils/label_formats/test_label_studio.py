"""Label Studio: whose labels count, and where they are."""

import json

import pytest

from utils.label_formats.label_studio import read_label_studio


def part(kind: str, name: str, **value) -> dict:
    """A part of a result, in an image of 200x100, of the person "body"."""
    kind += "labels"
    size = {"original_width": 200, "original_height": 100}
    value[kind] = [name] if name else []
    return {"id": name, "type": kind, "parentID": "body", "to_name": "img", "value": value} | size


NOSE = part("keypoint", "nose", x=50, y=40)


def read(folder, *annotations, **data):
    task = {"data": {"img": "/data/upload/1/a.png", **data}, "annotations": annotations}
    (folder / "tasks.json").write_text(json.dumps([task]))
    return read_label_studio(folder / "tasks.json", folder)


def test_a_task_of_two_images_is_refused(tmp_path):
    other = part("keypoint", "tail", x=1, y=1) | {"to_name": "img2"}
    message = "tasks.json: a task must be labelled on one image, got img, img2 in that of a.png. "
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, {"result": [NOSE, other]}, img2="/data/upload/1/b.png")
    assert "\n" not in str(caught.value)


def test_skipped_annotations_are_no_labels(tmp_path):
    skipped = {"was_cancelled": True, "result": [part("keypoint", "nose", x=1, y=1)]}
    assert read(tmp_path, skipped) == []
    ((person,),) = [image.people for image in read(tmp_path, skipped, {"result": [NOSE]})]
    assert person.keypoints == {"nose": (100, 40, 2)}


def test_a_keypoint_without_a_label_is_one_line(tmp_path):
    message = r"tasks.json: file must be .*, got ValueError: a keypoint without a label\. "
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, {"result": [NOSE, part("keypoint", "", x=1, y=1)]})
    assert "\n" not in str(caught.value)


TURNED = {
    0: (60, 20, 80, 40),
    90: (20, 20, 40, 80),
    -90: (60, -60, 40, 80),
    180: (-20, -20, 80, 40),
}


@pytest.mark.parametrize("degrees", TURNED)
def test_a_rectangle_turns_clockwise_about_its_corner(tmp_path, degrees):
    shape = dict(x=30, y=20, width=40, height=40, rotation=degrees)  # percent
    box = part("rectangle", "body", **shape)
    ((person,),) = [image.people for image in read(tmp_path, {"result": [NOSE, box]})]
    assert person.box_xywh == pytest.approx(TURNED[degrees])
