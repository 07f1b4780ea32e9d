"""Box, flip and half-body transforms as mmpose's, with the same random draws and far less time."""

from typing import NamedTuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.datasets.transforms import GetBBoxCenterScale
from mmpose.registry import TRANSFORMS


class Origin(NamedTuple):
    """Where a part of an image begins in the whole.

    Attributes:
        x: first column.
        y: first row.
        is_mirrored: whether the whole, and ``x`` in it, has been mirrored.
    """

    x: int
    y: int
    is_mirrored: bool = False


@TRANSFORMS.register_module()
class KneronBBoxCenterScale(GetBBoxCenterScale):
    """Turn the person's box into centre and padded size, as ``GetBBoxCenterScale`` does.

    Reads: bbox (1, 4) xyxy. Writes: bbox_center (1, 2) xy and bbox_scale (1, 2) wh.

    Args:
        padding: factor on the box's width and height, above 0.
    """

    def __init__(self, padding: float = 1.25) -> None:
        super().__init__(padding)
        if padding <= 0:
            raise ValueError(f"padding must be above 0, got {padding}. Use 1.25, as all do.")

    def transform(self, results: dict) -> dict:
        """Add centre and size."""
        box_xyxy = results["bbox"]
        top_left, bottom_right = box_xyxy[:, :2], box_xyxy[:, 2:]
        results["bbox_center"] = (top_left + bottom_right) * 0.5
        results["bbox_scale"] = (bottom_right - top_left) * self.padding
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(padding={self.padding})"


@TRANSFORMS.register_module()
class KneronRandomFlip(BaseTransform):
    """Mirror the sample left to right now and then, as mmpose's ``RandomFlip`` does.

    The image becomes a mirrored view; its pixels are moved when it is cropped, and only those
    that the crop needs.

    Reads: img, img_shape (H, W) of the whole image, bbox_center (1, 2), bbox (1, 4) xyxy, keypoints
        (1, K, 2), keypoints_visible (1, K), flip_indices; img_origin, if img is a part.
    Writes: all of these but img_shape and flip_indices; flip, flip_direction.

    Args:
        prob: share of samples that are mirrored, 0..1.
    """

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__()
        check_share("prob", prob)
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Draw from NumPy's global generator, which mmengine seeds in every worker."""
        results["flip"] = bool(np.random.random_sample() < self.prob)
        results["flip_direction"] = "horizontal" if results["flip"] else None
        if results["flip"]:
            _mirror(results)
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prob={self.prob})"


def _mirror(results: dict) -> None:
    image, width = results["img"], results["img_shape"][1]
    results["img"] = image[:, ::-1]
    if "img_origin" in results:
        origin = results["img_origin"]
        results["img_origin"] = Origin(width - origin.x - image.shape[1], origin.y, True)
    for key, columns in (("bbox", slice(None, None, 2)), ("bbox_center", slice(1))):
        flipped = results[key].copy()
        flipped[:, columns] = width - flipped[:, columns] - 1
        results[key] = flipped
    indices = results["flip_indices"]
    keypoints = results["keypoints"][:, indices]
    keypoints[..., 0] = width - 1 - keypoints[..., 0]
    results["keypoints"] = keypoints
    results["keypoints_visible"] = results["keypoints_visible"][:, indices]


@TRANSFORMS.register_module()
class KneronRandomHalfBody(BaseTransform):
    """Show upper or lower body alone now and then, as mmpose's ``RandomHalfBody`` does.

    A half that is a single point, or whose middle lies outside the image, leaves the person whole:
    no crop can be made of it, or none that is sure to show a pixel once its size has been drawn.

    Reads: keypoints (1, K, 2), keypoints_visible (1, K), upper_body_ids, lower_body_ids,
        img_shape (H, W) of the whole image, bbox_center (1, 2), bbox_scale (1, 2).
    Writes: bbox_center and bbox_scale, those of the half body's keypoints.

    Args:
        min_total_keypoints: labelled keypoints that a person must have.
        prob: share of such people that are halved, 0..1.
        min_upper_keypoints: labelled keypoints that an upper body must have.
        min_lower_keypoints: labelled keypoints that a lower body must have.
        padding: factor on the extent of the keypoints.
        upper_prioritized_prob: share of upper bodies where both halves have enough.
    """

    def __init__(
        self,
        min_total_keypoints: int = 9,
        prob: float = 0.3,
        *,
        min_upper_keypoints: int = 2,
        min_lower_keypoints: int = 3,
        padding: float = 1.5,
        upper_prioritized_prob: float = 0.7,
    ) -> None:
        super().__init__()
        check_share("prob", prob)
        check_share("upper_prioritized_prob", upper_prioritized_prob)
        self.min_total_keypoints = min_total_keypoints
        self.prob = prob
        self.min_upper_keypoints = min_upper_keypoints
        self.min_lower_keypoints = min_lower_keypoints
        self.padding = padding
        self.upper_prioritized_prob = upper_prioritized_prob

    def transform(self, results: dict) -> dict:
        """Draw from NumPy's global generator, which mmengine seeds in every worker."""
        indices = self._draw_half(results)
        if indices is not None:
            points = results["keypoints"][0, indices]
            extent, center = points.max(axis=0) - points.min(axis=0), points.mean(axis=0)
            height, width = results["img_shape"][:2]
            is_inside = 0 <= center[0] < width and 0 <= center[1] < height
            if extent.any() and is_inside:
                results["bbox_center"] = center[None]
                results["bbox_scale"] = extent[None] * self.padding
        return results

    def _draw_half(self, results: dict) -> list[int] | None:
        """Choose the keypoints of one half; None leaves the person whole."""
        visible = results["keypoints_visible"][0]
        if visible.sum() < self.min_total_keypoints or np.random.random_sample() > self.prob:
            return None
        upper, lower = (
            [index for index in results[key] if visible[index] > 0]
            for key in ("upper_body_ids", "lower_body_ids")
        )
        prefers_upper = np.random.random_sample() < self.upper_prioritized_prob
        has_upper = len(upper) >= self.min_upper_keypoints
        has_lower = len(lower) >= self.min_lower_keypoints
        if has_upper and has_lower:
            return upper if prefers_upper else lower
        if has_upper:
            return upper
        return lower if has_lower else None

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(min_total_keypoints={self.min_total_keypoints}, "
            f"prob={self.prob}, min_upper_keypoints={self.min_upper_keypoints}, "
            f"min_lower_keypoints={self.min_lower_keypoints}, padding={self.padding}, "
            f"upper_prioritized_prob={self.upper_prioritized_prob})"
        )


def check_share(name: str, value: float) -> None:
    """Refuse what is no share.

    Args:
        name: the argument's name, for the message.
        value: what should be in 0..1.
    Raises: ValueError: it is not.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}. Give a share, not a percentage.")
