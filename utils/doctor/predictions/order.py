"""Joints in another order: which label each predicted joint lies on, over all people."""

from collections.abc import Sequence

import numpy as np

from utils.doctor.predictions.pairs import Pairs
from utils.joints import mirrored

_FEWEST = 5  # labels that a joint must have
_UNKNOWN = 1e3  # a distance that none is
_CLOSER = 0.5  # share of the own distance at which another joint is the better one


def find_order(pairs: Pairs, found: np.ndarray) -> np.ndarray:
    """Find the predicted joint that belongs to each labelled one.

    Args:
        pairs: labels and predictions.
        found: float64 (Q, K, 2), predictions in the labels' frame.

    Returns:
        int64 (K,), its place, all different; the joints' own unless some lie clearly closer.
    """
    distance = _distances(pairs, found)
    own = np.diag(distance)
    order = _assign(distance)
    chosen = distance[np.arange(len(order)), order]
    is_clear = (order != np.arange(len(order))) & (chosen < _CLOSER * own)
    return order if is_clear.any() else np.arange(len(order))


def _distances(pairs: Pairs, found: np.ndarray) -> np.ndarray:
    """Of each labelled joint to each predicted one: medians in parts of people's size, (K, K)."""
    rows = pairs.best(pairs.overlap(found))
    count = found.shape[1]
    distance = np.full((count, count), _UNKNOWN)
    np.fill_diagonal(distance, 0)  # a joint that nobody shows keeps its place
    for k in range(count):
        use = rows[pairs.labelled[rows, k]]
        apart = (found[use] - pairs.truth[use, k][:, None]) / np.sqrt(pairs.areas[use, None, None])
        each = np.where(pairs.shown[use], np.hypot(apart[..., 0], apart[..., 1]), np.nan)
        enough = pairs.shown[use].sum(axis=0) >= _FEWEST
        if enough[k]:
            distance[k, k] = _UNKNOWN
            distance[k, enough] = np.nanmedian(each[:, enough], axis=0)
    return distance


def _assign(distance: np.ndarray) -> np.ndarray:
    """Give each row a column of its own: the closest first, then exchanges as long as they pay."""
    count = len(distance)
    order = np.full(count, -1)
    for place in np.argsort(distance, axis=None, kind="stable").tolist():
        k, other = divmod(place, count)
        if order[k] < 0 and other not in order:
            order[k] = other
    is_better = True
    while is_better:
        is_better = False
        for a in range(count):
            for b in range(a):
                before = distance[a, order[a]] + distance[b, order[b]]
                if distance[a, order[b]] + distance[b, order[a]] < before - 1e-9:
                    order[a], order[b] = order[b], order[a]
                    is_better = True
    return order


def describe_order(order: np.ndarray, names: Sequence[str]) -> tuple[str, list[str]]:
    """Say what an order is.

    Args:
        order: int64 (K,), of ``find_order``.
        names: K keypoints; empty: not known.

    Returns:
        The likely cause, and each joint that is at another place.
    """
    names = names or [f"keypoint {k}" for k in range(len(order))]
    moved = [(k, int(other)) for k, other in enumerate(order) if k != other]
    told = [f"'{names[k]}' at the place of '{names[other]}'" for k, other in moved]
    if all(mirrored(names[k]) == names[other] for k, other in moved):
        return "Left and right are exchanged.", told
    by_name = sorted(names)
    if all(by_name.index(names[k]) == other for k, other in moved):
        return "They are in the order of the alphabet.", told
    return "They are in another order.", told
