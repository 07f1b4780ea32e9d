"""The stand-in's evaluation is pycocotools' to the last bit, on sets made to be awkward."""

import numpy as np
import pycocotools.coco
import pycocotools.cocoeval
import pytest
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval
from xtcocotools.instances import read_detections, read_ground_truth
from xtcocotools.similarity import pair_similarity

from prepostprocess.keypoints.coco import COCO_SIGMAS
from prepostprocess.keypoints.oks import oks

NUM_IMAGES = 14


def random_set(seed, num_keypoints):
    """Labels and detections with everything that matching must get right.

    Crowds, people without labelled keypoints (by count, by visibility, or both), areas on the
    borders of ranges, labels twice over, equal scores, poses on a grid, so that similarities are
    equal too, detections of other categories, more than 20 in an image, images without either.
    """
    rng = np.random.default_rng(seed)
    people = []
    for image in rng.integers(1, NUM_IMAGES, rng.integers(0, 40)):
        visible = rng.choice([0, 1, 2], num_keypoints) * (rng.random() > 0.2)
        person = {
            "image_id": int(image),
            "category_id": int(rng.integers(1, 4)),
            "bbox": [*rng.integers(0, 40, 2).tolist(), *rng.integers(1, 90, 2).tolist()],
            "area": float(rng.choice([32**2, 96**2, 1e10, *rng.uniform(10, 2e4, 4)])),
            "iscrowd": int(rng.random() < 0.2),
            "num_keypoints": int((visible > 0).sum() if rng.random() < 0.8 else rng.integers(2)),
            "keypoints": np.column_stack([rng.integers(0, 60, (num_keypoints, 2)), visible])
            .ravel()
            .tolist(),
        }
        people += [person] * int(rng.integers(1, 3))
    people = [dict(person, id=number) for number, person in enumerate(people, start=1)]
    found = []
    for image in range(2, NUM_IMAGES + 1):
        others = [p for p in people if p["image_id"] == image] or people
        for _ in range(rng.choice([0, 1, 5, 30]) if others else 0):
            person = others[rng.integers(len(others))]
            points = np.array(person["keypoints"], float).reshape(-1, 3)
            points[:, :2] += rng.integers(-4, 5, 2) * (rng.random() < 0.8)
            points[:, :2] += rng.normal(0, 5, (num_keypoints, 2)) * (rng.random() < 0.5)
            found.append(
                {
                    "image_id": image,
                    "category_id": person["category_id"] if rng.random() < 0.9 else 2,
                    "keypoints": points.ravel().tolist(),
                    "score": float(rng.integers(0, 8)) / 8,
                }
            )
    categories = [{"id": number, "name": str(number)} for number in (1, 2, 3, 4)]
    images = [{"id": number} for number in rng.permutation(NUM_IMAGES + 1).tolist()]
    return {"images": images, "annotations": people, "categories": categories}, found


def evaluate(coco_class, eval_class, labels, found, sigmas):
    truth = coco_class()
    truth.dataset = dict(labels, annotations=[dict(person) for person in labels["annotations"]])
    truth.createIndex()
    results = truth.loadRes([dict(item) for item in found])
    evaluation = eval_class(truth, results, "keypoints")
    evaluation.params.kpt_oks_sigmas = sigmas
    evaluation.evaluate()
    return evaluation


@pytest.mark.parametrize("seed", range(15))
def test_curves_and_statistics_equal_pycocotools(seed):
    num_keypoints = [17, 1, 8, 13, 40][seed % 5]  # NumPy sums 8 and more in another order
    rng = np.random.default_rng(seed)
    labels, found = random_set(seed, num_keypoints)
    sigmas = COCO_SIGMAS if num_keypoints == 17 else rng.uniform(0.02, 0.3, num_keypoints)
    if not found:
        pytest.skip("pycocotools loads no empty results; test_xtcocotools.py has that case")
    expected = evaluate(pycocotools.coco.COCO, pycocotools.cocoeval.COCOeval, labels, found, sigmas)
    actual = evaluate(COCO, COCOeval, labels, found, sigmas)
    for evaluation in (expected, actual):
        evaluation.params.maxDets = [2, 20] if seed % 2 else [20]
        evaluation.evaluate()
        evaluation.accumulate()
    for name in ("precision", "recall", "scores"):
        np.testing.assert_array_equal(actual.eval[name], expected.eval[name])
    assert actual.eval["counts"] == expected.eval["counts"]
    if seed % 2 == 0:  # pycocotools summarises 20 detections alone
        expected.summarize()
        actual.summarize()
        np.testing.assert_allclose(actual.stats, expected.stats, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("num_keypoints", "seed"), [(1, 4), (7, 4), (8, 4), (17, 7), (133, 2)])
def test_similarity_equals_pycocotools_to_the_last_bit(num_keypoints, seed):
    labels, found = random_set(seed, num_keypoints)
    sigmas = np.random.default_rng(1).uniform(0.02, 0.2, num_keypoints)
    reference = evaluate(
        pycocotools.coco.COCO, pycocotools.cocoeval.COCOeval, labels, found, sigmas
    )
    places = list(range(NUM_IMAGES + 1)), [1, 2, 3, 4]
    truth = COCO(labels)
    people = read_ground_truth(truth, "keypoints", True, num_keypoints, *places)
    poses = read_detections(truth.loadRes(found), "keypoints", num_keypoints, *places, 20)
    compared = 0
    for (image, category), expected in reference.ious.items():
        cell = places[1].index(category) * len(places[0]) + image
        rows, columns = np.flatnonzero(poses.cells == cell), np.flatnonzero(people.cells == cell)
        pairs = np.repeat(rows, len(columns)), np.tile(columns, len(rows))
        actual = pair_similarity(poses, people, *pairs, sigmas)
        np.testing.assert_array_equal(actual, np.ravel(expected))
        compared += len(actual)
    assert compared > 50


def test_similarity_is_the_formula_of_prepostprocess():
    labels, found = random_set(seed=0, num_keypoints=17)
    places = list(range(NUM_IMAGES + 1)), [1, 2, 3, 4]
    truth = COCO(labels)
    people = read_ground_truth(truth, "keypoints", True, 17, *places)
    poses = read_detections(truth.loadRes(found), "keypoints", 17, *places, 20)
    every = np.arange(len(poses.cells))
    for place, (points, area) in enumerate(zip(people.keypoints, people.areas, strict=True)):
        labelled = points[:, 2] > 0
        if labelled.any():  # without labels the formula of COCO is about the box
            actual = pair_similarity(poses, people, every, np.full_like(every, place), COCO_SIGMAS)
            expected = oks(poses.keypoints[..., :2], points[:, :2], area, labelled)
            np.testing.assert_allclose(actual, expected, rtol=1e-14, atol=1e-300)


def test_categories_cannot_be_thrown_together():
    truth = COCO({"images": [], "annotations": [], "categories": []})
    evaluation = COCOeval(truth, truth)
    evaluation.params.useCats = 0
    with pytest.raises(ValueError, match="useCats must be 1, got 0. Give all people the same"):
        evaluation.evaluate()


def test_a_pose_that_is_not_a_number_matches_nobody():
    labels, found = random_set(seed=2, num_keypoints=17)
    missing = [dict(item, keypoints=[float("nan")] * 51) for item in found]
    evaluation = evaluate(COCO, COCOeval, labels, missing, COCO_SIGMAS)
    evaluation.accumulate()
    assert evaluation.eval["recall"].max() == 0


def test_results_get_the_box_around_their_points(tmp_path):
    labels, found = random_set(seed=4, num_keypoints=17)
    theirs = pycocotools.coco.COCO()
    theirs.dataset = labels
    theirs.createIndex()
    expected = theirs.loadRes([dict(item) for item in found])
    actual = COCO(labels).loadRes([dict(item) for item in found])
    assert len(actual.anns) == len(found) > 20
    for number, result in expected.anns.items():
        assert actual.anns[number] == {**result, "iscrowd": 0}


def test_results_of_unequal_lengths_are_indexed_too():
    labels, found = random_set(seed=4, num_keypoints=17)
    found[1]["keypoints"] = found[1]["keypoints"][:9]
    results = COCO(labels).loadRes(found)
    assert results.anns[2]["bbox"][0] == min(found[1]["keypoints"][0::3])


def test_results_of_other_images_are_refused():
    labels, found = random_set(seed=4, num_keypoints=17)
    with pytest.raises(AssertionError, match="Results do not correspond to current coco set"):
        COCO(labels).loadRes([dict(found[0], image_id=99)])
