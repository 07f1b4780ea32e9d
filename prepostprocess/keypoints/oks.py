"""Object keypoint similarity: how close two poses are, on COCO's scale of 0 to 1."""

import numpy as np

from prepostprocess.keypoints.coco import COCO_SIGMAS

_EPSILON = np.spacing(1.0)


def keypoint_similarity(
    predicted: np.ndarray,
    truth: np.ndarray,
    area: float | np.ndarray,
    sigmas: np.ndarray = COCO_SIGMAS,
) -> np.ndarray:
    """Say how close each keypoint is to where it should be.

    Args:
        predicted: float (..., K, 2), source xy.
        truth: float (K, 2) or (..., K, 2), source xy.
        area: of the true person, source pixels squared; or (..., 1) of each.
        sigmas: float (K,), how freely each keypoint is labelled.
    Returns: float64 (..., K), 0..1: exp(-d^2 / (2 * area * (2 * sigma)^2)).
    Source: cocoapi ``cocoeval.py`` ``computeOks``.
    """
    return _fall_off(np.asarray(predicted, np.float64) - truth, area, sigmas)


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


def pose_similarity(
    keypoints: np.ndarray, areas: np.ndarray, sigmas: np.ndarray = COCO_SIGMAS
) -> np.ndarray:
    """Say how similar all poses of an image are to one another; all keypoints count.

    The arithmetic is in the precision of what is given, and the result is rounded as mmpose does,
    so that a comparison with a threshold comes out as there.

    Args:
        keypoints: float (N, K, 2), source xy.
        areas: float (N,), source pixels squared; a pair is compared at the mean of its two areas.
        sigmas: float (K,).
    Returns: float32 (N, N), 0..1, symmetric.
    Source: ``oks_iou`` of mmpose and of arXiv:1804.06208's released code.
    """
    first, second = np.triu_indices(len(keypoints), 1)
    mean_areas = (areas[first] + areas[second]) / 2
    pairs = _fall_off(keypoints[first] - keypoints[second], mean_areas[:, None], sigmas)
    similarity = np.ones((len(keypoints), len(keypoints)), np.float32)
    similarity[first, second] = similarity[second, first] = pairs.mean(axis=-1)
    return similarity


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
        areas: float (N,), source pixels squared.
        threshold: 0..1; a similarity of exactly this is kept.
        sigmas: float (K,).
    Returns: int64 (M,), indices of the kept poses, best first.
    Source: ``oks_nms`` of mmpose and of arXiv:1804.06208's released code.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    different = pose_similarity(keypoints[order], areas[order], sigmas) <= threshold
    left = np.ones(len(order), bool)
    kept: list[int] = []
    for place, pose in enumerate(order):
        if left[place]:
            kept.append(pose)
            left &= different[place]
    return np.array(kept, np.int64)


def soft_oks_nms(
    keypoints: np.ndarray,
    scores: np.ndarray,
    areas: np.ndarray,
    threshold: float,
    sigmas: np.ndarray = COCO_SIGMAS,
    max_kept: int = 20,
) -> np.ndarray:
    """Take the best pose, lower the scores of those similar to it, take the best left, and so on.

    Args:
        keypoints: float (N, K, 2), source xy.
        scores: float (N,); of equal scores the later pose is taken first.
        areas: float (N,), source pixels squared.
        threshold: width of the lowering: a score is multiplied by exp(-similarity^2 / threshold).
        sigmas: float (K,).
        max_kept: stop after so many poses.
    Returns: int64 (M,), indices of the poses taken, in this order.
    Source: ``soft_oks_nms`` of mmpose 1.1.0.
    """
    similarity = pose_similarity(keypoints, areas, sigmas)
    order, scores = np.arange(len(keypoints)), np.asarray(scores)
    kept: list[int] = []
    while len(order) and len(kept) < max_kept:
        ranking = scores.argsort()[::-1]
        order, scores = order[ranking], scores[ranking]
        kept.append(order[0])
        overlap, order = similarity[order[0], order[1:]], order[1:]
        scores = scores[1:] * np.exp(-(overlap**2) / threshold)
    return np.array(kept, np.int64)


def _fall_off(offsets: np.ndarray, area: float | np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """exp(-d^2 / (2 * area * (2 * sigma)^2)) of (..., K, 2) offsets, in their precision."""
    squared = offsets[..., 0] ** 2 + offsets[..., 1] ** 2
    return np.exp(-squared / (2 * sigmas) ** 2 / (area + _EPSILON) / 2)
