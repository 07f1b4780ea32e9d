"""Crops: box rounding, the 520's alignment rule, and cutting with black outside the image."""

import math
from collections.abc import Sequence

import numpy as np

from .checks import MAX_SIDE, as_bool, as_choice, as_int, as_number, as_size, check_image
from .defaults import DEFAULT, current_defaults

Box = tuple[int, int, int, int]


def round_box(box: Sequence[float], rounding_type: int) -> Box:
    """Round a box: type 0 outwards (floor, ceil), type 1 to nearest, halves to even.

    Args:
        box: (x1, y1, x2, y2).
        rounding_type: 0 or 1.

    Returns:
        Whole pixels.
    """
    x1, y1, x2, y2 = box
    if rounding_type == 0:
        return math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2)
    return round(x1), round(y1), round(x2), round(y2)


def align_box_to_4(box: Box, image_width: int) -> Box:
    """Shrink a box sideways to the 520's grid: left edge up, right margin up, to multiples of 4.

    The new width is a multiple of 4 only if ``image_width`` is.

    Args:
        box: (x1, y1, x2, y2), whole pixels.
        image_width: pixels.

    Returns:
        The box, not wider than before.
    """
    x1, y1, x2, y2 = box
    return (x1 + 3) & ~3, y1, image_width - ((image_width - x2 + 3) & ~3), y2


def pad_box_to_square(box: Box) -> Box:
    """Widen the shorter side to a square; the part added before it is a multiple of 4."""
    x1, y1, x2, y2 = box
    excess = (x2 - x1) - (y2 - y1)
    if excess > 0:
        before = (excess >> 1) & ~3
        return x1, y1 - before, x2, y2 + excess - before
    before = -((excess >> 1) & ~3)
    return x1 - before, y1, x2 - excess - before, y2


def _final_box(
    box: Sequence[float],
    image_width: int | None,
    align_w_to_4: bool | str | None,
    pad_square_to_4: bool | str,
    rounding_type: int | str,
    as_original: bool,
) -> Box:
    if align_w_to_4 is DEFAULT:
        align_w_to_4 = current_defaults().align_w_to_4
    found = round_box(box, as_choice(rounding_type, "rounding_type", (0, 1)))
    if as_bool(align_w_to_4, "align_w_to_4"):
        found = align_box_to_4(found, 0 if image_width is None else image_width)
    square = as_bool(pad_square_to_4, "pad_square_to_4")
    if square and not as_bool(as_original, "as_original"):
        found = pad_box_to_square(found)
    if found[0] >= found[2] or found[1] >= found[3]:
        raise ValueError(
            f"box must hold at least one pixel, got {found} after rounding. Enlarge it."
        )
    return found


def read_box(box: Sequence[float], name: str = "box") -> tuple[float, ...]:
    """Read (x1, y1, x2, y2).

    Args:
        box: four numbers, also as strings.
        name: the argument, for the message.

    Returns:
        (x1, y1, x2, y2).

    Raises: ValueError: not four finite numbers, or nothing between them.
    """
    if isinstance(box, str) or not hasattr(box, "__len__") or len(box) != 4:
        raise ValueError(f"{name} must be (x1, y1, x2, y2), got {box!r}. Pass four numbers.")
    values = tuple(as_number(value, f"{name}[{i}]") for i, value in enumerate(box))
    if values[0] >= values[2] or values[1] >= values[3]:
        raise ValueError(f"{name} must have x1 < x2 and y1 < y2, got {values}. Order its corners.")
    return values


def cut(image: np.ndarray, box: Box) -> np.ndarray:
    """Copy a box of whole pixels out of an image; pixels outside the image are 0.

    Args:
        image: (H, W) or (H, W, C).
        box: (x1, y1, x2, y2), whole pixels.

    Returns:
        A copy of the box's size.

    Raises: ValueError: the box lies wholly outside the image.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if left >= right or top >= bottom:
        raise ValueError(
            f"box must overlap the {width}x{height} image, got {box}. Move it into the image."
        )
    inside = image[top:bottom, left:right]
    if (left, top, right, bottom) == box:
        return inside.copy()
    out = np.zeros((y2 - y1, x2 - x1, *image.shape[2:]), image.dtype)
    out[top - y1 : bottom - y1, left - x1 : right - x1] = inside
    return out


def get_crop_range(
    box: Sequence[float] | None,
    align_w_to_4: bool | str | None = DEFAULT,
    pad_square_to_4: bool | str = False,
    rounding_type: int | str = 0,
    *,
    image_width: int | None = None,
    as_original: bool = False,
) -> Box:
    """Compute the box that ``crop`` would cut.

    Args:
        box: (x1, y1, x2, y2), pixels; None gives (0, 0, 0, 0).
        align_w_to_4: shrink sideways to multiples of 4; DEFAULT is the process's default.
        pad_square_to_4: then widen the shorter side to a square.
        rounding_type: 0 outwards, 1 to nearest with halves to even.
        image_width: width of the image, pixels, for the alignment of the right edge; None
            stands for any multiple of 4.
        as_original: repeat the original's answer: width 1 and no squaring.
    Returns: (x1, y1, x2, y2), whole pixels.
    Raises: ValueError: not a box, an empty box, or an unknown option value.
    Source: Kneron PPP ``funcs/Crop.py``; 520 alignment rule.
    """
    if box is None:
        return (0, 0, 0, 0)
    if as_original:
        image_width = 1
    elif image_width is not None:
        image_width = as_int(image_width, "image_width", 1, MAX_SIDE)
    return _final_box(
        read_box(box), image_width, align_w_to_4, pad_square_to_4, rounding_type, as_original
    )


def crop(
    image: np.ndarray,
    box: Sequence[float] | None = None,
    align_w_to_4: bool | str | None = DEFAULT,
    pad_square_to_4: bool | str = False,
    rounding_type: int | str = 0,
    info_out: dict | None = None,
    *,
    as_original: bool = False,
) -> np.ndarray:
    """Cut a box out of an image; what lies outside the image is 0.

    Args:
        image: uint8 (H, W) or (H, W, C).
        box: (x1, y1, x2, y2), pixels, may reach outside; None returns ``image`` itself.
        align_w_to_4: shrink sideways to the 520's grid; DEFAULT is the process's default.
        pad_square_to_4: then widen the shorter side to a square.
        rounding_type: 0 outwards, 1 to nearest with halves to even.
        info_out: dict that receives the final box under "box".
        as_original: leave ``pad_square_to_4`` without effect, as the original does.
    Returns: uint8 (h, w) or (h, w, C), a copy.
    Raises: ValueError: not an image, an empty box, or a box wholly outside the image.
    Source: Kneron PPP ``funcs/Crop.py``; 520 alignment rule.
    """
    check_image(image)
    if box is None:
        return image
    found = _final_box(
        read_box(box), image.shape[1], align_w_to_4, pad_square_to_4, rounding_type, as_original
    )
    out = cut(image, found)
    if info_out is not None:
        info_out["box"] = found
    return out


def crop_center(
    image: np.ndarray,
    range: Sequence[int] | None = None,  # noqa: A002 - the original's name
    align_w_to_4: bool | str | None = DEFAULT,
    pad_square_to_4: bool | str = False,
    rounding_type: int | str = 0,
    info_out: dict | None = None,
    *,
    as_original: bool = False,
) -> np.ndarray:
    """Cut ``range`` = (width, height) around the image's centre; otherwise like :func:`crop`.

    Args:
        image: see :func:`crop`.
        range: (width, height), pixels; None: the whole image.
        align_w_to_4: see :func:`crop`.
        pad_square_to_4: see :func:`crop`.
        rounding_type: see :func:`crop`.
        info_out: see :func:`crop`.
        as_original: see :func:`crop`.

    Returns:
        The crop.
    """
    check_image(image)
    if range is None:
        return image
    width, height = as_size(range, "range")
    x1, y1 = image.shape[1] / 2 - width / 2, image.shape[0] / 2 - height / 2
    box = (x1, y1, x1 + width, y1 + height)
    return crop(
        image,
        box,
        align_w_to_4,
        pad_square_to_4,
        rounding_type,
        info_out,
        as_original=as_original,
    )


def crop_corner(
    image: np.ndarray,
    range: Sequence[int] | None = None,  # noqa: A002 - the original's name
    align_w_to_4: bool | str | None = DEFAULT,
    pad_square_to_4: bool | str = False,
    rounding_type: int | str = 0,
    info_out: dict | None = None,
    *,
    as_original: bool = False,
) -> np.ndarray:
    """Cut ``range`` = (width, height) from the top left corner; otherwise like :func:`crop`.

    ``rounding_type`` has nothing to round here.

    Args:
        image: see :func:`crop`.
        range: (width, height), pixels; None: the whole image.
        align_w_to_4: see :func:`crop`.
        pad_square_to_4: see :func:`crop`.
        rounding_type: of no account here.
        info_out: see :func:`crop`.
        as_original: see :func:`crop`.

    Returns:
        The crop.
    """
    check_image(image)
    if range is None:
        return image
    return crop(
        image,
        (0, 0, *as_size(range, "range")),
        align_w_to_4,
        pad_square_to_4,
        rounding_type,
        info_out,
        as_original=as_original,
    )
