"""The stand-in for xtcocotools counts as pycocotools does.

The reference is pycocotools on the same labels and detections, never the stand-in itself.
"""

import copy
import json

import numpy as np
import pycocotools.coco
import pycocotools.cocoeval
import pycocotools.mask
import pytest
import xtcocotools.mask
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

NUM_KEYPOINTS = 17
EXACT = dict(rtol=0, atol=1e-12)
COCO_SIGMAS = (
    np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000
)


@pytest.fixture(scope="module")
def ann_file(coco_people):
    return coco_people.root / coco_people.labels


@pytest.fixture(scope="module")
def labels(ann_file):
    return json.loads(ann_file.read_text())


def detect(labels, seed, most=4, num_keypoints=NUM_KEYPOINTS):
    """Labels moved by a share of a person's size: none to ``most`` a person, scores tied."""
    rng = np.random.default_rng(seed)
    found = []
    for label in labels["annotations"]:
        size = np.sqrt(label["bbox"][2] * label["bbox"][3])
        for _ in range(rng.integers(0, most + 1)):
            keypoints = np.array(label["keypoints"], dtype=float).reshape(num_keypoints, 3)
            spread = rng.choice([0.005, 0.02, 0.05, 0.1]) * size
            keypoints[:, :2] += rng.normal(0, spread, (num_keypoints, 2))
            keypoints[:, 2] = rng.random(num_keypoints)
            found.append(
                {
                    "image_id": label["image_id"],
                    "category_id": label["category_id"],
                    "keypoints": keypoints.ravel().tolist(),
                    "score": float(rng.integers(1, 20)) / 20,
                }
            )
    return found


def fresh(labels):
    """A copy for one evaluation: evaluations add keys to the labels they are given."""
    return dict(labels, annotations=[dict(label) for label in labels["annotations"]])


def reference_stats(labels, found, sigmas=None):
    truth = pycocotools.coco.COCO()
    truth.dataset = fresh(labels)
    truth.createIndex()
    found = truth.loadRes([dict(item) for item in found])
    evaluation = pycocotools.cocoeval.COCOeval(truth, found, "keypoints")
    if sigmas is not None:
        evaluation.params.kpt_oks_sigmas = np.asarray(sigmas)
    return run(evaluation)


def standin_stats(labels, found, iou_type="keypoints", sigmas=None, use_area=True, **params):
    truth = COCO(fresh(labels))
    found = truth.loadRes([dict(item) for item in found])
    evaluation = COCOeval(truth, found, iou_type, sigmas, use_area)
    for name, value in params.items():
        setattr(evaluation.params, name, value)
    return run(evaluation)


def run(evaluation):
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats


def changed(labels, seed=0, **change):
    """A copy with ``change[name](label, rng)`` put into, or with None removed from, each label."""
    rng = np.random.default_rng(seed)
    labels = fresh(labels)
    for label in labels["annotations"]:
        for name, value in change.items():
            if value is None:
                label.pop(name, None)
            else:
                label[name] = value(label, rng)
    return labels


def count_labelled(label, _):
    return int(np.count_nonzero(np.array(label["keypoints"][2::3]) > 0))


def crowded(labels):
    return changed(labels, iscrowd=lambda label, rng: int(rng.random() < 0.2))


def partly_unlabelled(labels):
    """A fifth of the people without any labelled joint, as in COCO's full set."""

    def keypoints(label, rng):
        joints = np.array(label["keypoints"]).reshape(-1, 3)
        return (joints * (rng.random() < 0.8)).ravel().tolist()

    return changed(changed(labels, keypoints=keypoints), num_keypoints=count_labelled)


def all_areas(labels):
    """Areas over all ranges, one in three on a border between two ranges."""
    borders = [32**2, 96**2, 1e10]
    return changed(
        labels,
        area=lambda label, rng: float(
            rng.choice(borders) if rng.random() < 1 / 3 else label["area"] * rng.uniform(0.01, 4)
        ),
    )


def two_categories(labels):
    labels = changed(labels, category_id=lambda label, rng: int(rng.integers(1, 3)))
    labels["categories"] = [*labels["categories"], {"id": 2, "name": "b"}, {"id": 3, "name": "c"}]
    return labels


VARIANTS = {
    "as labelled": fresh,
    "crowds": crowded,
    "people without labelled joints": partly_unlabelled,
    "areas on and across the borders": all_areas,
    "two categories and an empty one": two_categories,
    "all of these": lambda data: two_categories(all_areas(partly_unlabelled(crowded(data)))),
    "one person": lambda data: dict(data, annotations=data["annotations"][:1]),
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_ten_statistics_equal_pycocotools(labels, variant):
    data = variant(labels)
    found = detect(data, seed=1)
    expected = reference_stats(data, found)
    assert expected.shape == (10,)
    np.testing.assert_allclose(standin_stats(data, found), expected, **EXACT)


def test_mmpose_setting_use_segm_to_none_changes_nothing(labels):
    found = detect(labels, seed=2)
    expected = reference_stats(labels, found)
    np.testing.assert_allclose(standin_stats(labels, found, useSegm=None), expected, **EXACT)


def test_more_than_twenty_detections_in_an_image(labels):
    found = detect(labels, seed=3, most=25)
    np.testing.assert_allclose(
        standin_stats(labels, found), reference_stats(labels, found), **EXACT
    )


def test_no_detections(labels):
    np.testing.assert_array_equal(standin_stats(labels, []), np.zeros(10))


@pytest.mark.parametrize("image_ids", [slice(0, 30), slice(50, None)])
def test_chosen_images(labels, image_ids):
    found = detect(labels, seed=4)
    chosen = [image["id"] for image in labels["images"]][image_ids]
    part = dict(labels, annotations=[a for a in labels["annotations"] if a["image_id"] in chosen])
    expected = reference_stats(part, [d for d in found if d["image_id"] in chosen])
    np.testing.assert_allclose(standin_stats(labels, found, imgIds=chosen), expected, **EXACT)


@pytest.mark.parametrize("missing", [["num_keypoints"], ["iscrowd"], ["num_keypoints", "iscrowd"]])
def test_labels_may_lack_what_can_be_counted(labels, missing):
    data = partly_unlabelled(labels)
    found = detect(data, seed=5)
    stripped = changed(data, **dict.fromkeys(missing))
    np.testing.assert_allclose(
        standin_stats(stripped, found), reference_stats(data, found), **EXACT
    )


def test_an_annotation_with_id_0_can_be_matched(labels):
    found = detect(labels, seed=6)
    data = copy.deepcopy(labels)
    for number, label in enumerate(data["annotations"]):
        label["id"] = number
    np.testing.assert_allclose(standin_stats(data, found), reference_stats(labels, found), **EXACT)


def test_labels_and_detections_are_left_as_they_are(labels):
    truth = COCO(changed(labels, num_keypoints=None))
    found = truth.loadRes(detect(labels, seed=0))
    before = copy.deepcopy((truth.dataset, found.dataset))
    run(COCOeval(truth, found, "keypoints", COCO_SIGMAS, False))
    assert (truth.dataset, found.dataset) == before


def test_sigmas(labels):
    found = detect(labels, seed=8)
    default = standin_stats(labels, found)
    np.testing.assert_array_equal(standin_stats(labels, found, sigmas=COCO_SIGMAS), default)
    for sigmas in (COCO_SIGMAS * 1.5, COCO_SIGMAS[::-1].tolist()):
        expected = reference_stats(labels, found, sigmas)
        assert abs(expected - default).max() > 0.01
        np.testing.assert_allclose(standin_stats(labels, found, sigmas=sigmas), expected, **EXACT)


@pytest.mark.parametrize("num_keypoints", [14, 21])
def test_sigmas_of_another_length(labels, num_keypoints):
    rng = np.random.default_rng(num_keypoints)

    def keypoints(label, _):
        joints = np.resize(np.array(label["keypoints"]).reshape(-1, 3), (num_keypoints, 3))
        return joints.ravel().tolist()

    data = changed(changed(labels, keypoints=keypoints), num_keypoints=count_labelled)
    sigmas = rng.uniform(0.02, 0.1, num_keypoints)
    found = detect(data, seed=9, num_keypoints=num_keypoints)
    expected = reference_stats(data, found, sigmas)
    np.testing.assert_allclose(standin_stats(data, found, sigmas=sigmas), expected, **EXACT)


@pytest.mark.parametrize("drop", [{}, {"area": None}], ids=["with area", "without area"])
def test_use_area_false_takes_53_percent_of_the_box(labels, drop):
    # 0.53 * width * height is xtcocotools 1.14's rule, for the similarity and for the ranges
    found = detect(labels, seed=10)
    by_box = changed(labels, area=lambda label, _: label["bbox"][2] * label["bbox"][3] * 0.53)
    expected = reference_stats(by_box, found)
    assert abs(expected - reference_stats(labels, found)).max() > 0.001
    actual = standin_stats(changed(labels, **drop), found, use_area=False)
    np.testing.assert_allclose(actual, expected, **EXACT)


def test_whole_body_parts(labels):
    """Each part counts as its keypoints alone, by its own score; the whole as all joined."""
    parts = {"foot": 6, "face": 5, "lefthand": 4, "righthand": 3}
    rng = np.random.default_rng(11)
    data, found = copy.deepcopy(labels), detect(labels, seed=12)
    for item in data["annotations"] + found:
        joints = np.array(item["keypoints"]).reshape(-1, 3)
        for part, count in parts.items():
            item[f"{part}_kpts"] = joints[:count].ravel().tolist()
    for item in found:
        item.update({f"{part}_score": rng.random() for part in parts})
    sigmas = rng.uniform(0.03, 0.1, 17 + 18)

    def alone(item, fields, score):
        joined = sum((item[field] for field in fields), [])
        labelled = int(np.count_nonzero(np.array(joined[2::3]) > 0))
        rest = dict(keypoints=joined, num_keypoints=labelled)
        return {**item, **rest, "score": item.get(score, item.get("score"))}

    def expected(fields, score, sigmas):
        people = [alone(item, fields, score) for item in data["annotations"]]
        detections = []
        for item in found:  # the area of a detection is that of its body, as loadRes sees it
            x, y = np.array(item["keypoints"]).reshape(-1, 3)[:, :2].T
            box = [x.min(), y.min(), np.ptp(x), np.ptp(y)]
            detections.append({**alone(item, fields, score), "bbox": box})
        return reference_stats(dict(data, annotations=people), detections, sigmas)

    for part, count in parts.items():
        stats = standin_stats(data, found, f"keypoints_{part}", sigmas[:count])
        wanted = expected([f"{part}_kpts"], f"{part}_score", sigmas[:count])
        np.testing.assert_allclose(stats, wanted, **EXACT)
    fields = ["keypoints", *(f"{part}_kpts" for part in parts)]
    stats = standin_stats(data, found, "keypoints_wholebody", sigmas)
    np.testing.assert_allclose(stats, expected(fields, "wholebody_score", sigmas), **EXACT)
    np.testing.assert_array_equal(
        standin_stats(data, found, "keypoints_body"), standin_stats(labels, found)
    )


def test_crowd_levels(labels):
    """Six of the ten for all images, then AP of the images of each level, rounded to 4 digits."""
    rng = np.random.default_rng(13)
    data = copy.deepcopy(labels)
    for image in data["images"]:
        image["crowdIndex"] = float(rng.choice([0.0, 0.1, 0.2, 0.5, 0.79, 0.8, 1.0]))
    found = detect(data, seed=14)
    levels = []
    for low, high in ((0, 0.2), (0.2, 0.8), (0.8, 2)):
        chosen = {i["id"] for i in data["images"] if low <= i["crowdIndex"] < high}
        part = dict(data, annotations=[a for a in data["annotations"] if a["image_id"] in chosen])
        stats = reference_stats(part, [d for d in found if d["image_id"] in chosen])
        levels.append(round(stats[0], 4))
    expected = [*reference_stats(data, found)[[0, 1, 2, 5, 6, 7]], *levels]
    stats = standin_stats(data, found, "keypoints_crowd")
    np.testing.assert_allclose(stats, expected, **EXACT)


@pytest.mark.parametrize("iou_type", ["bbox", "segm", "keypoints_tail", ""])
def test_other_types_are_refused(iou_type):
    truth = COCO({"images": [], "annotations": [], "categories": []})
    with pytest.raises(ValueError, match=f"iouType must be one of keypoints, .* got '{iou_type}'"):
        COCOeval(truth, truth, iou_type)


BAD_DATA = {
    "area": ({"area": None}, {}, r"annotation \d+: area must be given.*use_area=False"),
    "box": ({"bbox": None}, {}, r"annotation \d+: bbox must be given.*Add it to the data"),
    "sigmas": ({}, {"sigmas": COCO_SIGMAS[:14]}, r"annotation \d+: keypoints .*14 sigmas, got 51"),
    "foot": ({}, {"iou_type": "keypoints_foot"}, r"annotation \d+: foot_kpts must be given"),
    "level": ({}, {"iou_type": "keypoints_crowd"}, r"image \d+: crowdIndex must be given"),
    "useSegm": ({}, {"useSegm": 1}, "useSegm must be None, got 1. Only keypoints are compared"),
}


@pytest.mark.parametrize(("change", "arguments", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_data_that_cannot_be_evaluated_is_named(labels, change, arguments, message):
    with pytest.raises(ValueError, match=message):
        standin_stats(changed(labels, **change), detect(labels, seed=0), **arguments)


def test_steps_out_of_order_are_refused(labels):
    truth = COCO(labels)
    evaluation = COCOeval(truth, truth.loadRes(detect(labels, seed=0)))
    with pytest.raises(RuntimeError, match=r"accumulate\(\) must be called before summarize\(\)"):
        evaluation.summarize()
    with pytest.raises(RuntimeError, match=r"evaluate\(\) must be called before accumulate\(\)"):
        evaluation.accumulate()


def test_prints_the_table_of_pycocotools_and_nothing_else(labels, capsys):
    found = detect(labels, seed=15)
    reference_stats(labels, found)
    expected = capsys.readouterr().out.splitlines()[-10:]
    standin_stats(labels, found, useSegm=None)
    printed = capsys.readouterr()
    assert printed.out.splitlines() == expected
    assert printed.err == ""


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_masks():
    polygons = [[2.0, 3.0, 20.0, 3.0, 20.0, 15.0, 2.0, 15.0], [5.5, 9.0, 30.0, 9.0, 17.0, 31.0]]
    masks = []
    for module in (xtcocotools.mask, pycocotools.mask):
        codes = module.frPyObjects(polygons, 40, 32)
        masks.append(module.decode(module.merge(codes)))
        assert module.area(codes).tolist() == pycocotools.mask.area(codes).tolist()
        np.testing.assert_array_equal(module.toBbox(codes), pycocotools.mask.toBbox(codes))
        code = module.encode(np.asfortranarray(masks[-1]))
        np.testing.assert_array_equal(module.decode(code), masks[-1])
        assert module.iou([code], [code], [0]) == 1
    np.testing.assert_array_equal(*masks)
