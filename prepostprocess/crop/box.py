"""Person box to the centre and size of the region that is cropped, in mmpose 1.x's convention."""

import numpy as np

# How far COCO's boxes reach beyond the outermost joints, in parts of the joints' own width and
# height: medians of 153 people of train2017 with at least 14 labelled joints, measured here.
MARGIN_XY = (0.15, 0.11)
PADDING = 1.25  # the region is so much wider and higher than the box, as in every mmpose recipe
PADDING_RULE = "a number from 0.1 to 10"


def is_padding(value: float) -> bool:
    """Tell whether a factor on boxes leaves something of a person to see."""
    return 0.1 <= value <= 10


def xywh_to_xyxy(box_xywh: np.ndarray) -> np.ndarray:
    """Convert left, top, width, height to left, top, right, bottom.

    Args:
        box_xywh: (..., 4) numbers, pixels.
    Returns: float32 (..., 4), pixels; the sums are rounded once, from float64.
    Raises: ValueError: the last axis is not 4.
    """
    box = np.asarray(box_xywh, dtype=np.float64)
    if box.ndim == 0 or box.shape[-1] != 4:
        raise ValueError(
            f"box_xywh must have shape (..., 4), got {box.shape}. Give left, top, width, height."
        )
    return np.concatenate([box[..., :2], box[..., :2] + box[..., 2:]], axis=-1).astype(np.float32)


def fix_aspect(scale_wh: np.ndarray, input_wh: tuple[int, int]) -> np.ndarray:
    """Widen or heighten a region until it has the network input's shape.

    Args:
        scale_wh: float (..., 2), width and height in source pixels.
        input_wh: network input width and height; only their ratio counts.
    Returns: the same dtype and shape, never smaller than ``scale_wh``.
    Source: arXiv:1804.06208's released code; mmpose 1.x ``TopdownAffine`` does the same.
    """
    # in the boxes' own type: NumPy 1 makes a float32 number times a Python one a float64
    aspect = scale_wh.dtype.type(input_wh[0] / input_wh[1])
    width, height = scale_wh[..., 0], scale_wh[..., 1]
    is_wide = width > height * aspect
    return np.stack(
        [np.where(is_wide, width, height * aspect), np.where(is_wide, width / aspect, height)],
        axis=-1,
    )


def box_to_center_scale(
    box_xywh: np.ndarray, input_wh: tuple[int, int], padding: float = PADDING
) -> tuple[np.ndarray, np.ndarray]:
    """Find the region around a person box that is shown to the network.

    Args:
        box_xywh: (..., 4), left, top, width, height in source pixels; width and height above 0.
        input_wh: network input width and height in pixels.
        padding: factor on the box's width and height, above 0.
    Returns: centre xy, float32 (..., 2), and width and height of the region, float32 (..., 2), both
        in source pixels; the region has the shape of the input. (mmpose 0.x divides the latter by
        200.)
    Raises: ValueError: a width or height is not above 0 or not finite.
    """
    box_xyxy = xywh_to_xyxy(box_xywh)
    top_left, bottom_right = box_xyxy[..., :2], box_xyxy[..., 2:]
    if not np.isfinite(box_xyxy).all() or not (bottom_right > top_left).all():
        raise ValueError(
            "box_xywh must be finite with width and height above 0, "
            f"got {np.asarray(box_xywh).tolist()}. Drop boxes without area."
        )
    center = (top_left + bottom_right) * 0.5
    return center, fix_aspect((bottom_right - top_left) * padding, input_wh)
