"""Other light and other colours: what a camera or a lamp would have made of the same scene."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from mmpose_replacement.training_transforms import check_share


@TRANSFORMS.register_module()
class KneronRandomColour(BaseTransform):
    """Change light and colour of the image now and then.

    Each channel c of a pixel in 0..1 becomes gain_c x c ** gamma, rounded to 8 bits and clipped.

    Reads: img uint8 (H, W, 3). Writes: img, a new image.

    Args:
        strength: the logarithms of gain and gamma are uniform within plus or minus this; the gains
            of the channels differ by up to a third of it, either way. 0: nothing is drawn.
        prob: share of samples that are changed, 0..1.
    """

    def __init__(self, strength: float = 0.4, prob: float = 0.8) -> None:
        super().__init__()
        check_share("prob", prob)
        if strength < 0:
            raise ValueError(f"strength must be at least 0, got {strength}. Begin with 0.4.")
        self.strength, self.prob = strength, prob

    def transform(self, results: dict) -> dict:
        """Draw from NumPy's global generator, which mmengine seeds in every worker."""
        if self.strength and np.random.random_sample() < self.prob:
            gain, gamma, *tint = np.random.uniform(-self.strength, self.strength, 5)
            gains = np.exp(gain + np.array(tint) / 3)
            curve = np.linspace(0, 1, 256)[:, None] ** np.exp(gamma) * gains * 255
            table = np.rint(curve).clip(0, 255).astype(np.uint8)
            results["img"] = cv2.LUT(results["img"], table[None])
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(strength={self.strength}, prob={self.prob})"
