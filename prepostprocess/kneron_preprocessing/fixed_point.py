"""The device's resize: separable, 12 fraction bits, corners aligned, no anti-aliasing."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

ONE = 4096  # 12 fraction bits
BLOCK = 1 << 16  # samples worked on at a time, so that the int16 scratch stays in the L2 cache


@dataclass(frozen=True)
class Axis:
    """For each destination sample: out = lower + floor((upper - lower) * weight / 4096).

    All arrays have shape (N,); ``lower`` and ``upper`` are source indices, ``weight`` is int16
    in 0..4095 (an exact hit has weight 0), ``blank`` marks samples that stay 0.
    """

    lower: np.ndarray
    upper: np.ndarray
    weight: np.ndarray
    blank: np.ndarray


@lru_cache(maxsize=512)
def axis_table(source: int, target: int, rule: str) -> Axis:
    """Tabulate the walk of the resize counter along one axis.

    Args:
        source: n, source samples, at least 1.
        target: N, destination samples, at least 2.
        rule: "plain" for columns and for rows of ``fixed``; "520" or "720" for their rows;
            "original_fixed" for rows of the original's ``fixed``, which blanks exact hits.
    Returns: the table; its arrays are read-only.
    Source: Kneron PPP ``funcs/Resize.py``. The step is floor(4096 (n - 1) / (N - 1)); special
        case 2 (520) takes 1 off where the steps end exactly on the last row; special case 1
        (520, 720) reads one row too far where the counter stands on a row exactly. Beyond the
        last row, where the original's ``fixed_720`` fails, we read the last row. A step of 0
        is left alone by special case 2, which would make it negative.
    """
    step = ((source - 1) * ONE) // (target - 1)
    if rule == "520" and step > 0 and step * (target - 1) % ONE == 0 and step != ONE:
        step -= 1
    position = np.arange(target, dtype=np.int64) * step
    lower, weight = position // ONE, position % ONE
    exact = (weight == 0) & (position > 0) & (step != ONE)
    if rule in ("520", "720"):
        lower = np.minimum(lower + exact, source - 1)
    blank = exact if rule == "original_fixed" else np.zeros_like(exact)
    upper = np.minimum(lower + 1, source - 1)
    table = Axis(lower, upper, weight.astype(np.int16), blank)
    for array in vars(table).values():
        array.flags.writeable = False
    return table


@lru_cache(maxsize=512)
def _column_table(source: int, target: int, channels: int) -> tuple[np.ndarray, ...]:
    """Spread a column table over interleaved channels: lower, upper indices and weights."""
    axis = axis_table(source, target, "plain")
    offsets = np.arange(channels)
    lower = (axis.lower[:, None] * channels + offsets).ravel()
    upper = (axis.upper[:, None] * channels + offsets).ravel()
    weight = np.repeat(axis.weight, channels)
    for array in (lower, upper, weight):
        array.flags.writeable = False
    return lower, upper, weight


def _blend(lower: np.ndarray, upper: np.ndarray, weight: np.ndarray, out: np.ndarray) -> None:
    """Write lower + floor((upper - lower) * weight / 4096) into uint8 ``out``.

    The 20 bit product is split at 6 bits, floor((d h + floor(d l / 64)) / 64) with
    weight = 64 h + l, so that everything fits int16.
    """
    value = np.subtract(upper, lower, dtype=np.int16)
    fine = value * (weight & 63)
    fine >>= 6
    value *= weight >> 6
    value += fine
    value >>= 6
    value += lower
    out[...] = value


def _resize_columns(image_rows: np.ndarray, rows: np.ndarray, target: int) -> np.ndarray:
    """Resize the given rows of an (H, W, C) image along x: uint8 (len(rows), target * C)."""
    _, width, channels = image_rows.shape
    out = np.empty((len(rows), target * channels), np.uint8)
    lower, upper, weight = _column_table(width, target, channels)
    block = max(1, BLOCK // out.shape[1])
    for start in range(0, len(rows), block):
        source = image_rows[rows[start : start + block]].reshape(-1, width * channels)
        if weight.any():
            left, right = source.take(lower, axis=1), source.take(upper, axis=1)
            _blend(left, right, weight, out[start : start + block])
        else:
            out[start : start + block] = source.take(lower, axis=1)
    return out


def resize_fixed(image: np.ndarray, target_wh: tuple[int, int], rule: str) -> np.ndarray:
    """Resize along x into a uint8 intermediate, then along y; each pass truncates.

    Args:
        image: uint8 (H, W) or (H, W, C).
        target_wh: width and height, both at least 2.
        rule: rule of the rows, as in :func:`axis_table`.
    Returns: uint8 (height, width) or (height, width, C), a new array.
    Source: Kneron PPP ``funcs/Resize.py``.
    """
    width, height = target_wh
    axis = axis_table(image.shape[0], height, rule)
    rows, place = np.unique(np.concatenate([axis.lower, axis.upper]), return_inverse=True)
    between = _resize_columns(image.reshape(*image.shape[:2], -1), rows, width)
    out = np.empty((height, between.shape[1]), np.uint8)
    weight = axis.weight[:, None]
    block = max(1, BLOCK // out.shape[1])
    for start in range(0, height, block):
        stop = min(start + block, height)
        upper_rows = between[place[height + start : height + stop]]
        _blend(between[place[start:stop]], upper_rows, weight[start:stop], out[start:stop])
    out[axis.blank] = 0
    return out.reshape(height, width, *image.shape[2:])
