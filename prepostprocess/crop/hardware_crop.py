"""The chip's crop, resize and pad of a person, in its fixed point, and the region they amount to.

The chip crops whole pixels inside the image, resizes what it cropped (each axis on a grid that
keeps the first and last samples), and pads. Whatever of the wanted region it cannot give, outside
the image or lost to the 520's alignment, is black padding of the size that part would have had: the
person keeps the place and the size that the float warp gives.
"""

from typing import NamedTuple

import numpy as np

from prepostprocess.kneron_preprocessing import API

_LEAST = 2  # samples that a resize needs on both sides, to have a first and a last
_ALIGN = 4  # the 520 fetches columns in fours, counted from both edges of the image


class AxisPlan(NamedTuple):
    """What happens along one axis.

    Attributes:
        start: first source pixel that is cropped.
        stop: one past the last.
        offset: how many input pixels of padding come before the resized crop.
        size: how many input pixels the crop is resized to.
    """

    start: int
    stop: int
    offset: int
    size: int

    @property
    def step(self) -> float:
        """Source pixels per input pixel."""
        return (self.stop - self.start - 1) / (self.size - 1)


def hardware_crop(
    image: np.ndarray,
    center_xy: np.ndarray,
    scale_wh: np.ndarray,
    input_wh: tuple[int, int],
    chip: str,
    *,
    udp: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a region out as the chip does, and say which region that was.

    Padding is 0, which `x / 256 - 0.5` turns into -0.5: the byte 0x80 that the chip itself pads
    with after its normalisation, and the black border of the float warp.

    Args:
        image: uint8 (H, W, 3).
        center_xy: (2,), centre of the wanted region, source pixels.
        scale_wh: (2,), width and height of the wanted region, source pixels.
        input_wh: network input width and height in pixels, each at least 2.
        chip: "520" or "720".
        udp: return the region in UDP's convention (its edges are the outermost pixels' centres).
    Returns: uint8 (h, w, 3); centre xy and width and height of the region that the input's pixels
        really cover, float32 (2,) each, such that input pixel p shows source pixel
        ``p / input_wh * scale + centre - scale / 2`` (UDP: ``p / (input_wh - 1) * ...``).
    Raises: ValueError: the region lies wholly outside the image.
    Source: rounding, alignment and kernels: Kneron PPP; placement: derived here.
    """
    height, width = image.shape[:2]
    align = _ALIGN if chip == "520" else 1
    plan_x = plan_axis(center_xy[0], scale_wh[0], width, input_wh[0], align)
    plan_y = plan_axis(center_xy[1], scale_wh[1], height, input_wh[1], 1)
    if plan_x is None or plan_y is None:
        raise ValueError(
            "the region must share a pixel with the image, which must be at least 2x2, got centre "
            f"{np.asarray(center_xy).tolist()}, size {np.asarray(scale_wh).tolist()} and an image "
            f"of {width}x{height}. Drop boxes outside the image."
        )
    crop = API.crop(image, (plan_x.start, plan_y.start, plan_x.stop, plan_y.stop), False)
    crop = API.resize(crop, (plan_x.size, plan_y.size), keep_ratio=False, type=f"fixed_{chip}")
    crop = API.pad(
        crop,
        pad_l=plan_x.offset,
        pad_r=input_wh[0] - plan_x.offset - plan_x.size,
        pad_t=plan_y.offset,
        pad_b=input_wh[1] - plan_y.offset - plan_y.size,
        pad_val=0,
    )
    return crop, *_covered(plan_x, plan_y, input_wh, udp)


def _covered(
    plan_x: AxisPlan, plan_y: AxisPlan, input_wh: tuple[int, int], udp: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and size of the region that the input's pixels show."""
    step = np.array([plan_x.step, plan_y.step])
    origin = np.array([plan_x.start, plan_y.start]) - step * [plan_x.offset, plan_y.offset]
    scale = step * (np.array(input_wh) - (1 if udp else 0))
    return (origin + scale * 0.5).astype(np.float32), scale.astype(np.float32)


def plan_axis(
    center: float, scale: float, length: int, input_length: int, align: int
) -> AxisPlan | None:
    """Plan the crop, resize and pad along one axis.

    The wanted interval is rounded outwards to whole pixels (PPP's rounding type 0). If all of that
    is inside the image it fills the input. If not, the part that is left keeps the factor and the
    place that it has in the whole.

    Args:
        center: middle of the wanted interval, source pixels.
        scale: its length, source pixels, above 0.
        length: the image's extent along the axis.
        input_length: the input's extent, at least 2.
        align: the crop's start and its distance from the image's end are rounded up to multiples of
            this (the 520: 4 horizontally; otherwise 1).
    Returns: the plan, or None if no pixel of the image is wanted or the image is one pixel wide.
    """
    wanted_start = int(np.floor(center - scale * 0.5))
    wanted_stop = int(np.ceil(center + scale * 0.5))
    start, stop = max(wanted_start, 0), min(wanted_stop, length)
    if start >= stop or length < _LEAST:
        return None
    aligned_start = _round_up(start, align)
    aligned_stop = length - _round_up(length - stop, align)
    if aligned_stop - aligned_start < _LEAST:
        # Nothing to resize is left of it: take the columns around it and show them whole.
        stop = min(max(stop, start + _LEAST), length)
        aligned_start = min(start, stop - _LEAST) // align * align
        aligned_stop = length - (length - stop) // align * align
        wanted_start = min(wanted_start, aligned_start)
        wanted_stop = max(wanted_stop, aligned_stop)
    factor = (input_length - 1) / (wanted_stop - wanted_start - 1)
    first = int(np.floor((aligned_start - wanted_start) * factor + 0.5))
    last = int(np.floor((aligned_stop - 1 - wanted_start) * factor + 0.5))
    if last - first + 1 < _LEAST:
        first = min(first, input_length - _LEAST)
        last = first + _LEAST - 1
    return AxisPlan(aligned_start, aligned_stop, first, last - first + 1)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
