"""COCO keypoint evaluation against pycocotools: 6,352 people, 50,000 detections.

    python benchmarks/evaluation_speed.py

People and detections are drawn: poses within a box, detections by moving the poses of labels and by
chance. Reading the detections (loadRes), matching, accumulating and summing up are timed, as an
evaluation does them; the labels are read once. The ten statistics must be equal to 1e-12.
"""

import argparse
import contextlib
import io
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

import numpy as np
from pycocotools.coco import COCO as TheirCOCO  # noqa: N811
from pycocotools.cocoeval import COCOeval as TheirEval
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from benchmarks.speed_table import Row, interleaved_medians, machine, markdown

NUM_IMAGES, NUM_PEOPLE, NUM_DETECTIONS = 2_346, 6_352, 50_000  # COCO val2017 has 6,352 people


def make_labels(generator: np.random.Generator) -> dict:
    """Draw people in images, as a COCO keypoint file holds them."""
    sides = np.exp(generator.uniform(np.log(24), np.log(400), (NUM_PEOPLE, 2)))
    corners = generator.uniform(0, 240, (NUM_PEOPLE, 2))
    points = corners[:, None] + generator.uniform(0, 1, (NUM_PEOPLE, 17, 2)) * sides[:, None]
    seen = generator.integers(0, 3, (NUM_PEOPLE, 17))
    people = [
        {
            "id": i + 1,
            "image_id": int(generator.integers(1, NUM_IMAGES + 1)),
            "category_id": 1,
            "bbox": [*corners[i].tolist(), *sides[i].tolist()],
            "area": float(0.6 * sides[i].prod()),
            "iscrowd": 0,
            "keypoints": np.column_stack([points[i], seen[i]]).ravel().tolist(),
            "num_keypoints": int((seen[i] > 0).sum()),
        }
        for i in range(NUM_PEOPLE)
    ]
    images = [{"id": i + 1, "width": 640, "height": 640} for i in range(NUM_IMAGES)]
    return {
        "images": images,
        "annotations": people,
        "categories": [{"id": 1, "name": "person"}],
    }


def make_detections(labels: dict, generator: np.random.Generator) -> list[dict]:
    """Move labelled poses by a little or by a lot."""
    chosen = generator.integers(0, NUM_PEOPLE, NUM_DETECTIONS)
    spread = np.exp(generator.uniform(np.log(0.002), np.log(0.3), NUM_DETECTIONS))
    found = []
    for person, share in zip(chosen, spread, strict=True):
        label = labels["annotations"][person]
        pose = np.reshape(label["keypoints"], (17, 3)).copy()
        pose[:, :2] += generator.normal(0, share * np.sqrt(label["area"]), (17, 2))
        score = float(np.clip(1 - 2 * share + generator.normal(0, 0.1), 0, 1))
        found.append(
            {
                "image_id": label["image_id"],
                "category_id": 1,
                "keypoints": pose.ravel().tolist(),
                "score": score,
            }
        )
    return found


def measure_evaluation(repeats: int) -> list[Row]:
    """Time both and make sure that they agree.

    Raises: ValueError: a statistic differs by more than 1e-12.
    """
    generator = np.random.default_rng(0)
    labels = make_labels(generator)
    found = make_detections(labels, generator)
    stats = {}

    def judge(name: str, labelled: object, evaluation: type) -> None:
        judged = evaluation(labelled, labelled.loadRes([dict(one) for one in found]), "keypoints")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
        stats[name] = np.asarray(judged.stats)

    with contextlib.redirect_stdout(io.StringIO()):
        ours, theirs = COCO(labels), TheirCOCO()
        theirs.dataset = labels
        theirs.createIndex()
        medians = interleaved_medians(
            [lambda: judge("ours", ours, COCOeval), lambda: judge("theirs", theirs, TheirEval)],
            repeats,
        )
    gap = float(np.abs(stats["ours"] - stats["theirs"]).max())
    if not gap <= 1e-12:
        raise ValueError(f"statistics must agree to 1e-12, but differ by {gap:.1e}. Report this.")
    what = f"COCO keypoint evaluation, {NUM_PEOPLE:,} people, {NUM_DETECTIONS:,} detections"
    return [Row(f"{what} (stock: pycocotools)", "s", *medians)]


def main(argv: list[str] | None = None) -> None:
    """Print the row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="timed evaluations of each")
    repeats = parser.parse_args(argv).repeats
    print(f"{machine()}\n\n{markdown(measure_evaluation(repeats))}")


if __name__ == "__main__":
    main()
