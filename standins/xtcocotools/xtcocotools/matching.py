"""Matching of detections with labels and the curves of precision and recall, all images at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .instances import Detections, Labels
from .similarity import pair_similarity


@dataclass(frozen=True)
class Matches:
    """What became of every detection; A area ranges, T thresholds, D detections, L labels.

    Attributes:
        detections: those that were matched.
        matched: bool (A, T, D), whether the detection found a label.
        ignored: bool (A, T, D), whether it counts neither as a hit nor as a miss.
        label_cells: int64 (L,), place of each label's image and category.
        labels_ignored: bool (A, L).
    """

    detections: Detections
    matched: np.ndarray
    ignored: np.ndarray
    label_cells: np.ndarray
    labels_ignored: np.ndarray


def match(
    labels: Labels,
    detections: Detections,
    sigmas: np.ndarray,
    thresholds: np.ndarray,
    area_ranges: Sequence[Sequence[float]],
) -> Matches:
    """Match the detections of every cell, the best first, each with the most similar label left.

    A label that counts goes before one that is ignored, and of equally similar ones the last in
    the file. A detection without a match is ignored where its own area is out of range. A pose
    with NaN matches nobody.

    Args:
        labels: people, those of a cell together.
        detections: likewise, the best of a cell first.
        sigmas: float64 (K,), spread of each keypoint.
        thresholds: float64 (T,), the least similarity of a match, 0..1.
        area_ranges: A pairs (least, most), pixels squared, both inside.
    Source: cocodataset.org/#detection-eval; cocoapi ``cocoeval.py`` ``evaluateImg``.
    """
    low, high = np.array(area_ranges, np.float64).reshape(-1, 2).T[..., None]
    labels_ignored = labels.ignored | (labels.areas < low) | (labels.areas > high)
    outside = (detections.areas < low) | (detections.areas > high)
    least = np.minimum(thresholds, 1 - 1e-10)
    shape = len(low), len(least), len(detections.cells)
    matched, ignored = np.zeros(shape, bool), np.zeros(shape, bool)
    first = np.searchsorted(labels.cells, detections.cells)
    rivals = np.searchsorted(labels.cells, detections.cells, side="right") - first
    for count in np.unique(rivals[rivals > 0]):  # cells with equally many labels go together
        found = np.flatnonzero(rivals == count)
        places = first[found, None] + np.arange(count)
        pairs = np.repeat(found, count), places.ravel()
        similarity = pair_similarity(detections, labels, *pairs, sigmas).reshape(-1, count)
        starts = np.flatnonzero(detections.ranks[found] == 0)
        cells = places[starts]  # (C, G) labels
        matched[..., found], ignored[..., found] = _match_alike_cells(
            similarity, starts, labels.crowd[cells], labels_ignored[:, cells], least
        )
    ignored |= ~matched & outside[:, None]
    return Matches(detections, matched, ignored, labels.cells, labels_ignored)


def accumulate(
    matches: Matches,
    recall_levels: np.ndarray,
    max_detections: Sequence[int],
    num_categories: int,
    images: np.ndarray,
) -> dict[str, np.ndarray]:
    """Turn matches into precision at each level of recall.

    Args:
        matches: what ``match`` returned.
        recall_levels: float64 (R,), ascending, 0..1.
        max_detections: M numbers, how many detections of an image count.
        num_categories: K.
        images: bool (I,), which images count.
    Returns: ``precision`` and ``scores`` float64 (T, R, K, A, M), ``recall`` float64 (T, K, A, M);
        -1 where there are no labels.
    Source: cocodataset.org/#detection-eval; cocoapi ``cocoeval.py`` ``accumulate``.
    """
    found, (num_ranges, num_thresholds, _) = matches.detections, matches.matched.shape
    ends = num_categories, num_ranges, len(max_detections)
    recall = -np.ones((num_thresholds, *ends))
    precision = -np.ones((num_thresholds, len(recall_levels), *ends))
    scores = precision.copy()
    for k in range(num_categories):
        in_category = _choose(found.cells, k, images)
        labels = _choose(matches.label_cells, k, images)
        for m, most in enumerate(max_detections):
            order = in_category[found.ranks[in_category] < most]
            order = order[np.argsort(-found.scores[order], kind="stable")]
            for a in range(num_ranges):
                num_labels = np.count_nonzero(~matches.labels_ignored[a, labels])
                if not num_labels:
                    continue
                matched, counted = matches.matched[a][:, order], ~matches.ignored[a][:, order]
                hits = np.cumsum(matched & counted, axis=1)
                misses = np.cumsum(~matched & counted, axis=1)
                recalls = hits / num_labels
                recall[:, k, a, m] = recalls[:, -1] if len(order) else 0
                precisions = hits / (misses + hits + np.spacing(1))
                best_from_here = np.maximum.accumulate(precisions[:, ::-1], axis=1)[:, ::-1]
                precision[..., k, a, m], scores[..., k, a, m] = 0, 0
                for t in range(num_thresholds):
                    places = np.searchsorted(recalls[t], recall_levels)
                    reached = np.flatnonzero(places < len(order))
                    precision[t, reached, k, a, m] = best_from_here[t, places[reached]]
                    scores[t, reached, k, a, m] = found.scores[order[places[reached]]]
    return dict(precision=precision, recall=recall, scores=scores)


def _match_alike_cells(
    similarity: np.ndarray,
    starts: np.ndarray,
    crowd: np.ndarray,
    ignored: np.ndarray,
    least: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Match cells that have equally many labels: the best detection of each, then the second ...

    Args:
        similarity: float64 (N, G), of the cells' detections, one cell after another.
        starts: int64 (C,), the first detection of each cell.
        crowd: bool (C, G).
        ignored: bool (A, C, G).
        least: float64 (T,).
    Returns: two of bool (A, T, N): whether a label was found, and whether it was an ignored one.
    """
    num, count = similarity.shape
    shape = len(ignored), len(least), num
    matched, on_ignored = np.zeros(shape, bool), np.zeros(shape, bool)
    sizes = np.diff(starts, append=num)
    by_size = np.argsort(-sizes, kind="stable")  # so that those with a next detection come first
    sizes, starts, crowd, ignored = (
        sizes[by_size],
        starts[by_size],
        crowd[by_size],
        ignored[:, None, by_size],
    )
    # The more similar, and of equals the later: 1 to G; those that count are above all others.
    preference = np.empty(similarity.shape, np.int32)
    order = np.argsort(similarity, axis=1, kind="stable")
    np.put_along_axis(preference, order, np.arange(1, count + 1, dtype=np.int32)[None], axis=1)
    bonus = np.where(ignored, 0, count).astype(np.int32)
    taken = np.zeros((*shape[:2], len(starts), count), bool)
    for rank in range(sizes[0]):
        n = np.count_nonzero(sizes > rank)
        now = starts[:n] + rank
        allowed = (similarity[now] >= least[:, None, None]) & ~taken[:, :, :n]
        worth = np.where(allowed, preference[now] + bonus[:, :, :n], 0)
        best = worth.argmax(axis=-1)[..., None]
        hit = np.take_along_axis(worth, best, axis=-1) > 0
        chosen = (np.arange(count) == best) & hit
        taken[:, :, :n] |= chosen & ~crowd[:n]
        matched[..., now] = hit[..., 0]
        on_ignored[..., now] = (chosen & ignored[:, :, :n]).any(axis=-1)
    return matched, on_ignored


def _choose(cells: np.ndarray, category: int, images: np.ndarray) -> np.ndarray:
    """Places of the cells that belong to a category and to one of the images."""
    category_of, image_of = np.divmod(cells, max(len(images), 1))
    return np.flatnonzero((category_of == category) & images[image_of])
