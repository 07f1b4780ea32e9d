"""Measure the chain detector - crop - pose network on the COCO sample: AP of each variant.

    python benchmarks/e2e.py ../shared --out e2e.json

Every box above .05 goes through the pose network once, plain and mirrored; thresholds and OKS-NMS
are then applied to those results, so a variant costs no further run. benchmarks/e2e.md holds the
figures.
"""

import argparse
import contextlib
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

STORED_SCORE = 0.05  # of the stored boxes, as the independent evaluation took them
OKS_THRESHOLD = 0.9
FIGURES = {"AP": 0, "AP50": 1, "AR": 5}  # places in COCO's list of ten


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="folder with data/coco and models")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    parser.add_argument("--threads", type=int, help="of one forward pass; default: one a core")
    return parser.parse_args(argv)


def load(shared: Path, threads: int | None):
    """The detector at AP's thresholds, and PP-TinyPose with and without flip test."""
    from utils.runners.lite_hrnet_runner import LiteHrnetRunner
    from utils.runners.onnx_session import OnnxSession
    from utils.runners.pipeline import PosePipeline
    from utils.runners.pose_params import LiteHrnetParams, RsnAffineParams
    from utils.runners.pose_spec import make_spec
    from utils.runners.rsn_affine_runner import RsnAffineRunner
    from utils.runners.yolov5_params import Yolov5Params
    from utils.runners.yolov5_runner import Yolov5Runner

    here = Path(__file__)
    yolov5 = shared / "models/yolov5n_640.onnx"
    tinypose = shared / "models/pp_tinypose_256x192.onnx"
    detector = Yolov5Runner(
        Yolov5Params(here, yolov5, conf_thres=STORED_SCORE, iou_thres=0.65), threads
    )
    params = LiteHrnetParams(here, tinypose, preprocess="float", decoder="quarter")
    session = OnnxSession(tinypose, threads)
    spec = make_spec(session, params, RsnAffineParams(here))
    return {
        flip: PosePipeline(
            detector,
            RsnAffineRunner(spec),
            LiteHrnetRunner(session, spec, replace(params, flip_test=flip)),
        )
        for flip in (False, True)
    }


def predict(shared: Path, pipelines: dict) -> dict:
    """People of every image: {boxes: {flip: {image id: People}}}."""
    from tqdm import tqdm

    from prepostprocess.image import load_rgb
    from utils.people import Detections

    coco = shared / "data/coco"
    truth = json.loads((coco / "annotations/person_keypoints_val2017.json").read_text())
    stored = json.loads((coco / "person_detection_results/yolov5n_person.json").read_text())
    found = {boxes: {False: {}, True: {}} for boxes in ("ground truth", "stored", "live")}
    for entry in tqdm(truth["images"], unit="image"):
        image = load_rgb(coco / "val2017" / entry["file_name"])
        mine = [a for a in truth["annotations"] if a["image_id"] == entry["id"]]
        theirs = [d for d in stored if d["image_id"] == entry["id"] and d["score"] > STORED_SCORE]
        sources = {
            "ground truth": Detections.of([a["bbox"] for a in mine]),
            "stored": Detections.of([d["bbox"] for d in theirs], [d["score"] for d in theirs]),
            "live": pipelines[False].detect(image),
        }
        for boxes, detections in sources.items():
            for flip, pipeline in pipelines.items():
                if flip and boxes == "stored":
                    continue  # the live boxes are the same
                people = pipeline.estimate([image], [detections])[0]
                found[boxes][flip][entry["id"]] = people
    return found


def evaluate(shared: Path, people: dict, box_threshold: float, oks_threshold: float | None) -> dict:
    """COCO's AP, AP50 and AR of the people whose box scores above a threshold."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    from prepostprocess.keypoints.oks import oks_nms
    from utils.evaluation.coco_results import people_to_coco

    results = []
    for image_id, of_image in people.items():
        of_image = of_image.pick((of_image.box_scores > box_threshold).nonzero()[0])
        if oks_threshold is not None:
            areas = of_image.boxes_xywh[:, 2] * of_image.boxes_xywh[:, 3]
            kept = oks_nms(of_image.keypoints, of_image.scores, areas, oks_threshold)
            of_image = of_image.pick(kept)
        results += people_to_coco(image_id, of_image)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(shared / "data/coco/annotations/person_keypoints_val2017.json"))
        evaluation = COCOeval(truth, truth.loadRes(results), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    figures = {key: round(float(evaluation.stats[i]), 4) for key, i in FIGURES.items()}
    return {"people": len(results), **figures}


def main(argv: list[str] | None = None) -> None:
    """Predict once, then print one line a variant."""
    args = parse_args(argv)
    found = predict(args.shared, load(args.shared, args.threads))
    variants = [
        ("ground truth", False, 0.0, None),
        ("ground truth", True, 0.0, None),
        ("stored", False, STORED_SCORE, None),
        ("live", False, 0.05, None),
        ("live", False, 0.05, OKS_THRESHOLD),
        ("live", True, 0.05, None),
        ("live", True, 0.05, OKS_THRESHOLD),
        *(("live", False, threshold, None) for threshold in (0.1, 0.2, 0.3, 0.5)),
    ]
    rows = []
    for boxes, flip, threshold, oks_threshold in variants:
        figures = evaluate(args.shared, found[boxes][flip], threshold, oks_threshold)
        rows.append(dict(boxes=boxes, flip=flip, above=threshold, oks_nms=oks_threshold, **figures))
        print(json.dumps(rows[-1]), flush=True)
    if args.out:
        args.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
