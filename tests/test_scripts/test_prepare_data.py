"""tools/prepare_data.py: each format gives the same person, in files that training reads."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from utils.dataset_check.coco_file import LabelRules, read_coco
from utils.label_formats.labelled import box_around, is_held_out
from utils.own_data import read_own_data

TOOL = "tools/prepare_data.py"
POINTS = {"nose": (40.0, 20.0, 2), "left_hand": (20.0, 60.0, 1)}  # of an image of 100x80
CVAT = """<annotations><image id="0" name="a.png" width="100" height="80">
<skeleton label="person"><points label="nose" occluded="0" outside="0" points="40.0,20.0"/>
<points label="left_hand" occluded="1" outside="0" points="20.0,60.0"/>
<points label="right_hand" occluded="0" outside="1" points="0,0"/>
</skeleton></image></annotations>"""


def labelme(folder: Path) -> Path:
    shapes = [
        {"label": name, "points": [[x, y]], "shape_type": "point", "group_id": 7,
         "flags": {"occluded": seen == 1}}
        for name, (x, y, seen) in POINTS.items()
    ]  # fmt: skip
    content = {"imagePath": "..\\pics\\a.png", "imageWidth": 100, "imageHeight": 80}
    (folder / "a.json").write_text(json.dumps({**content, "shapes": shapes}))
    return folder


def cvat(folder: Path) -> Path:
    (folder / "annotations.xml").write_text(CVAT)
    return folder / "annotations.xml"


def label_studio(folder: Path) -> Path:
    size = {"original_width": 100, "original_height": 80}
    parts = [
        {"id": name, "type": "keypointlabels", **size,
         "value": {"x": x, "y": y / 0.8, "width": 1, "keypointlabels": [name]}}
        for name, (x, y, _) in POINTS.items()
    ]  # fmt: skip
    task = {"data": {"img": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": parts}]}
    (folder / "tasks.json").write_text(json.dumps([task]))
    return folder / "tasks.json"


def table(folder: Path) -> Path:
    head = "image,width,height,nose_x,nose_y,nose_v,left_hand_x,left_hand_y,left_hand_v\n"
    (folder / "t.csv").write_text(head + "a.png,100,80,40,20,2,20,60,1\n")
    return folder / "t.csv"


def yolo_pose(folder: Path) -> Path:
    (folder / "a.txt").write_text("0 0.3 0.5 0.3 0.7 0.4 0.25 2 0.2 0.75 1 0 0 0\n")
    return folder


FORMATS = {"labelme": labelme, "cvat": cvat, "label-studio": label_studio, "csv": table}
FORMATS["yolo-pose"] = yolo_pose


@pytest.mark.parametrize("name", FORMATS)
def test_a_person_comes_over(outcome, tmp_path, name):
    for folder in ("pics", "labels"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "pics/a.png"), np.zeros((80, 100, 3), np.uint8))
    labels = FORMATS[name](tmp_path / "labels")
    flags = ("-o", tmp_path / "out", "--images", tmp_path / "pics", "--split", "0")
    flags += ("--keypoints", "nose", "left_hand", "right_hand")
    code, errors = outcome(TOOL, name, labels, *flags)
    assert (code, errors) == (0, "")
    data = read_own_data(tmp_path / "out/data.yaml")
    assert data.joints.names == ("nose", "left_hand", "right_hand")
    assert data.joints.flip_pairs == ((1, 2),)
    assert data.val.images.resolve() == (tmp_path / "pics").resolve()
    file = read_coco(data.train[0].annotations, LabelRules(data.joints.names))
    assert not [fault for fault in file.faults if fault.level == "error"], file.faults
    (person,) = file.content["annotations"]
    hidden = 2 if name == "label-studio" else 1  # which knows no visibility
    np.testing.assert_allclose(person["keypoints"], [40, 20, 2, 20, 60, hidden, 0, 0, 0])
    assert file.content["images"][0]["file_name"] == "a.png"
    if name == "yolo-pose":
        np.testing.assert_allclose(person["bbox"], [15, 12, 30, 56])


WRONG = {
    "labelme": ("a.json", "{}", "file must be labelme's"),
    "cvat": ("a.xml", "<image/>", "none. Check --help|must be 'CVAT"),
    "label-studio": ("a.json", '[{"a": 1}]', "must be Label Studio's JSON export"),
    "csv": ("a.csv", "image,nose_x\n", "lacks height, nose_y, width"),
    "yolo-pose": ("a.txt", "0 1 2", "must have 5 \\+ 2 or 3 times 1 numbers, got 3"),
}


@pytest.mark.parametrize("name", WRONG)
def test_other_files_are_refused(outcome, tmp_path, name):
    import re

    (tmp_path / "pics").mkdir()
    cv2.imwrite(str(tmp_path / "pics/a.png"), np.zeros((80, 100, 3), np.uint8))
    file, text, message = WRONG[name]
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / file).write_text(text)
    labels = tmp_path / "labels" / ("" if name in ("labelme", "yolo-pose") else file)
    flags = ("-o", tmp_path / "out", "--images", tmp_path / "pics", "--keypoints", "nose")
    code, errors = outcome(TOOL, name, labels, *flags)
    assert code == 1
    assert re.search(message, errors), errors
    assert not (tmp_path / "out").exists()


def test_boxes_and_the_split_do_not_depend_on_luck():
    box = box_around(np.array([[10.0, 10.0], [30.0, 50.0]]), (100, 80))
    np.testing.assert_allclose(box, [7, 5.6, 26, 48.8])
    assert min(box_around(np.array([[5.0, 5.0]]), (100, 80))[2:]) > 5
    held = [is_held_out(f"{i}.jpg", 0.1) for i in range(2000)]
    assert 0.07 < np.mean(held) < 0.13
