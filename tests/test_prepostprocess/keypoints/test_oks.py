import numpy as np
import pytest
from pycocotools.cocoeval import COCOeval, Params

from prepostprocess.keypoints.oks import (
    COCO_SIGMAS,
    keypoint_similarity,
    oks,
    oks_nms,
    pose_similarity,
    soft_oks_nms,
)
from prepostprocess.keypoints.person_score import person_scores


@pytest.fixture
def person() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 100, (17, 2))


def test_sigmas_are_cocos():
    np.testing.assert_allclose(COCO_SIGMAS, Params("keypoints").kpt_oks_sigmas, rtol=1e-15)


def test_oks__as_pycocotools(person):
    rng = np.random.default_rng(1)
    predicted = person + rng.normal(0, 4, (5, 17, 2))
    labelled = rng.random(17) > 0.4
    evaluation = COCOeval(iouType="keypoints")
    flat = np.column_stack([person, 2 * labelled]).ravel().tolist()
    label = dict(keypoints=flat, area=3000.0, bbox=[0, 0, 100, 100], id=1, ignore=0)
    evaluation._gts[1, 1] = [label]
    evaluation._dts[1, 1] = [
        dict(keypoints=np.column_stack([p, np.ones(17)]).ravel().tolist(), score=1.0)
        for p in predicted
    ]
    evaluation.params.catIds, evaluation.params.imgIds = [1], [1]
    expected = evaluation.computeOks(1, 1)[:, 0]
    np.testing.assert_allclose(oks(predicted, person, 3000.0, labelled), expected, rtol=1e-12)


def test_keypoint_similarity__golden():
    # d^2 = 2 * area * (2 sigma)^2 gives exp(-1): area 2, sigma 0.5, d = 2.
    value = keypoint_similarity(np.array([[2.0, 0]]), np.zeros((1, 2)), 2.0, np.array([0.5]))
    np.testing.assert_allclose(value, np.exp(-1))


def test_oks__of_a_person_without_labels_is_zero(person):
    assert oks(person[None], person, 100.0, np.zeros(17, bool)).tolist() == [0.0]


def test_oks_nms__drops_the_worse_of_two_alike(person):
    poses = np.stack([person + 0.1, person, person + 200])
    kept = oks_nms(poses, np.array([0.5, 0.9, 0.1]), np.full(3, 5000.0), 0.9)
    assert kept.tolist() == [1, 2]
    assert oks_nms(poses, np.array([0.5, 0.9, 0.1]), np.full(3, 5000.0), 1.0).tolist() == [1, 0, 2]
    assert oks_nms(poses[:0], np.zeros(0), np.zeros(0), 0.9).tolist() == []


def test_soft_oks_nms__lowers_what_is_similar(person):
    poses = np.stack([person, person + 0.1, person + 200])
    scores, areas = np.array([0.9, 0.8, 0.5]), np.full(3, 5000.0)
    # Of the double is left 0.8 * exp(-1 / 0.9) = 0.26, less than the third.
    assert soft_oks_nms(poses, scores, areas, 0.9).tolist() == [0, 2, 1]
    assert soft_oks_nms(poses, scores, areas, 0.9, max_kept=1).tolist() == [0]
    assert soft_oks_nms(poses[:0], scores[:0], areas[:0], 0.9).tolist() == []


def test_pose_similarity__is_oks_at_the_mean_area(person):
    poses = person + np.random.default_rng(2).normal(0, 5, (4, 17, 2))
    areas = np.array([900.0, 2000, 3000, 4000])
    similarity = pose_similarity(poses, areas)
    expected = [[oks(p[None], q, (a + b) / 2)[0] for q, b in zip(poses, areas, strict=True)]
                for p, a in zip(poses, areas, strict=True)]  # fmt: skip
    np.testing.assert_array_equal(similarity, np.float32(expected))


def test_person_scores__mean_of_those_above_the_threshold():
    scores = np.array([[0.2, 0.4, 0.8], [0.1, 0.2, 0.0]])
    # (0.4 + 0.8) / 2 * 0.5; nothing above 0.2.
    np.testing.assert_allclose(person_scores(np.array([0.5, 0.9]), scores), [0.3, 0], rtol=1e-6)
    assert person_scores(np.zeros(0), np.zeros((0, 17))).shape == (0,)
