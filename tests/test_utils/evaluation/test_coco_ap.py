"""The runners reach the AP that an independent evaluation of the same networks gave."""

import contextlib
import io
import json

import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from prepostprocess.image import load_rgb
from utils.evaluation.coco_results import people_to_coco
from utils.people import Detections
from utils.runners.pipeline import load_pipeline

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("boxes", "expected"), [("ground truth", 0.6723), ("stored", 0.5644)])
def test_ap__as_measured_independently(shared, shared_coco, e2e_models, tmp_path, boxes, expected):
    pose = e2e_models.write_yaml(
        tmp_path / "l.yaml",
        model_path=str(shared / "models/pp_tinypose_256x192.onnx"),
        preprocess="float",
        decoder="quarter",
    )
    pipeline = load_pipeline(None, None, pose, threads=1)
    annotations = shared_coco / "annotations/person_keypoints_val2017.json"
    content = json.loads(annotations.read_text())
    given = [dict(a, score=1.0) for a in content["annotations"]]
    if boxes == "stored":
        path = shared_coco / "person_detection_results/yolov5n_person.json"
        given = [d for d in json.loads(path.read_text()) if d["score"] > 0.05]
    results = []
    for entry in content["images"]:
        mine = [d for d in given if d["image_id"] == entry["id"]]
        detections = Detections.of([d["bbox"] for d in mine], [d["score"] for d in mine])
        image = load_rgb(shared_coco / "val2017" / entry["file_name"])
        results += people_to_coco(entry["id"], pipeline.estimate([image], [detections])[0])
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        evaluation = COCOeval(truth, truth.loadRes(results), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(expected, abs=0.005)
