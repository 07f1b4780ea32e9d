"""Crop a person when only a part of the image is at hand, or when only a part need be touched.

The bits are those of ``preprocess.crop_person`` on the whole image: the part is laid at its place
into memory of the image's size, so that the warp computes with the same coordinates. (A warp of the
part alone, by a shifted matrix, rounds differently now and then.) As four channels, because OpenCV
warps four in half the time of three.
"""

import math

import cv2
import numpy as np

from prepostprocess.crop.affine import crop_matrix, warp_crop
from prepostprocess.crop.hardware_crop import plan_axis
from prepostprocess.preprocess import Crop, crop_person, get_preprocess

_REACH = 2  # source pixels that an interpolated pixel may read beyond its own place
_WORTH_COPYING = 8  # source pixels per input pixel: a warp skips most of a region larger than this


class CropMemory:
    """Memory of an image's size, used again for every crop; only what was laid into it is valid.

    One a thread, as it is overwritten.
    """

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def lay(
        self,
        part: np.ndarray,
        origin_xy: tuple[int, int],
        region_xyxy: tuple[int, int, int, int],
        image_wh: tuple[int, int],
        channels: int,
    ) -> np.ndarray:
        """Put a region of the image at its place.

        Args:
            part: uint8 (h, w, 3), a part of the image that holds the region; a mirrored view
                (``image[:, ::-1]``) is no slower.
            origin_xy: where the part begins in the image.
            region_xyxy: first and one past the last source pixel, both axes; may be
                empty.
            image_wh: size of the whole image.
            channels: 3, or 4 for a fourth without meaning.
        Returns: uint8 (H, W, channels), in which only the region is valid; good until the next
            call.
        """
        width, height = image_wh
        if self._memory.size < width * height * channels:
            self._memory = np.empty(width * height * channels, np.uint8)
        canvas = self._memory[: width * height * channels].reshape(height, width, channels)
        left, top, right, bottom = region_xyxy
        x, y = origin_xy
        place = canvas[top:bottom, left:right]
        source = part[top - y : bottom - y, left - x : right - x]
        if place.size == 0:
            return canvas
        if source.strides[1] < 0:
            source = source[:, ::-1]
            if channels == 4:
                source = cv2.cvtColor(source, cv2.COLOR_RGB2RGBA)
            cv2.flip(source, 1, dst=place)
        elif channels == 4:
            cv2.cvtColor(source, cv2.COLOR_RGB2RGBA, dst=place)
        else:
            place[:] = source
        return canvas

    def __getstate__(self) -> dict:
        return {"_memory": np.empty(0, np.uint8)}  # nothing in it is worth sending to a process


def source_region(
    matrix: np.ndarray, input_wh: tuple[int, int], image_wh: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Find which pixels of the image a warp may read.

    Args:
        matrix: (2, 3), source xy to input xy.
        input_wh: network input width and height in pixels.
        image_wh: size of the image.
    Returns: first and one past the last pixel as xyxy, inside the image; empty (right <= left or
        bottom <= top) if the warp reads none.
    """
    (a, b, x), (c, d, y) = np.asarray(matrix, np.float64).tolist()
    determinant = a * d - b * c
    region = []
    for across, down, size in ((d, -b, image_wh[0]), (-c, a, image_wh[1])):
        start = -(across * x + down * y) / determinant
        spans = (across * (input_wh[0] - 1) / determinant, down * (input_wh[1] - 1) / determinant)
        first = math.floor(start + min(spans[0], 0) + min(spans[1], 0)) - _REACH
        last = math.ceil(start + max(spans[0], 0) + max(spans[1], 0)) + _REACH
        region.append((max(first, 0), min(last + 1, size)))
    return region[0][0], region[1][0], region[0][1], region[1][1]


def crop_person_of_part(
    part: np.ndarray,
    origin_xy: tuple[int, int],
    image_wh: tuple[int, int],
    center_xy: np.ndarray,
    scale_wh: np.ndarray,
    input_wh: tuple[int, int],
    preprocess: str,
    canvas: CropMemory,
    *,
    rotation_deg: float = 0.0,
    udp: bool = False,
) -> Crop | None:
    """Cut a region out as ``crop_person`` does of the whole image, of a part of it.

    Args:
        part: uint8 (h, w, 3), RGB; may be the whole image.
        origin_xy: where the part begins in the image.
        image_wh: size of the whole image.
        center_xy: (2,) float32, source pixels of the whole image.
        scale_wh: (2,) float32, width and height with the input's aspect, source pixels.
        input_wh: network input width and height in pixels.
        preprocess: a word of the switch.
        canvas: overwritten.
        rotation_deg: rotation of the region, degrees.
        udp: unbiased data processing.
    Returns: the crop, or None if the region reaches beyond the part.
    Raises: ValueError: as ``crop_person``.
    """
    chip = get_preprocess(preprocess).hardware
    is_plain = part.shape[1::-1] == tuple(image_wh) and part.strides[1] > 0
    if chip is not None and rotation_deg == 0:
        region = _hardware_region(center_xy, scale_wh, input_wh, image_wh, chip)
        if not _holds(part, origin_xy, region):
            return None
        image = part if is_plain else canvas.lay(part, origin_xy, region, image_wh, 3)
        return crop_person(image, center_xy, scale_wh, input_wh, preprocess, udp=udp)
    matrix = crop_matrix(center_xy, scale_wh, input_wh, rotation_deg, udp=udp)
    region = source_region(matrix, input_wh, image_wh)
    if not _holds(part, origin_xy, region):
        return None
    if is_plain and _area(region) > _WORTH_COPYING * input_wh[0] * input_wh[1]:
        crop = warp_crop(part, matrix, input_wh)
    elif _area(region):
        image = canvas.lay(part, origin_xy, region, image_wh, 4)
        crop = cv2.cvtColor(warp_crop(image, matrix, input_wh), cv2.COLOR_RGBA2RGB)
    else:  # nothing of the image is seen
        crop = np.zeros((input_wh[1], input_wh[0], 3), np.uint8)
    return Crop(crop, center_xy, scale_wh, matrix)


def _area(region_xyxy: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = region_xyxy
    return max(right - left, 0) * max(bottom - top, 0)


def _holds(
    part: np.ndarray, origin_xy: tuple[int, int], region_xyxy: tuple[int, int, int, int]
) -> bool:
    """Tell whether the part has all pixels of the region."""
    left, top, right, bottom = region_xyxy
    (x, y), (height, width) = origin_xy, part.shape[:2]
    is_inside = left >= x and top >= y and right <= x + width and bottom <= y + height
    return is_inside or not _area(region_xyxy)


def _hardware_region(
    center_xy: np.ndarray,
    scale_wh: np.ndarray,
    input_wh: tuple[int, int],
    image_wh: tuple[int, int],
    chip: str,
) -> tuple[int, int, int, int]:
    """Find the whole pixels that the chip crops; empty if there are none."""
    aligns = (4 if chip == "520" else 1, 1)
    x, y = (
        plan_axis(center_xy[axis], scale_wh[axis], image_wh[axis], input_wh[axis], aligns[axis])
        for axis in (0, 1)
    )
    if x is None or y is None:
        return 0, 0, 0, 0
    return x.start, y.start, x.stop, y.stop
