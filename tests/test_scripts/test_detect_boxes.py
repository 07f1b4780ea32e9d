"""tools/detect_boxes.py: boxes that evaluation reads, and people that a teacher labels."""

import json
from pathlib import Path

import pytest
from scripts import load_script

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.dataset_check.coco_file import LabelRules, read_coco
from utils.dataset_check.detections import read_detections
from utils.people_generator.generate import make_people

TOOL = "tools/detect_boxes.py"


@pytest.fixture
def drawn(tmp_path, e2e_models) -> Path:
    make_people(tmp_path / "people", 3, seed=4)
    boxes = ((32, 32, 30, 40, 0.9, 0.9), (10, 10, 8, 8, 0.5, 0.1))
    e2e_models.ultralytics_detector(tmp_path / "detector.onnx", boxes)
    return tmp_path


def test_results_for_the_numbers_of_the_labels(outcome, drawn):
    labels, out = drawn / "people/annotations.json", drawn / "boxes.json"
    flags = ("--labels", labels, "--yolov5_params", drawn / "detector.onnx", "-o", out)
    code, errors = outcome(TOOL, drawn / "people/images", *flags)
    assert (code or 0, errors) == (0, "")
    ids = {image["id"] for image in json.loads(labels.read_text())["images"]}
    read = read_detections(out, {"id": 1, "name": "person"}, ids)
    assert not read.faults
    assert {box["image_id"] for box in read.content} == ids
    assert len(read.content) == 2 * len(ids)  # down to .001, for AP


def rewritten(path: Path, names, encoding: str = "utf-8") -> None:
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    for image, name in zip(content["images"], names, strict=True):
        image["file_name"] = name
    path.write_text(json.dumps(content), encoding=encoding)


def test_labelled_images_that_are_not_there_are_counted(outcome, root, drawn, capfd):
    labels, out = drawn / "people/annotations.json", drawn / "boxes.json"
    here = sorted(path.name for path in (drawn / "people/images").iterdir())
    rewritten(labels, [here[0], "b.png", "c.png"], "utf-8-sig")
    flags = ("--labels", labels, "--yolov5_params", drawn / "detector.onnx", "-o", out)
    load_script(root / TOOL).main([str(word) for word in (drawn / "people/images", *flags)])
    told = capfd.readouterr().out
    assert "on 1 images" in told
    assert f"annotations.json: 2 of 3 images were not found in {drawn}/people/images\n" in told
    out.unlink()
    rewritten(labels, [f"val2017/{name}" for name in here])
    code, errors = outcome(TOOL, drawn / "people/images", *flags)
    assert code == 1
    expected = f"got none of 3: val2017/{here[0]} in place of {here[0]}. Name the folder"
    assert expected in errors
    assert "\n" not in errors.strip()
    assert not out.exists()


def test_the_labels_are_not_overwritten(outcome, drawn):
    labels = drawn / "people/annotations.json"
    before = labels.read_bytes()
    again = drawn / "people/images/../annotations.json"
    flags = ("--labels", labels, "--yolov5_params", drawn / "detector.onnx", "-o", again)
    code, errors = outcome(TOOL, drawn / "people/images", *flags)
    assert code == 2
    assert "-o must be another file than --labels" in errors
    assert labels.read_bytes() == before


def test_people_for_a_teacher(outcome, drawn):
    out = drawn / "unlabelled.json"
    flags = ("--yolov5_params", drawn / "detector.onnx", "-o", out)
    code, _ = outcome(TOOL, drawn / "people/images", *flags)
    assert code in (0, None)
    for names in (KEYPOINT_NAMES, ("wrist", "thumb")):  # of any keypoints
        file = read_coco(out, LabelRules(names, boxes_suffice=True)).require()
        assert [person["num_keypoints"] for person in file.content["annotations"]] == [0] * 3


def test_a_wrong_argument(outcome, drawn):
    code, errors = outcome(TOOL, drawn / "nowhere", "-o", drawn / "x.json")
    assert code == 2
    assert "is not a folder" in errors
    flags = ("--labels", drawn / "detector.onnx", "--yolov5_params", drawn / "detector.onnx")
    code, errors = outcome(TOOL, drawn / "people/images", *flags, "-o", drawn / "x.json")
    assert code == 1
    assert "--labels must be COCO annotations" in errors
