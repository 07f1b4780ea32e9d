"""Pillow's anti-aliased bilinear and bicubic resize of 8 bit images, in integers, bit for bit."""

import math
from functools import lru_cache

import numpy as np

PRECISION = 22  # fraction bits of Pillow's 8 bit coefficients


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1.0 - np.abs(x), 0.0)


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic with a = -0.5."""
    a, x = -0.5, np.abs(x)
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


FILTERS = {"bilinear": (_triangle, 1.0), "bicubic": (_cubic, 2.0)}


@lru_cache(maxsize=256)
def tap_table(source: int, target: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Tabulate the first source sample and the taps of each destination sample.

    Args:
        source: samples along the axis before the resize.
        target: samples after it.
        kind: name of the filter.

    Returns: first int64 (N,), taps int64 (K, N) with 22 fraction bits, both read-only; taps that
        reach past the source's end are 0.
    Source: Pillow ``Resample.c``, precompute_coeffs and normalize_coeffs_8bpc.
    """
    filter_function, support = FILTERS[kind]
    scale = source / target
    stretch = max(scale, 1.0)
    support *= stretch
    center = (np.arange(target) + 0.5) * scale
    first = np.maximum((center - support + 0.5).astype(np.int64), 0)
    stop = np.minimum((center + support + 0.5).astype(np.int64), source)
    tap = np.arange(2 * math.ceil(support) + 1)[:, None]
    weight = filter_function((tap + first - center + 0.5) * (1.0 / stretch))
    weight = np.where(tap < stop - first, weight, 0.0)
    total = np.zeros(target)
    for row in weight:  # summed in Pillow's order
        total += row
    weight /= np.where(total == 0, 1.0, total)
    scaled = weight * (1 << PRECISION)
    taps = (scaled + np.where(scaled < 0, -0.5, 0.5)).astype(np.int64)  # truncates towards 0
    first.flags.writeable = taps.flags.writeable = False
    return first, taps


def _resize_axis(image: np.ndarray, target: int, axis: int, kind: str) -> np.ndarray:
    source = image.shape[axis]
    if source == target:
        return image
    first, taps = tap_table(source, target, kind)
    shape = [1] * image.ndim
    shape[axis] = target
    total = np.zeros([target if a == axis else n for a, n in enumerate(image.shape)], np.int32)
    for number, tap in enumerate(taps):
        part = image.take(np.minimum(first + number, source - 1), axis=axis).astype(np.int32)
        part *= tap.astype(np.int32).reshape(shape)
        total += part
    total += 1 << (PRECISION - 1)
    total >>= PRECISION
    return np.clip(total, 0, 255).astype(np.uint8)


def resize_antialiased(image: np.ndarray, target_wh: tuple[int, int], kind: str) -> np.ndarray:
    """Resize as Pillow up to 12 does, x first, each channel on its own.

    Pillow from 13 on resizes y first where that is faster, which changes the last bits, and
    multiplies RGBA by its alpha, which would blacken the device's images, whose 4th byte is 0.

    Args:
        image: uint8 (H, W) or (H, W, C).
        target_wh: width and height, at least 1.
        kind: "bilinear" or "bicubic".
    Returns: uint8 (height, width) or (height, width, C), a new array.
    """
    out = _resize_axis(image, target_wh[0], 1, kind)
    out = _resize_axis(out, target_wh[1], 0, kind)
    return out.copy() if out is image else out
