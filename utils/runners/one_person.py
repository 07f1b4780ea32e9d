"""The box of one person who dominates an image, found by the pose network itself in two looks."""

import numpy as np

from prepostprocess.crop.box import MARGIN_XY
from utils.people import Detections
from utils.runners.pipeline import PosePipeline

LEAST_JOINTS = 5  # fewer say nothing of where the person ends


def find_one_person(pipeline: PosePipeline, image: np.ndarray) -> Detections:
    """Look at the whole image, then draw a box around the joints found in it.

    Args:
        pipeline: needs no detector.
        image: uint8 (H, W, 3), RGB.

    Returns:
        One box; the whole image where the first look finds fewer than five joints.
    """
    height, width = image.shape[:2]
    whole = Detections.of((0, 0, width, height))
    person = pipeline.estimate([image], [whole])[0]
    seen = person.keypoint_scores[0] > pipeline.pose.params.kpt_thr
    if seen.sum() < LEAST_JOINTS:
        return whole
    joints = person.keypoints[0][seen]
    margin = (joints.max(axis=0) - joints.min(axis=0)) * MARGIN_XY
    left, top = np.maximum(joints.min(axis=0) - margin, 0)
    right, bottom = np.minimum(joints.max(axis=0) + margin, [width, height])
    if right - left < 1 or bottom - top < 1:
        return whole
    return Detections.of((left, top, right - left, bottom - top))
