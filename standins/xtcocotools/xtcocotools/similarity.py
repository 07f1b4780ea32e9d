"""Object keypoint similarity of many pairs of a detection and a label at once."""

from collections.abc import Iterator

import numpy as np

from .instances import Detections, Labels

_BLOCK = 1 << 15  # numbers worked on at once, so that they stay in the processor's cache


def pair_similarity(
    detections: Detections,
    labels: Labels,
    detection_places: np.ndarray,
    label_places: np.ndarray,
    sigmas: np.ndarray,
) -> np.ndarray:
    """Say how close each detection of a list of pairs is to its label.

    The mean runs over the keypoints that the label has. Where it has none, the distance is that to
    a region of three times the label's box, and all keypoints count.

    Args:
        detections: D of them.
        labels: L of them.
        detection_places: int (P,), 0 to D - 1.
        label_places: int (P,), 0 to L - 1.
        sigmas: float64 (K,), spread of each keypoint.
    Returns: float64 (P,), 0..1, to the last bit what ``computeOks`` of cocoapi gives.
    Source: cocodataset.org/#keypoints-eval; cocoapi ``cocoeval.py``.
    """
    similarity = np.empty(len(label_places))
    labelled = labels.keypoints[..., 2] > 0
    counts = np.count_nonzero(labelled, axis=1)
    variances = (sigmas * 2) ** 2
    found_x, found_y = (np.ascontiguousarray(detections.keypoints[..., i]) for i in (0, 1))
    # Pairs with equally many labelled keypoints make rows of one length, which NumPy sums just as
    # it sums a single row. An order of summing of its own could move a value across a threshold.
    for count in np.unique(counts[label_places]):
        chosen = np.flatnonzero(counts == count)
        measure = _Points(labels, chosen) if count else _Surroundings(labels, chosen)
        row_of = np.full(len(counts), -1)
        row_of[chosen] = np.arange(len(chosen))
        for pairs in _blocks(np.flatnonzero(counts[label_places] == count), count or len(sigmas)):
            rows = row_of[label_places[pairs]]
            columns = measure.columns[rows]
            cells = detection_places[pairs, None], columns
            dx, dy = measure.offsets(found_x[cells], found_y[cells], rows)
            areas = labels.areas[label_places[pairs], None] + np.spacing(1)
            exponents = (dx**2 + dy**2) / variances[columns] / areas / 2
            similarity[pairs] = np.exp(-exponents).sum(axis=1) / exponents.shape[1]
    return similarity


class _Points:
    """The labelled keypoints of labels that have equally many, from which distances are taken."""

    def __init__(self, labels: Labels, chosen: np.ndarray) -> None:
        keypoints = labels.keypoints[chosen]
        rows, columns = np.nonzero(keypoints[..., 2] > 0)
        self.columns = columns.reshape(len(chosen), -1)
        self.x, self.y = (keypoints[rows, columns, i].reshape(len(chosen), -1) for i in (0, 1))

    def offsets(self, x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> tuple:
        return x - self.x[rows], y - self.y[rows]


class _Surroundings:
    """The region around labels without keypoints: the box, and as much again on each side."""

    def __init__(self, labels: Labels, chosen: np.ndarray) -> None:
        left, top, width, height = labels.boxes_xywh[chosen].T[..., None]
        self.columns = np.tile(np.arange(labels.keypoints.shape[1]), (len(chosen), 1))
        self.x = left - width, left + width * 2
        self.y = top - height, top + height * 2

    def offsets(self, x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> tuple:
        return tuple(
            np.maximum(0, low[rows] - values) + np.maximum(0, values - high[rows])
            for values, (low, high) in ((x, self.x), (y, self.y))
        )


def _blocks(places: np.ndarray, width: int) -> Iterator[np.ndarray]:
    step = max(1, _BLOCK // width)
    for start in range(0, len(places), step):
        yield places[start : start + step]
