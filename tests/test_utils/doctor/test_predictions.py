"""True labels, broken in a known way and taken for predictions: the way is named."""

import copy
import json
import re

import numpy as np
import pytest

from prepostprocess.crop.box import box_to_center_scale
from prepostprocess.keypoints.coco import COCO_FLIP_PAIRS, KEYPOINT_NAMES
from utils.dataset_check.coco_file import LabelRules, check_coco
from utils.doctor.poses import labelled_poses
from utils.doctor.predictions.agreement import check_predictions
from utils.people_generator.generate import make_people

K = len(KEYPOINT_NAMES)
MIRRORED = list(range(K))
for left, right in COCO_FLIP_PAIRS:
    MIRRORED[left], MIRRORED[right] = right, left
HIPS = list(range(11)) + [12, 11] + list(range(13, K))
BY_NAME = sorted(range(K), key=lambda k: KEYPOINT_NAMES[k])


@pytest.fixture(scope="module", params=["drawn", "real"])
def labels(request, tmp_path_factory) -> dict:
    if request.param == "real":
        folder = request.getfixturevalue("shared_coco")
        return json.loads((folder / "annotations/person_keypoints_val2017.json").read_text())
    folder = tmp_path_factory.mktemp("people") / "people"
    make_people(folder, 30, seed=2)
    return json.loads((folder / "annotations.json").read_text())


@pytest.fixture(scope="module", params=[0, 0.02], ids=["exact", "noisy"])
def results(request, labels) -> list[dict]:
    """COCO results: the labels, joints without one at 0, 0 with score 0; or moved by chance."""
    rng = np.random.default_rng(3)
    found = []
    for person in labels["annotations"]:
        points = np.reshape(np.array(person["keypoints"], float), (K, 3))
        if not points[:, 2].any():
            continue
        noise = request.param * max(person["bbox"][2:])
        points[:, :2] += rng.normal(0, 1, (K, 2)) * noise * (points[:, 2:] > 0)
        points[:, 2] /= 2
        found.append(
            dict(
                image_id=person["image_id"],
                category_id=1,
                keypoints=points.ravel().tolist(),
                bbox=person["bbox"],
                score=float(rng.uniform(0.2, 1)),
            )
        )
    return found


def told(tmp_path, labels, results, input_wh=None) -> dict:
    """Faults by their kind."""
    (tmp_path / "found.json").write_text(json.dumps(results))
    file = check_coco(copy.deepcopy(labels), "labels.json", LabelRules(KEYPOINT_NAMES)).require()
    faults = check_predictions(tmp_path / "found.json", file, labelled_poses(file), input_wh)
    assert not [fault for fault in faults if "\n" in fault.line]
    return {fault.kind: fault for fault in faults}


def broken(labels, results, change) -> list[dict]:
    """Apply ``change(points, box, image size)`` to the keypoints of each."""
    sizes = {i["id"]: np.array((i["width"], i["height"]), float) for i in labels["images"]}
    spoiled = copy.deepcopy(results)
    for result in spoiled:
        points = np.reshape(result["keypoints"], (K, 3))
        points = change(points, np.array(result["bbox"], float), sizes[result["image_id"]])
        result["keypoints"] = np.asarray(points).ravel().tolist()
    return spoiled


def moved(change):
    def apply(points, box, size):
        return np.column_stack([change(points[:, :2], box, size), points[:, 2]])

    return apply


def to_crop(input_wh, parts=1):
    def change(xy, box, size):
        center, region = box_to_center_scale(box, input_wh)
        return (xy - center + region / 2) / region * input_wh / parts

    return change


FRAMES = {
    "shares": (lambda xy, box, size: xy / size, "shares of the image's size"),
    "percent": (lambda xy, box, size: 100 * xy / size, "percent of the image's size"),
    "y, x": (lambda xy, box, size: xy[:, ::-1], "y before x"),
    "half": (
        lambda xy, box, size: xy / 2,
        r"0\.(5|499|501) times the labels.*by (2|1\.99|2\.01)\.",
    ),
    "larger": (lambda xy, box, size: xy * 1.5, r"1\.(5|49)\d? times the labels"),
    "crop": (to_crop((192, 256)), "pixels of the crop of 192x256"),
    "small crop": (to_crop((96, 128)), "pixels of the crop of 96x128"),
    "heatmap": (to_crop((192, 256), 4), "cells of the heatmap of 48x64"),
    "corner": (lambda xy, box, size: xy - box[:2], "counted from the box's corner"),
    "mirrored": (
        lambda xy, box, size: np.column_stack([size[0] - 1 - xy[:, 0], xy[:, 1]]),
        "of mirrored images",
    ),
    "turned": (
        lambda xy, box, size: np.column_stack([xy[:, 1], size[0] - 1 - xy[:, 0]]),
        "of images turned to the left",
    ),
}


@pytest.mark.parametrize(("change", "words"), FRAMES.values(), ids=FRAMES)
def test_another_frame_is_named(tmp_path, labels, results, change, words):
    found = told(tmp_path, labels, broken(labels, results, moved(change)))
    assert set(found) == {"prediction-frame", "prediction-agreement"}
    assert re.search(words, found["prediction-frame"].line)


def test_images_scaled_to_one_size(tmp_path, labels, results):
    change = moved(lambda xy, box, size: xy / size * (416, 416))
    line = told(tmp_path, labels, broken(labels, results, change))["prediction-frame"].line
    assert re.search(r"pixels of images scaled to 4\d\dx4\d\d", line)


ORDERS = {
    "mirrored": (MIRRORED, "Left and right are exchanged"),
    "hips": (HIPS, "Left and right are exchanged"),
    "by name": (BY_NAME, "They are in the order of the alphabet"),
    "any": (np.random.default_rng(7).permutation(K).tolist(), "They are in another order"),
}


@pytest.mark.parametrize(("order", "words"), ORDERS.values(), ids=ORDERS)
def test_another_order_is_named(tmp_path, labels, results, order, words):
    found = told(tmp_path, labels, broken(labels, results, lambda points, box, size: points[order]))
    assert set(found) == {"prediction-order", "prediction-agreement"}
    line = found["prediction-order"].line
    assert words in line
    assert f"in the order {', '.join(map(str, np.argsort(order)))}." in line
    assert "cured" in found["prediction-agreement"].line


def test_frame_and_order_are_found_together(tmp_path, labels, results):
    def change(points, box, size):
        return (points * (0.5, 0.5, 1))[BY_NAME]

    found = told(tmp_path, labels, broken(labels, results, change))
    assert "0.5 times" in found["prediction-frame"].line.replace("0.499", "0.5")
    assert "alphabet" in found["prediction-order"].line


@pytest.mark.parametrize("offset", [0, 0.5, -0.5])
def test_good_predictions_and_half_a_pixel_are_not_told(tmp_path, labels, results, offset):
    change = moved(lambda xy, box, size: xy + offset)
    assert set(told(tmp_path, labels, broken(labels, results, change))) == {"prediction-agreement"}


ANYWHERE = np.random.default_rng(1)
CORNERS = np.random.default_rng(2).integers(0, 2, (K, 2))  # as untrained networks answer
NO_PREDICTIONS = {
    "anywhere": lambda xy, box, size: ANYWHERE.uniform(0, 1, xy.shape) * size,
    "corners of boxes": lambda xy, box, size: box[:2] + CORNERS * box[2:],
}


@pytest.mark.parametrize("change", NO_PREDICTIONS.values(), ids=NO_PREDICTIONS)
def test_what_is_no_prediction_of_these_people(tmp_path, labels, results, change):
    change = moved(change)
    assert set(told(tmp_path, labels, broken(labels, results, change))) == {"prediction-far"}


def renamed(key, change):
    def spoil(results):
        for result in results:
            result[key] = change(result[key])

    return spoil


COUNTED = {
    "text ids": (renamed("image_id", str), "prediction-images", "Numbers here are text there"),
    "other ids": (
        renamed("image_id", lambda key: key + 10**8),
        "prediction-images",
        "They are of another set of images",
    ),
    "category": (renamed("category_id", lambda _: 5), "prediction-category", "1, got .* 5 in "),
    "scores": (renamed("score", lambda _: 0), "prediction-scores", "0 in all "),
    "keypoints": (
        renamed("keypoints", lambda points: points[:42]),
        "prediction-keypoints",
        r"must have 17 keypoints .* with 42 numbers",
    ),
    "not finite": (
        renamed("keypoints", lambda points: [float("nan"), *points[1:]]),
        "not-finite",
        "finite numbers",
    ),
}


@pytest.mark.parametrize(("spoil", "kind", "words"), COUNTED.values(), ids=COUNTED)
def test_what_a_metric_does_not_count(tmp_path, labels, results, spoil, kind, words):
    spoiled = copy.deepcopy(results)
    spoil(spoiled)
    assert re.search(words, told(tmp_path, labels, spoiled)[kind].line)


def test_file_names_in_place_of_ids(tmp_path, labels, results):
    names = {image["id"]: image["file_name"] for image in labels["images"]}
    spoiled = [result | {"image_id": names[result["image_id"]]} for result in results]
    assert "file names" in told(tmp_path, labels, spoiled)["prediction-images"].line


def test_images_without_predictions(tmp_path, labels, results):
    half = sorted({result["image_id"] for result in results})[::2]
    some = [result for result in results if result["image_id"] in half]
    found = told(tmp_path, labels, some)
    assert found["prediction-missing"].level == "warning"


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        5,
        None,
        [5],
        [{"image_id": 1}],
        [{"keypoints": []}],
        [{"image_id": [1], "img_path": "a"}],
    ],
)
def test_what_is_no_list_of_predictions(tmp_path, labels, content):
    (fault,) = told(tmp_path, labels, content).values()
    assert fault.level == "error"


def test_other_forms_are_read(tmp_path, labels, results):
    rows = [
        dict(
            image_id=result["image_id"],
            keypoints=np.reshape(result["keypoints"], (K, 3)).tolist(),
            box=result["bbox"],
            score=result["score"],
        )
        for result in results
    ]
    assert set(told(tmp_path, labels, rows)) == {"prediction-agreement"}
    names = {image["id"]: image["file_name"] for image in labels["images"]}
    records = [
        dict(
            img_path=f"out/{names[result['image_id']]}",
            lmk_coco_body_17pts=result["keypoints"],
            score=result["score"],
        )
        for result in results
    ]
    assert set(told(tmp_path, labels, records)) == {"prediction-agreement"}
    for record in records:
        del record["lmk_coco_body_17pts"][2::3]
    empty = [{"img_path": name, "lmk_coco_body_17pts": []} for name in names.values()]
    assert set(told(tmp_path, labels, records + empty)) == {"prediction-agreement"}
    (fault,) = told(tmp_path, labels, empty).values()
    assert "Nobody was predicted" in fault.line
