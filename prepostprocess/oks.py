"""Object keypoint similarity: how close two poses are, on COCO's scale of 0 to 1."""

import numpy as np

# COCO's per-keypoint constants (cocoapi, cocoeval.py), in the order of its 17 body keypoints.
COCO_SIGMAS = np.array(
    [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], np.float64
)
COCO_SIGMAS /= 1000
_EPSILON = np.spacing(1.0)


def keypoint_similarity(
    predicted: np.ndarray, truth: np.ndarray, area: float, sigmas: np.ndarray = COCO_SIGMAS
) -> np.ndarray:
    """Say how close each keypoint is to where it should be.

    Args:
        predicted: float (..., K, 2), source xy.
        truth: float (K, 2), source xy.
        area: of the true person, source pixels squared.
        sigmas: float (K,), how freely each keypoint is labelled.
    Returns: float64 (..., K), 0..1: exp(-d^2 / (2 * area * (2 * sigma)^2)).
    Source: cocoapi ``cocoeval.py`` ``computeOks``.
    """
    squared = ((np.asarray(predicted, np.float64) - truth) ** 2).sum(axis=-1)
    return np.exp(-squared / (2 * sigmas) ** 2 / (area + _EPSILON) / 2)


def oks(
    predicted: np.ndarray,
    truth: np.ndarray,
    area: float,
    labelled: np.ndarray | None = None,
    sigmas: np.ndarray = COCO_SIGMAS,
) -> np.ndarray:
    """Mean similarity over the keypoints that are labelled.

    Args:
        predicted: float (N, K, 2), source xy.
        truth: float (K, 2), source xy.
        area: of the true person, source pixels squared.
        labelled: bool (K,), which keypoints count; None for all.
        sigmas: float (K,).
    Returns: float64 (N,), 0..1; 0 where nothing is labelled.
    """
    if labelled is None:
        labelled = np.ones(len(truth), bool)
    if not labelled.any():
        return np.zeros(len(predicted))
    return keypoint_similarity(predicted, truth, area, sigmas)[:, labelled].mean(axis=-1)


def oks_nms(
    keypoints: np.ndarray,
    scores: np.ndarray,
    areas: np.ndarray,
    threshold: float,
    sigmas: np.ndarray = COCO_SIGMAS,
) -> np.ndarray:
    """Keep the best pose, drop all that are more similar to it than the threshold, and so on.

    Args:
        keypoints: float (N, K, 2), source xy.
        scores: float (N,); of equal scores the earlier pose is the better one.
        areas: float (N,), source pixels squared; a pair is compared at the mean of its two areas.
        threshold: 0..1.
        sigmas: float (K,).
    Returns: int64 (M,), indices of the kept poses, best first.
    Source: ``oks_nms`` of mmpose and of arXiv:1804.06208's released code.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        mean_area = ((areas[best] + areas[order]) * 0.5)[:, None]
        similar = keypoint_similarity(keypoints[order], keypoints[best], mean_area, sigmas)
        order = order[similar.mean(axis=-1) <= threshold]
    return np.array(kept, np.int64)
