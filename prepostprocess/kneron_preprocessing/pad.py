"""Padding with a value or with the edge pixels."""

from collections.abc import Sequence

import numpy as np

from .checks import MAX_SIDE, as_int, as_number, as_size, check_image


def split_padding(total: int) -> tuple[int, int]:
    """Halve a padding; the odd pixel goes after (right or bottom)."""
    return total // 2, total - total // 2


def _fill_value(pad_val: float | str, dtype: np.dtype) -> np.generic:
    value = as_number(pad_val, "pad_val")
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if value != int(value) or not limits.min <= value <= limits.max:
            raise ValueError(
                f"pad_val must be a whole number in {limits.min}..{limits.max} for {dtype}, "
                f"got {pad_val!r}. Normalise before padding, or pad with a pixel value."
            )
    return dtype.type(value)


def pad(
    image: np.ndarray,
    pad_l: int = 0,
    pad_r: int = 0,
    pad_t: int = 0,
    pad_b: int = 0,
    pad_val: float | str = 0,
) -> np.ndarray:
    """Add columns left and right and rows above and below.

    Args:
        image: (H, W) or (H, W, C), uint8 or any real number type; the dtype is kept.
        pad_l: columns added on the left, 0..65535.
        pad_r: columns added on the right, 0..65535.
        pad_t: rows added above, 0..65535.
        pad_b: rows added below, 0..65535.
        pad_val: value of the new pixels, one that the dtype holds, or "edge" to repeat the edge.
    Returns: (H + pad_t + pad_b, W + pad_l + pad_r) or with C, a new array.
    Raises: ValueError: not an image, a negative size, or a value that the dtype cannot hold.
    Source: Kneron PPP ``funcs/Padding.py``.
    """
    check_image(image, kinds="iuf")
    sides = {"pad_l": pad_l, "pad_r": pad_r, "pad_t": pad_t, "pad_b": pad_b}
    left, right, top, bottom = (as_int(n, name, 0, MAX_SIDE) for name, n in sides.items())
    if isinstance(pad_val, str) and pad_val.strip().lower() == "edge":
        depth = [(0, 0)] * (image.ndim - 2)
        return np.pad(image, [(top, bottom), (left, right), *depth], mode="edge")
    height, width = image.shape[:2]
    shape = (height + top + bottom, width + left + right, *image.shape[2:])
    out = np.full(shape, _fill_value(pad_val, image.dtype), image.dtype)
    out[top : top + height, left : left + width] = image
    return out


def _missing(image: np.ndarray, size: Sequence[int]) -> tuple[int, int]:
    check_image(image, kinds="iuf")
    width, height = as_size(size, "size")
    if image.shape[1] > width or image.shape[0] > height:
        raise ValueError(
            f"size must be at least the image's {image.shape[1]}x{image.shape[0]}, "
            f"got {width}x{height}. Resize the image first."
        )
    return width - image.shape[1], height - image.shape[0]


def pad_center(
    image: np.ndarray, size: Sequence[int] | None = None, pad_val: float | str = 0
) -> np.ndarray:
    """Pad to ``size`` = (width, height) on all sides, the odd pixel going right and below.

    Like :func:`pad` otherwise; ``size`` None returns ``image`` itself.

    Args:
        image: see :func:`pad`.
        size: (width, height), pixels.
        pad_val: see :func:`pad`.

    Returns:
        The padded image.
    """
    if size is None:
        return image
    columns, rows = _missing(image, size)
    return pad(image, *split_padding(columns), *split_padding(rows), pad_val)


def pad_corner(
    image: np.ndarray, size: Sequence[int] | None = None, pad_val: float | str = 0
) -> np.ndarray:
    """Pad to ``size`` = (width, height) on the right and below only.

    Like :func:`pad` otherwise; ``size`` None returns ``image`` itself.

    Args:
        image: see :func:`pad`.
        size: (width, height), pixels.
        pad_val: see :func:`pad`.

    Returns:
        The padded image.
    """
    if size is None:
        return image
    columns, rows = _missing(image, size)
    return pad(image, 0, columns, 0, rows, pad_val)
