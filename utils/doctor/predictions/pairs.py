"""Each labelled person with each prediction of its image, and how well they lie on one another.

Letters: T labelled people, Q pairs, K keypoints.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from prepostprocess.keypoints.oks import keypoint_similarity
from utils.doctor.poses import Poses
from utils.doctor.predictions.results import Predictions

MOST_PEOPLE = 1500  # labelled people that are looked at
MOST_RIVALS = 20  # predictions of an image, the best ones: as many as COCO's metric looks at


@dataclass(frozen=True)
class Pairs:
    """All pairs of a labelled person and a prediction that may be of it.

    Attributes:
        of_person: int (Q,), place of the labelled person, 0 .. T - 1, in order.
        truth: float64 (Q, K, 2), labels.
        labelled: bool (Q, K).
        found: float64 (Q, K, 2), predictions as they were written.
        shown: bool (Q, K), which of them have a score above 0.
        boxes_xywh: float64 (Q, 4), of the labelled person.
        sizes_wh: float64 (Q, 2), of the image.
        areas: float64 (Q,), of the labelled person.
    """

    of_person: np.ndarray
    truth: np.ndarray
    labelled: np.ndarray
    found: np.ndarray
    shown: np.ndarray
    boxes_xywh: np.ndarray
    sizes_wh: np.ndarray
    areas: np.ndarray

    def overlap(self, found: np.ndarray) -> np.ndarray:
        """How well the rectangles around the joints cover one another.

        Args:
            found: float64 (Q, K, 2), predictions moved to the labels' frame.

        Returns:
            float64 (Q,), intersection over union, whatever the joints' order.
        """
        low, high = _extent(self.truth, self.labelled)
        other_low, other_high = _extent(found, self.shown)
        inner = (np.minimum(high, other_high) - np.maximum(low, other_low)).clip(0).prod(axis=1)
        outer = (high - low).prod(axis=1) + (other_high - other_low).prod(axis=1) - inner
        return inner / np.maximum(outer, 1e-9)

    def similarity(self, found: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
        """OKS of each pair.

        Args:
            found: float64 (Q, K, 2), predictions moved to the labels' frame and order.
            sigmas: float64 (K,).

        Returns:
            float64 (Q,), 0..1.
        """
        each = keypoint_similarity(found, self.truth, self.areas[:, None], sigmas)
        return np.where(self.labelled, each, 0).sum(axis=1) / self.labelled.sum(axis=1)

    def best(self, closeness: np.ndarray) -> np.ndarray:
        """Choose a prediction for each person.

        Args:
            closeness: float64 (Q,).

        Returns:
            int64 (T,), the places of the closest pairs.
        """
        order = np.lexsort((-closeness, self.of_person))
        return order[np.unique(self.of_person[order], return_index=True)[1]]

    def mean_of_best(self, closeness: np.ndarray) -> float:
        """Average a closeness, float64 (Q,), over the people, with the closest of each."""
        return float(closeness[self.best(closeness)].mean())


def all_pairs(poses: Poses, predictions: Predictions, sizes: dict) -> Pairs | None:
    """Pair people with predictions; people who show much come first.

    Args:
        poses: the labelled people.
        predictions: of the same keypoints.
        sizes: image id: width, height.

    Returns:
        The pairs; None where no labelled person has one.
    """
    rivals: dict[int | str, list[int]] = defaultdict(list)
    for row in np.argsort(-predictions.scores, kind="stable").tolist():
        rows = rivals[predictions.image_ids[row]]
        if len(rows) < MOST_RIVALS:
            rows.append(row)
    counts = np.count_nonzero(poses.points[..., 2], axis=1)
    fullest = np.argsort(-counts, kind="stable").tolist()
    people = [row for row in fullest if rivals[poses.image_ids[row]]][:MOST_PEOPLE]
    enough = [row for row in people if counts[row] > poses.points.shape[1] / 2]
    people = enough if len(enough) >= 10 else people
    if not people:
        return None
    pairs = [
        (place, row, other)
        for place, row in enumerate(people)
        for other in rivals[poses.image_ids[row]]
    ]
    of_person, rows, others = np.array(pairs).T
    found = predictions.points[others]
    shown = found[..., 2] > 0
    return Pairs(
        of_person,
        poses.points[rows, :, :2],
        poses.points[rows, :, 2] > 0,
        found[..., :2],
        np.where(shown.any(axis=1, keepdims=True), shown, True),
        poses.boxes_xywh[rows],
        np.array([sizes[poses.image_ids[row]] for row in rows], np.float64),
        poses.areas[rows],
    )


def _extent(points: np.ndarray, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the rectangles around joints; each float64 (Q, 2)."""
    inside = counted[..., None]
    low = np.where(inside, points, np.inf).min(axis=1)
    return low, np.maximum(np.where(inside, points, -np.inf).max(axis=1), low + 1e-6)
