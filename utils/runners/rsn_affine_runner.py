"""Cut people out for the pose network: Kneron's "RSN affine", a warp or the chip's own crop."""

import numpy as np

from prepostprocess.crop.box import box_to_center_scale
from prepostprocess.preprocess import Crop, crop_person
from utils.runners.pose_spec import PoseSpec


class RsnAffineRunner:
    """Image and boxes in, crops of the network input's size out.

    Args:
        spec: input size, padding and whose crop.
    """

    def __init__(self, spec: PoseSpec) -> None:
        self.spec = spec

    def run(self, image: np.ndarray, boxes_xywh: np.ndarray) -> list[Crop]:
        """Cut every box out.

        Args:
            image: uint8 (H, W, 3), RGB.
            boxes_xywh: float (N, 4), left, top, width, height in source pixels.
        Returns: N crops; each knows the region that it really shows.
        Raises: ValueError: a box without area, or ("kneron_*") one wholly outside the image.
        """
        spec = self.spec
        if not len(boxes_xywh):
            return []
        centers, scales = box_to_center_scale(boxes_xywh, spec.input_wh, spec.padding)
        return [
            crop_person(image, center, scale, spec.input_wh, spec.crop_preprocess, udp=spec.udp)
            for center, scale in zip(centers, scales, strict=True)
        ]
