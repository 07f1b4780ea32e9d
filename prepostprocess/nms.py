"""Greedy non-maximum suppression, the same choice as torchvision's, without PyTorch."""

import numpy as np


def nms(
    boxes_xyxy: np.ndarray, scores: np.ndarray, iou_threshold: float, max_kept: int | None = None
) -> np.ndarray:
    """Keep the best box, drop all that overlap it by more than the threshold, and so on.

    Each round compares one kept box with all that are left at once, so the work is that of the
    boxes kept, not of the pairs.

    Args:
        boxes_xyxy: float32 (N, 4), left, top, right, bottom, pixels.
        scores: float (N,); of equal scores the earlier box counts as the better one.
        iou_threshold: 0..1; an overlap of exactly this is kept.
        max_kept: stop after so many boxes; None for no limit.
    Returns: int64 (M,), indices of the kept boxes, best first.
    Source: ``torchvision.ops.nms`` (CPU), float32 operation by operation.
    """
    boxes = np.ascontiguousarray(boxes_xyxy, dtype=np.float32)
    order = np.argsort(-np.asarray(scores), kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    while len(order) and (max_kept is None or len(kept) < max_kept):
        best, order = order[0], order[1:]
        kept.append(best)
        overlap = _iou_with(boxes[best], areas[best], boxes[order], areas[order])
        # Negated, so that the NaN of two boxes without area suppresses nothing, as in torchvision.
        order = order[~(overlap.astype(np.float64) > iou_threshold)]
    return np.array(kept, np.int64)


def iou_matrix(first_xyxy: np.ndarray, second_xyxy: np.ndarray) -> np.ndarray:
    """Overlap of every box of one set with every box of another.

    Args:
        first_xyxy: float (N, 4), left, top, right, bottom, pixels.
        second_xyxy: float (M, 4).
    Returns: float32 (N, M), intersection over union, 0..1 (0 where both have no area).
    """
    first, second = np.asarray(first_xyxy, np.float32), np.asarray(second_xyxy, np.float32)
    areas = (second[:, 2] - second[:, 0]) * (second[:, 3] - second[:, 1])
    rows = [_iou_with(box, (box[2] - box[0]) * (box[3] - box[1]), second, areas) for box in first]
    return np.nan_to_num(np.array(rows, np.float32).reshape(len(first), len(second)))


def _iou_with(
    box: np.ndarray, area: np.float32, boxes: np.ndarray, areas: np.ndarray
) -> np.ndarray:
    """Overlap of one box with many, float32 (N,)."""
    top_left = np.maximum(box[:2], boxes[:, :2])
    bottom_right = np.minimum(box[2:], boxes[:, 2:])
    sides = np.maximum(bottom_right - top_left, np.float32(0))
    shared = sides[:, 0] * sides[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return shared / (area + areas - shared)
