"""The device's resize: separable, 12 fraction bits, corners aligned, no anti-aliasing."""

import math
from dataclasses import dataclass, fields
from functools import lru_cache

import cv2
import numpy as np

from .accelerator import current_kernel

ONE = 4096  # 12 fraction bits
BLOCK = 1 << 16  # samples worked on at a time, so that the int16 scratch stays in the L2 cache


@dataclass(frozen=True)
class Axis:
    """Destination samples along one axis: lower + floor((upper - lower) * weight / 4096).

    Attributes:
        lower: int64 (N,), source index.
        upper: int64 (N,), source index.
        weight: int16 (N,), 0..4095; an exact hit has weight 0.
        blank: bool (N,), samples that stay 0.
        used: int64 (M,), the source indices that are read, ascending.
        lower_place: int64 (N,), where ``lower`` stands in ``used``.
        upper_place: int64 (N,), where ``upper`` stands in ``used``.
    """

    lower: np.ndarray
    upper: np.ndarray
    weight: np.ndarray
    blank: np.ndarray
    used: np.ndarray
    lower_place: np.ndarray
    upper_place: np.ndarray


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
    upper = np.minimum(lower + (weight > 0), source - 1)
    used, place = np.unique(np.concatenate([lower, upper]), return_inverse=True)
    table = Axis(lower, upper, weight.astype(np.int16), blank, used, place[:target], place[target:])
    for field in fields(table):
        getattr(table, field.name).flags.writeable = False
    return table


def _blend(
    lower: np.ndarray, upper: np.ndarray, weight: np.ndarray, scratch: np.ndarray, out: np.ndarray
) -> None:
    """Write lower + floor((upper - lower) * weight / 4096) into uint8 ``out``.

    The 20 bit product is split at 6 bits, floor((d h + floor(d l / 64)) / 64) with
    weight = 64 h + l, so that everything fits the int16 ``scratch``, (3, rows, samples) or more.
    """
    base, value, fine = scratch[:, : len(out)]
    base[...], value[...] = lower, upper
    value -= base
    np.multiply(value, weight & 63, out=fine)
    fine >>= 6
    value *= weight >> 6
    value += fine
    value >>= 6
    value += base
    out[...] = value


def _allocate(*wanted: tuple[tuple[int, ...], type]) -> list[np.ndarray]:
    """Allocate arrays of the given shapes and dtypes in one piece.

    Several large ones would go back to the system and be faulted in again at every call, which
    can cost more than the resize.
    """
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in wanted]
    ends = np.cumsum([-(-size // 64) * 64 for size in sizes])
    piece = np.empty(ends[-1], np.uint8)
    return [
        piece[end - -(-size // 64) * 64 :][:size].view(dtype).reshape(shape)
        for (shape, dtype), size, end in zip(wanted, sizes, ends, strict=True)
    ]


class _Columns:
    """Resize of rows along x, with buffers that serve all blocks of a call."""

    def __init__(self, image: np.ndarray, axis: Axis, max_rows: int, max_out_rows: int) -> None:
        _, width, channels = image.shape
        count = len(axis.weight)
        self.image, self.axis, self.channels = image, axis, channels
        self.weight = np.repeat(axis.weight, channels)
        most = max(max_rows, max_out_rows)
        (
            self.source,
            self.wide,
            self.gathered,
            self.samples,
            self.out,
            self.sides,
            self.scratch,
        ) = _allocate(
            ((max_rows, width, channels), np.uint8),
            ((max_rows if channels == 3 else 0, width, 4), np.uint8),
            ((2, max_rows, count), np.uint8 if channels == 1 else np.uint32),
            ((2, max_rows if channels == 3 else 0, count, channels), np.uint8),
            ((max_rows, count * channels), np.uint8),
            ((2, max_out_rows, count * channels), np.uint8),
            ((3, most, count * channels), np.int16),
        )

    def run(self, rows: np.ndarray) -> np.ndarray:
        """Return the given source rows, resized: uint8 (len(rows), N * C), valid until the next."""
        count = len(rows)
        self.image.take(rows, axis=0, out=self.source[:count], mode="clip")
        wide = self.source[:count]
        if self.channels == 3:  # gathered as 4 byte pixels: one element each instead of three
            wide = cv2.cvtColor(wide, cv2.COLOR_RGB2RGBA, dst=self.wide[:count])
        pixels = wide.view(self.gathered.dtype)[..., 0]
        lower = self._gather(pixels, self.axis.lower, 0)
        upper = self._gather(pixels, self.axis.upper, 1)
        _blend(lower, upper, self.weight, self.scratch, self.out[:count])
        return self.out[:count]

    def _gather(self, pixels: np.ndarray, index: np.ndarray, which: int) -> np.ndarray:
        found = self.gathered[which, : len(pixels)]
        pixels.take(index, axis=1, out=found, mode="clip")
        samples = found.view(np.uint8)
        if self.channels == 3:
            samples = self.samples[which, : len(pixels)]
            cv2.cvtColor(
                found.view(np.uint8).reshape(*found.shape, 4), cv2.COLOR_RGBA2RGB, dst=samples
            )
        return samples.reshape(len(pixels), -1)


def _resize(image: np.ndarray, columns: Axis, rows: Axis) -> np.ndarray:
    """Resize an (H, W, C) image, block by block of result rows: uint8 (N, N_columns * C)."""
    out = np.empty((len(rows.weight), len(columns.weight) * image.shape[2]), np.uint8)
    block = min(max(1, BLOCK // out.shape[1]), len(out))
    spans = [(start, min(start + block, len(out))) for start in range(0, len(out), block)]
    # minimum and maximum: special case 1 makes the 720's rows step back when it enlarges
    needed = [(rows.lower_place[a:b].min(), rows.upper_place[a:b].max() + 1) for a, b in spans]
    along_x = _Columns(image, columns, max(last - first for first, last in needed), block)
    sides = along_x.sides
    for (start, stop), (first, last) in zip(spans, needed, strict=True):
        between = along_x.run(rows.used[first:last])
        for side, place in zip(sides, (rows.lower_place, rows.upper_place), strict=True):
            between.take(place[start:stop] - first, axis=0, out=side[: stop - start], mode="clip")
        weight = rows.weight[start:stop, None]
        lower, upper = sides[:, : stop - start]
        _blend(lower, upper, weight, along_x.scratch, out[start:stop])
    return out


def resize_fixed(image: np.ndarray, target_wh: tuple[int, int], rule: str) -> np.ndarray:
    """Resize along x into a uint8 intermediate, then along y; each pass truncates.

    Args:
        image: uint8 (H, W) or (H, W, C), C = 1, 3 or 4.
        target_wh: width and height, both at least 2.
        rule: rule of the rows, as in :func:`axis_table`.
    Returns: uint8 (height, width) or (height, width, C), a new array.
    Source: Kneron PPP ``funcs/Resize.py``.
    """
    width, height = target_wh
    columns = axis_table(image.shape[1], width, "plain")
    rows = axis_table(image.shape[0], height, rule)
    planes = np.ascontiguousarray(image).reshape(*image.shape[:2], -1)
    kernel = current_kernel()
    if kernel is None:
        out = _resize(planes, columns, rows)
    else:
        out = np.empty((height, width * planes.shape[2]), np.uint8)
        kernel(
            planes,
            *(columns.lower, columns.upper, columns.weight),
            *(rows.lower, rows.upper, rows.weight),
            out,
        )
    if rule == "original_fixed":
        out[rows.blank] = 0
    return out.reshape(height, width, *image.shape[2:])
