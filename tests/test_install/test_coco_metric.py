"""mmpose's CocoMetric on the stand-in for xtcocotools gives pycocotools' statistics.

The reference is pycocotools on the label file and on the detections that CocoMetric wrote out.
"""

import json

import numpy as np
import pycocotools.coco
import pycocotools.cocoeval
import pytest
from mmengine.structures import InstanceData
from mmpose.evaluation.metrics import CocoMetric

NAMES = ("AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR", "AR .5", "AR .75", "AR (M)", "AR (L)")

COCO_SIGMAS = (
    np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000
)


@pytest.fixture(scope="module")
def ann_file(coco_people):
    return coco_people.root / coco_people.labels


@pytest.fixture(scope="module")
def samples(ann_file):
    """What a network would give for every labelled person: three guesses from good to poor."""
    labels = json.loads(ann_file.read_text())
    images = {image["id"]: image for image in labels["images"]}
    rng = np.random.default_rng(0)
    return [
        sample(len(spreads) * label["id"] + number, label, images[label["image_id"]], spread, rng)
        for label in labels["annotations"]
        for spreads in [(0.01, 0.04, 0.1)]
        for number, spread in enumerate(spreads)
    ]


def sample(number, label, image, spread, rng):
    joints = np.array(label["keypoints"], dtype=float).reshape(1, 17, 3)
    size = np.sqrt(label["bbox"][2] * label["bbox"][3])
    scores = rng.random((1, 17))
    found = InstanceData(
        keypoints=joints[..., :2] + rng.normal(0, spread * size, (1, 17, 2)),
        keypoint_scores=scores,
    )
    box_score = np.round(rng.random(1), 1)
    return {
        "id": number,
        "img_id": image["id"],
        "category_id": 1,
        "ori_shape": (image["height"], image["width"]),
        "raw_ann_info": label,
        "pred_instances": found,
        "gt_instances": InstanceData(bbox_scores=box_score),
    }


def pycocotools_stats(label_file, detection_file, boxes_as_areas=False):
    truth = pycocotools.coco.COCO(str(label_file))
    for label in truth.anns.values():
        if boxes_as_areas:
            label["area"] = 0.53 * label["bbox"][2] * label["bbox"][3]
        visible = np.count_nonzero(np.array(label["keypoints"][2::3]) > 0)
        label.setdefault("num_keypoints", visible)
    found = truth.loadRes(str(detection_file))
    evaluation = pycocotools.cocoeval.COCOeval(truth, found, "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats


SETTINGS = {
    "as shipped": {},
    "without suppression": {"nms_mode": "none", "score_mode": "bbox"},
    "areas of the boxes": {"use_area": False},
}


@pytest.mark.parametrize("with_file", [True, False], ids=["label file", "labels of the dataset"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_ten_statistics_equal_pycocotools(ann_file, samples, tmp_path, settings, with_file):
    prefix = tmp_path / "result"
    file = {"ann_file": str(ann_file)} if with_file else {}
    metric = CocoMetric(outfile_prefix=str(prefix), **file, **settings)
    metric.dataset_meta = {  # float32, as mmpose hands them over
        "sigmas": COCO_SIGMAS.astype(np.float32),
        "num_keypoints": 17,
        "CLASSES": [{"id": 1, "name": "person"}],
    }
    metric.process(None, samples)
    result = metric.evaluate(size=len(samples))
    assert list(result) == [f"coco/{name}" for name in NAMES]
    expected = pycocotools_stats(
        ann_file if with_file else f"{prefix}.gt.json",
        f"{prefix}.keypoints.json",
        boxes_as_areas="use_area" in settings,
    )
    assert 0.1 < expected.min() < expected[0] < 0.9  # figures that mean something
    assert len(set(expected)) > 6
    np.testing.assert_allclose(list(result.values()), expected, rtol=0, atol=1e-12)
