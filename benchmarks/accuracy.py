"""Compare two networks on the same people: AP of each and the paired bootstrap of the difference.

    python tools/test.py CONFIG A.pth --boxes ground-truth --out a.json     (likewise b.json)
    python benchmarks/accuracy.py LABELS.json a.json b.json

Each labelled person is judged by the prediction of the same ground-truth box, alone, so that a
resample of people is a set of the same kind. The AP of all differs a little from COCO's, which
matches predictions within an image.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

from prepostprocess.oks import oks

THRESHOLDS = np.arange(0.5, 0.96, 0.05)
RECALLS = np.linspace(0, 1, 101)


def similarities(labels: list[dict], predictions: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """Return each person's OKS and score, (P,) both, in the order of the labels."""
    values, scores = [], []
    for label in labels:
        candidates = [p for p in predictions if p["image_id"] == label["image_id"]]
        # boxes went through float32 and are clipped to the image: the nearest is the same one
        found = min(candidates, key=lambda p: np.abs(np.subtract(p["box"], label["bbox"])).sum())
        truth = np.array(label["keypoints"], float).reshape(-1, 3)
        predicted = np.array(found["keypoints"])[None, :, :2]
        values.append(oks(predicted, truth[:, :2], label["area"], truth[:, 2] > 0)[0])
        scores.append(found["score"])
    return np.array(values), np.array(scores)


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


def main(argv: list[str] | None = None) -> None:
    """Print both figures, their difference and its interval."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("labels", type=Path, help="COCO keypoint annotations")
    parser.add_argument("first", type=Path, help="predictions on ground-truth boxes (.json)")
    parser.add_argument("second", type=Path, help="predictions of the other network")
    parser.add_argument("--resamples", type=int, default=2000, help="default: 2000")
    args = parser.parse_args(argv)
    people = json.loads(args.labels.read_text())["annotations"]
    people = [p for p in people if p.get("num_keypoints") and not p.get("iscrowd")]
    sets = [
        similarities(people, json.loads(path.read_text())) for path in (args.first, args.second)
    ]
    figures = [average_precision(*each) for each in sets]
    generator = np.random.default_rng(0)
    differences = []
    for _ in range(args.resamples):
        drawn = generator.integers(0, len(people), len(people))
        first, second = (average_precision(v[drawn], s[drawn]) for v, s in sets)
        differences.append(first - second)
    low, high = np.percentile(differences, [2.5, 97.5])
    print(f"{len(people)} people, one at a time")
    for path, figure in zip((args.first, args.second), figures, strict=True):
        print(f"  {path}: AP {figure:.4f}")
    print(
        f"  difference {figures[0] - figures[1]:+.4f}, 95 % interval {low:+.4f} to {high:+.4f} "
        f"({args.resamples} resamples of the people)"
    )


if __name__ == "__main__":
    main()
