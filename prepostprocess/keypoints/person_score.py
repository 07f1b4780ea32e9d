"""One score for a person: how sure the detector and the pose network are together."""

import numpy as np

VISIBLE = 0.2  # keypoints must score above it to count


def person_scores(
    box_scores: np.ndarray, keypoint_scores: np.ndarray, threshold: float = VISIBLE
) -> np.ndarray:
    """Multiply the box score by the mean score of the keypoints above the threshold.

    Args:
        box_scores: float (N,), 0..1.
        keypoint_scores: float (N, K).
        threshold: keypoints at or below it do not count.
    Returns: float32 (N,); 0 where no keypoint counts.
    Source: COCO evaluation of arXiv:1804.06208's released code; mmpose's ``bbox_keypoint``.
    """
    counts = keypoint_scores > threshold
    total = np.where(counts, keypoint_scores, 0).sum(axis=-1)
    mean = total / np.maximum(counts.sum(axis=-1), 1)
    return (box_scores * mean).astype(np.float32)
