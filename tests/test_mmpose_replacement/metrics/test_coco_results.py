"""Results of a run are those of mmpose's CocoMetric to the last bit, whatever its settings."""

import itertools
import json

import mmpose.evaluation.functional as mmposes
import numpy as np
import pytest
from mmpose.evaluation.metrics import CocoMetric

from mmpose_replacement.metrics.coco_results import to_coco_results
from prepostprocess.keypoints.coco import COCO_SIGMAS
from prepostprocess.keypoints.oks import oks_nms, soft_oks_nms

SIGMAS = COCO_SIGMAS.astype(np.float32)  # as a data set's metainfo has them


def predictions(rng, *, with_areas=True, scores_dtype=np.float32, bottom_up=False):
    """Near and exact doubles, equal scores, ids twice over, images in any order."""
    people = []
    for number in range(60):
        image = int(rng.integers(1, 7))
        count = int(rng.integers(1, 4)) if bottom_up else 1
        poses = np.random.default_rng(image + number % 3).uniform(0, 200, (count, 17, 2))
        poses += rng.choice([0, 2, 6]) * rng.normal(size=poses.shape)
        people.append(
            {
                "id": [number] * count if bottom_up else int(rng.integers(0, 50)),
                "img_id": image,
                "category_id": 1,
                "keypoints": poses.astype(np.float32),
                "keypoint_scores": rng.choice([0.1, 0.2, 0.3, rng.random()], (count, 17)).astype(
                    scores_dtype
                ),
                "bbox_scores": rng.choice([0.3, 0.9, 1.0], count).astype(scores_dtype),
            }
        )
        if with_areas:
            people[-1]["areas"] = rng.uniform(2e3, 2e4, count).astype(np.float32)
    return people


def mmposes_results(people, tmp_path, **settings):
    metric = CocoMetric(format_only=True, outfile_prefix=str(tmp_path / "results"), **settings)
    metric.coco = object()  # nothing is looked up in it
    metric.dataset_meta = dict(num_keypoints=17, sigmas=SIGMAS)
    metric.compute_metrics([(person, {}) for person in people])
    return json.loads((tmp_path / "results.keypoints.json").read_text())


SETTINGS = list(
    itertools.product(
        ["bbox", "keypoint", "bbox_keypoint", "bbox_rle"], ["oks_nms", "soft_oks_nms", "none"]
    )
)
KINDS = {
    "top-down": {},
    "without areas": {"with_areas": False},
    "scores of double precision": {"scores_dtype": np.float64},
    "bottom-up": {"bottom_up": True},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("score_mode", "nms_mode"), SETTINGS)
def test_results_equal_mmposes(tmp_path, score_mode, nms_mode, kind):
    people = predictions(np.random.default_rng(0), **kind)
    settings = dict(score_mode=score_mode, nms_mode=nms_mode, keypoint_score_thr=0.2, nms_thr=0.7)
    actual = to_coco_results(people, sigmas=SIGMAS, **settings)
    expected = mmposes_results(people, tmp_path, **settings)
    assert json.loads(json.dumps(actual)) == expected
    if nms_mode == "oks_nms":
        everybody = to_coco_results(people, sigmas=SIGMAS, **dict(settings, nms_mode="none"))
        assert 6 < len(actual) < len(everybody)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_suppression_keeps_the_poses_that_mmpose_keeps(seed, dtype):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    poses = rng.uniform(0, 100, (1, 17, 2)) + rng.normal(0, 8, (count, 17, 2))
    scores, areas = rng.random(count).astype(dtype), rng.uniform(1e3, 2e4, count).astype(dtype)
    poses, sigmas = poses.astype(dtype), COCO_SIGMAS.astype(dtype)
    instances = [
        {"keypoints": np.column_stack([pose, np.ones(17, dtype)]), "score": score, "area": area}
        for pose, score, area in zip(poses, scores, areas, strict=True)
    ]
    for ours, theirs in ((oks_nms, mmposes.oks_nms), (soft_oks_nms, mmposes.soft_oks_nms)):
        kept = ours(poses, scores, areas, 0.8, sigmas).tolist()
        assert kept == list(theirs(instances, 0.8, sigmas=sigmas))
