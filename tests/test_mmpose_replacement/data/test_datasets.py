"""Data sets: what they give to the pipeline, and one clear line for each fault in a file."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmpose_replacement.data.datasets import KneronCocoDataset
from prepostprocess.crop.box import xywh_to_xyxy
from utils.dataset_check.coco_file import LabelRules, check_coco

ROOT = Path(__file__).resolve().parents[3]
METAINFO = Config.fromfile(ROOT / "configs/_base_/datasets/coco.py").dataset_info


def person(id, image_id, box_xywh, **more):
    points = [[10 + 2 * k, 20 + k, 2] for k in range(17)]
    return {
        "id": id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": box_xywh,
        "area": 100.0,
        "iscrowd": 0,
        "num_keypoints": 17,
        "keypoints": sum(points, []),
    } | more


@pytest.fixture
def folder(tmp_path):
    """Two images, three people, a file of detections; as a small COCO."""
    (tmp_path / "images").mkdir()
    for name in ("000000000001.png", "000000000002.png"):
        cv2.imwrite(str(tmp_path / "images" / name), np.zeros((48, 64, 3), np.uint8))
    return tmp_path


@pytest.fixture
def content():
    return {
        "images": [
            {"id": 1, "file_name": "000000000001.png", "width": 64, "height": 48},
            {"id": 2, "file_name": "000000000002.png", "width": 64, "height": 48},
        ],
        "annotations": [
            person(1, 1, [5, 6, 30, 40]),
            person(2, 2, [8, 6, 30, 30]),
            person(3, 2, [1, 2, 20, 30]),
        ],
        "categories": [{"id": 1, "name": "person"}],
    }


def build(folder, content, **more):
    (folder / "people.json").write_text(
        content if isinstance(content, str) else json.dumps(content)
    )
    arguments = {"ann_file": "people.json", "data_prefix": {"img": "images/"}} | more
    return KneronCocoDataset(data_root=str(folder), metainfo=METAINFO, **arguments)


def test_people_reach_the_pipeline(folder, content):
    info = build(folder, content).get_data_info(0)
    assert info["img_path"] == str(folder / "images/000000000001.png")
    np.testing.assert_array_equal(info["bbox"], [[5, 6, 35, 46]])  # xyxy, inside 64 x 48
    np.testing.assert_array_equal(info["keypoints"][0, :2], [[10, 20], [12, 21]])
    np.testing.assert_array_equal(info["keypoints_visible"], np.ones((1, 17)))


def test_boxes_suffice_where_a_teacher_labels(folder, content):
    for one in content["annotations"][::2]:
        del one["keypoints"], one["num_keypoints"]
    with pytest.raises(ValueError, match=r"must have 'keypoints'.* --teacher FILE learns from box"):
        build(folder, content)
    data = build(folder, content, unlabelled=True)
    assert len(data) == 2  # the third is of less than 32x32 pixels
    assert [data.get_data_info(i)["keypoints_visible"].any() for i in range(2)] == [False, True]


def drop(key):
    return lambda content: content["annotations"][1].pop(key)


def put(key, value):
    return lambda content: content["annotations"][1].update({key: value})


def put_number(key, value):
    return lambda content: content["annotations"][1][key].__setitem__(0, value)


def put_image(key, value):
    return lambda content: content["images"][0].update({key: value})


FAULTS = {  # what is done to a good file, and the line the user reads
    "no annotations": (
        lambda c: c.pop("annotations"),
        r"people\.json: it must be a COCO keypoint file .* got no list 'annotations'",
    ),
    "image without width": (
        lambda c: c["images"][0].pop("width"),
        r"people\.json: images must have id, file_name, .* images\[0\] without width\. Add what",
    ),
    "no keypoints": (
        drop("keypoints"),
        r"people\.json: annotations must have 'keypoints', .*\(id 2\)\. Use a person_",
    ),
    "keypoints null": (
        put("keypoints", None),
        r"annotations must have 'keypoints', got 1 otherwise: annotations\[1\] \(id 2\)",
    ),
    "box null": (put("bbox", None), r"must have a bbox .*: annotations\[1\] \(id 2\) has None"),
    "16 keypoints": (
        put("keypoints", [1, 2, 2] * 16),
        r"must have 17 keypoints \(51 numbers: x, y, visibility\), .* \(id 2\) has 48",
    ),
    "no box": (drop("bbox"), r"must have a bbox .*: annotations\[1\] \(id 2\) has none"),
    "box of 3": (
        put("bbox", [1, 2, 3]),
        r"must have a bbox \[x, y, width, height\], .*\(id 2\) has \[1, 2, 3\]",
    ),
    "image_id of no image": (
        put("image_id", 77),
        r"image_id of annotations must be listed under 'images', got 1 otherwise: 77\. Add these",
    ),
    "id twice": (put("id", 1), r"annotation ids must be unique, got 1 otherwise: 1\. Number"),
    "keypoint NaN": (
        put_number("keypoints", float("nan")),
        r"people\.json: .* must have finite numbers .*: annotations\[1\] \(id 2\) has nan in key",
    ),
    "keypoint null": (put_number("keypoints", None), r"finite numbers .* has None in keypoints"),
    "keypoint text": (put_number("keypoints", "12"), r"finite numbers .* has '12' in keypoints"),
    "keypoint nested": (put_number("keypoints", [1]), r"finite numbers .* has \[1\] in keypoints"),
    "keypoint beyond float": (
        put_number("keypoints", 10**400),
        r"finite numbers .* has 1000",
    ),
    "box infinite": (put_number("bbox", float("inf")), r"finite numbers .* has inf in bbox"),
    "box NaN": (
        put_number("bbox", float("nan")),
        r"finite numbers .* \(id 2\) has nan in bbox",
    ),
    "width text": (
        put_image("width", "640"),
        r"people\.json: .* a number above 0 as width .*images\[0\] \(id 1\) has '640'\.",
    ),
    "height 0": (put_image("height", 0), r"a number above 0 as .*height, .* has 0\."),
    "width NaN": (put_image("width", float("nan")), r"a number above 0 as width .* has nan\."),
    "file_name number": (
        put_image("file_name", 5),
        r"must have text as file_name, .*images\[0\] \(id 1\) has 5\. Correct it",
    ),
    "image_id list": (
        put("image_id", [1]),
        r"must have a whole number as image_id, .*annotations\[1\] has \[1\]\. Write numbers",
    ),
    "image id null": (put_image("id", None), r"a whole number as id, .*images\[0\] has None\."),
    "image_id text": (
        put("image_id", "2"),
        r"must have a whole number as image_id, .*annotations\[1\] has '2'\. Write numbers",
    ),
    "category without id": (
        lambda c: c["categories"][0].pop("id"),
        r"categories must have id, .*categories\[0\] without id",
    ),
    "nobody": (
        lambda c: c["annotations"].clear(),
        r"people\.json: it must hold at least one person with a box and a labelled keypoint",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), FAULTS.values(), ids=FAULTS)
def test_fault_in_annotations_is_one_clear_line(folder, content, spoil, message):
    spoil(content)
    with pytest.raises(ValueError, match=message) as caught:
        build(folder, content)
    assert "\n" not in str(caught.value)


def test_file_cut_off_in_the_middle_is_named(folder, content):
    with pytest.raises(ValueError, match=r"people\.json: .* got a file that is not JSON"):
        build(folder, json.dumps(content)[:200])


def test_missing_annotation_file_is_named(folder, content):
    with pytest.raises(FileNotFoundError, match=r"nobody\.json: .* got no such file\. Check data_"):
        build(folder, content, ann_file="nobody.json")


def test_missing_images_are_told_before_training(folder, content):
    (folder / "images/000000000002.png").unlink()
    with pytest.raises(
        FileNotFoundError,
        match=r"people\.json: all of its 2 images must be in .*images, got 1 missing: 000000000002",
    ):
        build(folder, content)


def test_missing_images_are_counted_beyond_three(folder, content):
    for number in range(3, 9):
        content["images"].append(
            {"id": number, "file_name": f"{number}.png", "width": 64, "height": 48}
        )
        content["annotations"].append(person(number + 1, number, [5, 6, 30, 40]))
    with pytest.raises(
        FileNotFoundError, match=r"got 6 missing: 3\.png, 4\.png, 5\.png and 3 more"
    ):
        build(folder, content)


@pytest.fixture
def logged(monkeypatch) -> list[str]:
    """What the data set logs, whichever logger an earlier test left behind."""
    lines = []
    monkeypatch.setattr(
        "mmpose_replacement.data.datasets.print_log",
        lambda message, **kwargs: lines.append(message),
    )
    return lines


def test_who_cannot_be_used_is_left_out_and_counted(folder, content, logged):
    content["annotations"][0]["bbox"] = [5, 6, 0, 40]
    content["annotations"][1]["iscrowd"] = 1
    assert len(build(folder, content)) == 1
    assert "1 people used, left out: 1 crowd, 1 with a box of zero size" in "\n".join(logged)


def test_detector_boxes_take_the_place_of_labels(folder, content, logged):
    detections = [
        {"image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 20], "score": 0.5},
        {"image_id": 1, "category_id": 1, "bbox": [1, 2, 0, 20], "score": 0.5},
        {"image_id": 9, "category_id": 1, "bbox": [1, 2, 10, 20], "score": 0.5},
        {"image_id": 2, "category_id": 3, "bbox": [1, 2, 10, 20], "score": 0.5},
        {"image_id": 2, "category_id": 1, "bbox": [64, 2, 10, 20], "score": 0.5},
        {"image_id": 2, "category_id": 1, "bbox": [1, -20, 10, 20], "score": 0.5},
    ]
    (folder / "boxes.json").write_text(json.dumps(detections))
    data = build(folder, content, bbox_file=str(folder / "boxes.json"), test_mode=True)
    assert len(data) == 1
    np.testing.assert_array_equal(data.get_data_info(0)["bbox"], [[1, 2, 11, 22]])
    np.testing.assert_array_equal(data.get_data_info(0)["bbox_score"], np.float32([0.5]))
    told = "\n".join(logged)
    assert "1 of another category" in told
    assert "1 on images that the annotation file does not list" in told
    assert "1 with a box of zero size" in told
    assert "2 with a box outside the image" in told


def test_finite_numbers_whose_sum_overflows_are_taken(folder, content):
    content["annotations"][1]["keypoints"][:2] = [1.7e308, 1.7e308]
    check_coco(content, folder / "people.json", LabelRules()).require()


def test_detector_boxes_are_bit_equal_with_a_runners(folder, content):
    """Sums of float32 numbers would differ in about every sixth of these boxes."""
    least, most = (1, 1, 1, 1), (60, 45, 300, 300)
    boxes_xywh = np.random.default_rng(5).uniform(least, most, (200, 4)).round(2).tolist()
    detections = [{"image_id": 1, "category_id": 1, "bbox": b, "score": 1} for b in boxes_xywh]
    (folder / "boxes.json").write_text(json.dumps(detections))
    data = build(folder, content, bbox_file=str(folder / "boxes.json"), test_mode=True)
    ours = np.concatenate([data.get_data_info(index)["bbox"] for index in range(200)])
    np.testing.assert_array_equal(ours, xywh_to_xyxy(np.array(boxes_xywh)))
    in_float32 = np.float32(boxes_xywh)[:, :2] + np.float32(boxes_xywh)[:, 2:]
    assert np.any(ours[:, 2:] != in_float32)  # these boxes can tell the two apart


def detected(**more):
    return [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1.0} | more]


WRONG_DETECTIONS = {
    "a mapping": ({}, r"boxes\.json: it must be a list of detections .*, got dict"),
    "no score": (
        [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
        r"boxes\.json: detections must have .*detections\[0\] without score",
    ),
    "box of 2": (
        [{"image_id": 1, "category_id": 1, "bbox": [1, 2], "score": 1}],
        r"boxes\.json: detections must have a bbox .*detections\[0\] has \[1, 2\]",
    ),
    "box null": (
        detected(bbox=[1, 2, 3, None]),
        r"boxes\.json: .* finite numbers .*detections\[0\] has \[1, 2, 3, None\] .*Correct it",
    ),
    "score NaN": (
        detected(score=float("nan")),
        r"finite numbers .*detections\[0\] has .* score nan",
    ),
    "score text": (detected(score="0.9"), r"finite numbers .* score '0\.9'"),
    "image_id list": (detected(image_id=[1]), r"whole number or text as image_id, .* has \[1\]"),
    "nobody": ([], r"boxes\.json: it must hold at least one person"),
}


@pytest.mark.parametrize(("boxes", "message"), WRONG_DETECTIONS.values(), ids=WRONG_DETECTIONS)
def test_fault_in_detections_is_one_clear_line(folder, content, boxes, message):
    (folder / "boxes.json").write_text(json.dumps(boxes))
    with pytest.raises(ValueError, match=message):
        build(folder, content, bbox_file=str(folder / "boxes.json"), test_mode=True)


def test_missing_detection_file_is_named(folder, content):
    with pytest.raises(
        FileNotFoundError, match=r"boxes\.json: it must be a file of detector boxes"
    ):
        build(folder, content, bbox_file=str(folder / "boxes.json"), test_mode=True)


def test_people_are_read_as_mmpose_reads_them(coco_people):
    from mmpose.datasets import CocoDataset

    arguments = {
        "data_root": str(coco_people.root),
        "ann_file": coco_people.labels,
        "data_prefix": {"img": coco_people.images},
        "metainfo": METAINFO,
        "test_mode": True,
    }
    ours, theirs = KneronCocoDataset(**arguments), CocoDataset(**arguments)
    assert len(ours) == len(theirs) > 100
    for index in range(len(ours)):
        a, b = ours.get_data_info(index), theirs.get_data_info(index)
        assert (a["id"], a["img_id"], a["img_path"]) == (b["id"], b["img_id"], b["img_path"])
        np.testing.assert_array_equal(a["bbox"], b["bbox"])
        np.testing.assert_array_equal(a["keypoints"], b["keypoints"])


# MPII


def test_the_mirror_is_the_same_when_keypoints_are_listed_in_another_order():
    """mmengine writes a config's dictionaries sorted as text: 0, 1, 10, ..., 16, 2."""
    info = Config.fromfile("configs/_base_/datasets/coco.py").dataset_info.to_dict()
    points = info["keypoint_info"]
    written = {**info, "keypoint_info": {key: points[key] for key in sorted(points, key=str)}}
    assert list(written["keypoint_info"]) != list(points)
    expected = KneronCocoDataset._load_metainfo(info)
    found = KneronCocoDataset._load_metainfo(written)
    for key in ("flip_indices", "upper_body_ids", "lower_body_ids"):
        assert found[key] == expected[key], key
