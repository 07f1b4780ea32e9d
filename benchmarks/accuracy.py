"""Compare two networks on the same people: AP and PCK of each, paired bootstrap of the differences.

    python tools/test.py CONFIG A.pth --boxes ground-truth --out a.json     (likewise b.json)
    python benchmarks/accuracy.py LABELS.json a.json b.json
    python benchmarks/accuracy.py LABELS.json a1.json,a2.json b1.json,b2.json    (seeds: the means)

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
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

from prepostprocess.keypoints.oks import oks
from utils.cli import user_errors

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


def mean_over_seeds(metric: Callable[..., float]) -> Callable[..., float]:
    """Return the metric of arrays whose last axis is the seeds: its mean over them."""

    def mean(*values: np.ndarray) -> float:
        seeds = range(values[0].shape[-1])
        return float(np.mean([metric(*(each[..., seed] for each in values)) for seed in seeds]))

    return mean


METRICS = {"AP": average_precision, f"PCK@{PCK_SHARE}": pck}


def judge(people: list[dict], runs: list[list[dict]]) -> dict[str, tuple[np.ndarray, ...]]:
    """Return what each of METRICS takes, a seed a place of the last axis, people first."""
    found = [same_boxes(people, run) for run in runs]
    oks_of, near = (
        np.stack([judged(people, run) for run in found], axis=-1) for judged in (similarities, hits)
    )
    scores = np.array([[p["score"] for p in run] for run in found]).T
    return dict(zip(METRICS, ((oks_of, scores), (near,)), strict=True))


@dataclass(frozen=True)
class Compared:
    """A metric of two networks, means over their seeds, and the interval of the difference."""

    first: float
    second: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """First minus second."""
        return self.first - self.second


def compare(
    people: list[dict],
    first: list[list[dict]],
    second: list[list[dict]],
    resamples: int = 2000,
) -> dict[str, Compared]:
    """Compare two networks on the same people.

    Args:
        people: COCO annotations, labelled; each image has predictions.
        first: predictions on ground-truth boxes, a list a seed.
        second: those of the other network.
        resamples: of the people, for the intervals.
    Returns: AP and PCK, by name.
    """
    compared = {}
    sides = zip(judge(people, first).items(), judge(people, second).values(), strict=True)
    for (name, one), other in sides:
        mean = mean_over_seeds(METRICS[name])
        bounds = interval(mean, one, other, resamples)
        compared[name] = Compared(mean(*one), mean(*other), *bounds)
    return compared


def labelled_people(labels: Path) -> list[dict]:
    """Return the people of an annotation file that have keypoints and are no crowd."""
    people = json.loads(labels.read_text())["annotations"]
    return [p for p in people if p.get("num_keypoints") and not p.get("iscrowd")]


def files(text: str) -> list[Path]:
    """Read names of files with commas between."""
    return [Path(name) for name in text.split(",")]


def main(argv: list[str] | None = None) -> None:
    """Print both figures of each metric, their difference and its interval."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("labels", type=Path, help="COCO keypoint annotations")
    text = "predictions on ground-truth boxes (.json), commas between those of several seeds"
    parser.add_argument("first", type=files, help=text)
    parser.add_argument("second", type=files, help="predictions of the other network")
    parser.add_argument("--resamples", type=int, default=2000, help="default: 2000")
    args = parser.parse_args(argv)
    sides = [
        [json.loads(path.read_text()) for path in paths] for paths in (args.first, args.second)
    ]
    images = {p["image_id"] for p in sides[0][0]}
    for path, run in zip([*args.first, *args.second], sides[0] + sides[1], strict=True):
        if others := {p["image_id"] for p in run} ^ images:
            parser.error(
                f"{path}: must hold predictions of the same images as {args.first[0]}, but "
                f"{len(others)} are in one only. Test both on the same data set."
            )
    labelled = labelled_people(args.labels)
    people = [p for p in labelled if p["image_id"] in images]
    if not people:
        parser.error(f"{args.labels}: must label the images of {args.first[0]}, but labels none.")
    print(f"{len(people)} people of {len(labelled)}, one at a time")
    for name, each in compare(people, *sides, args.resamples).items():
        print(
            f"  {name}: {each.first:.4f} and {each.second:.4f}, difference {each.difference:+.4f}, "
            f"95 % interval {each.low:+.4f} to {each.high:+.4f} "
            f"({args.resamples} resamples of the people)"
        )


if __name__ == "__main__":
    with user_errors():
        main()
