"""Compare two networks on the same people: AP and PCK of each, paired bootstrap of the differences.

    python tools/test.py CONFIG A.pth --boxes ground-truth --out a.json     (likewise b.json)
    python benchmarks/accuracy.py LABELS.json a.json b.json

Each labelled person is judged by the prediction of the same ground-truth box, alone, so that a
resample of people is a set of the same kind. The AP of all differs a little from COCO's, which
matches predictions within an image. PCK counts the joints within a fifth of the longer side of the
person's box, per kind of joint, and takes the mean over the kinds. Only images that both files hold
predictions of are judged.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

from prepostprocess.keypoints.oks import oks

THRESHOLDS = np.arange(0.5, 0.96, 0.05)
RECALLS = np.linspace(0, 1, 101)
PCK_SHARE = 0.2  # of the longer side of the box


def same_boxes(labels: list[dict], predictions: list[dict]) -> list[dict]:
    """Return each person's prediction, in the order of the labels."""
    by_image: dict[int, list[dict]] = {}
    for prediction in predictions:
        by_image.setdefault(prediction["image_id"], []).append(prediction)
    # boxes went through float32 and are clipped to the image: the nearest is the same one
    return [
        min(
            by_image[label["image_id"]],
            key=lambda found: np.abs(np.subtract(found["box"], label["bbox"])).sum(),
        )
        for label in labels
    ]


def joints_of(label: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (K, 2) and whether each is labelled (K,)."""
    joints = np.array(label["keypoints"], float).reshape(-1, 3)
    return joints[:, :2], joints[:, 2] > 0


def similarities(labels: list[dict], found: list[dict]) -> np.ndarray:
    """Return each person's OKS, (P,)."""
    values = []
    for label, prediction in zip(labels, found, strict=True):
        places, labelled = joints_of(label)
        predicted = np.array(prediction["keypoints"])[None, :, :2]
        values.append(oks(predicted, places, label["area"], labelled)[0])
    return np.array(values)


def hits(labels: list[dict], found: list[dict]) -> np.ndarray:
    """Say of each person's joints whether they are near enough, (P, K); NaN without a label."""
    rows = []
    for label, prediction in zip(labels, found, strict=True):
        places, labelled = joints_of(label)
        distances = np.linalg.norm(np.array(prediction["keypoints"])[:, :2] - places, axis=1)
        near = distances < PCK_SHARE * max(label["bbox"][2:])
        rows.append(np.where(labelled, near, np.nan))
    return np.array(rows)


def pck(near: np.ndarray) -> float:
    """Return the mean over the kinds of joints of the share that is near enough."""
    counts = np.isfinite(near).sum(axis=0)
    return float((np.nansum(near, axis=0)[counts > 0] / counts[counts > 0]).mean())


def average_precision(values: np.ndarray, scores: np.ndarray) -> float:
    """Mean over OKS thresholds of the 101-point interpolated precision (COCO's rule)."""
    hits = values[np.argsort(-scores, kind="stable")][None] >= THRESHOLDS[:, None]
    found = np.cumsum(hits, axis=1)
    recall = found / len(values)
    precision = found / np.arange(1, len(values) + 1)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    total = 0.0
    for r, p in zip(recall, precision, strict=True):
        index = np.searchsorted(r, RECALLS, side="left")
        total += np.where(index < len(p), p[np.minimum(index, len(p) - 1)], 0).mean()
    return total / len(THRESHOLDS)


def interval(
    metric: Callable[..., float],
    first: tuple[np.ndarray, ...],
    second: tuple[np.ndarray, ...],
    resamples: int,
) -> tuple[float, float]:
    """Return the paired bootstrap 95 % interval of first minus second over the people."""
    generator = np.random.default_rng(0)
    count = len(first[0])
    differences = []
    for _ in range(resamples):
        drawn = generator.integers(0, count, count)
        differences.append(
            metric(*(values[drawn] for values in first))
            - metric(*(values[drawn] for values in second))
        )
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)


def main(argv: list[str] | None = None) -> None:
    """Print both figures of each metric, their difference and its interval."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("labels", type=Path, help="COCO keypoint annotations")
    parser.add_argument("first", type=Path, help="predictions on ground-truth boxes (.json)")
    parser.add_argument("second", type=Path, help="predictions of the other network")
    parser.add_argument("--resamples", type=int, default=2000, help="default: 2000")
    args = parser.parse_args(argv)
    sets = [json.loads(path.read_text()) for path in (args.first, args.second)]
    first_images, second_images = ({p["image_id"] for p in predictions} for predictions in sets)
    if first_images != second_images:
        parser.error(
            f"{args.second}: must hold predictions of the same images as {args.first}, but "
            f"{len(first_images ^ second_images)} are in one only. Test both on the same data set."
        )
    labelled = json.loads(args.labels.read_text())["annotations"]
    labelled = [p for p in labelled if p.get("num_keypoints") and not p.get("iscrowd")]
    people = [p for p in labelled if p["image_id"] in first_images]
    if not people:
        parser.error(f"{args.labels}: must label the images of {args.first}, but labels none.")
    found = [same_boxes(people, predictions) for predictions in sets]
    print(f"{len(people)} people of {len(labelled)}, one at a time")
    for name, metric, values in (
        (
            "AP",
            average_precision,
            [(similarities(people, f), np.array([p["score"] for p in f])) for f in found],
        ),
        (f"PCK@{PCK_SHARE}", pck, [(hits(people, f),) for f in found]),
    ):
        first, second = (metric(*each) for each in values)
        low, high = interval(metric, *values, args.resamples)
        print(
            f"  {name}: {first:.4f} and {second:.4f}, difference {first - second:+.4f}, 95 % "
            f"interval {low:+.4f} to {high:+.4f} ({args.resamples} resamples of the people)"
        )


if __name__ == "__main__":
    main()
