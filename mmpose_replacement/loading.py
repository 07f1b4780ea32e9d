"""Load pictures as the device's camera hands them over."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from prepostprocess.image import load_rgb
from prepostprocess.preprocess import get_preprocess


@TRANSFORMS.register_module()
class KneronLoadImage(BaseTransform):
    """Read the image file as upright RGB, as every runner does.

    Reads: img_path.
    Writes: img uint8 (H, W, 3) RGB; img_shape and ori_shape (H, W).

    Args:
        preprocess: the config's word, checked here because this transform comes first.
    """

    def __init__(self, preprocess: str) -> None:
        super().__init__()
        get_preprocess(preprocess)
        self.preprocess = preprocess

    def transform(self, results: dict) -> dict:
        """Add the picture and its size."""
        image: np.ndarray = load_rgb(results["img_path"])
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(preprocess={self.preprocess!r})"
