"""Comparison of dumps, and the parameters of the hardware's order of operations."""

from pathlib import Path

import numpy as np

from .checks import as_number


def _values(data: np.ndarray | str | Path, name: str) -> np.ndarray:
    if isinstance(data, np.ndarray):
        return data.reshape(-1)
    if not isinstance(data, (str, Path)):
        raise ValueError(
            f"{name} must be an array or the path of a .bin or .txt file, "
            f"got {type(data).__name__}. Convert it first."
        )
    path = Path(data)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: {name} must be an existing file. Check the path.")
    if path.suffix.lower() == ".bin":
        return np.fromfile(path, np.uint8)
    if path.suffix.lower() != ".txt":
        raise ValueError(f"{path}: {name} must be a .bin or .txt file. Rename or convert it.")
    return np.loadtxt(path, ndmin=1)


def bit_match(
    data1: np.ndarray | str | Path, data2: np.ndarray | str | Path, *, as_original: bool = False
) -> tuple[bool, np.ndarray]:
    """Compare two arrays or dumps value by value.

    Args:
        data1: array, or path of a .bin (bytes) or .txt (one value a line) file.
        data2: the same.
        as_original: report only positions where ``data2 - data1``, in the arrays' own types, is
            above 0, and [0.] for none and for unequal lengths.
    Returns: whether all are equal, and the int64 positions that differ in the flattened data;
        where the lengths differ, those that only the longer one has are among them.
    Raises: ValueError: neither array nor such a file. FileNotFoundError: no such file.
    """
    first, second = _values(data1, "data1"), _values(data2, "data2")
    if as_original:
        if len(first) != len(second):
            return False, np.zeros(1)
        positions = np.flatnonzero(second - first > 0)
        return (False, positions) if len(positions) else (True, np.zeros(1))
    common = min(len(first), len(second))
    tail = np.arange(common, max(len(first), len(second)))
    positions = np.concatenate([np.flatnonzero(first[:common] != second[:common]), tail])
    return not len(positions), positions


def cpr_to_crp(
    x_start: int,
    x_end: int,
    y_start: int,
    y_end: int,
    pad_l: int,
    pad_r: int,
    pad_t: int,
    pad_b: int,
    rx_start: int,
    rx_end: int,
    ry_start: int,
    ry_end: int,
    *,
    as_original: bool = False,
) -> tuple[int, ...]:
    """Turn the parameters of crop, pad, resize into the hardware's crop, resize, pad.

    Args:
        x_start: left edge of the crop, pixels.
        x_end: right edge of the crop.
        y_start: top edge of the crop.
        y_end: bottom edge of the crop.
        pad_l: columns added to the crop on the left.
        pad_r: columns added on the right.
        pad_t: rows added above.
        pad_b: rows added below.
        rx_start: left edge of the padded crop after the resize.
        rx_end: its right edge.
        ry_start: its top edge.
        ry_end: its bottom edge.
        as_original: scale ``pad_r`` and ``pad_b`` by a sum that holds the already scaled
            ``pad_l`` and ``pad_t``, as the original does.
    Returns: the twelve numbers in the same order: paddings scaled by the resize and rounded,
        halves to even, and the resized edges moved inwards by them.
    Raises: ValueError: an edge not after its start, a negative padding, or paddings that leave
        nothing of the resized crop.
    """
    given = {
        "x_start": x_start,
        "x_end": x_end,
        "y_start": y_start,
        "y_end": y_end,
        "pad_l": pad_l,
        "pad_r": pad_r,
        "pad_t": pad_t,
        "pad_b": pad_b,
        "rx_start": rx_start,
        "rx_end": rx_end,
        "ry_start": ry_start,
        "ry_end": ry_end,
    }
    for name, value in given.items():
        if as_number(value, name) < 0 and name.startswith("pad"):
            raise ValueError(f"{name} must be at least 0, got {value}. Crop instead.")
    for start, end in (("x_start", "x_end"), ("y_start", "y_end")):
        for prefix in ("", "r"):
            if given[prefix + end] <= given[prefix + start]:
                raise ValueError(
                    f"{prefix}{end} must be above {prefix}{start} = {given[prefix + start]}, "
                    f"got {given[prefix + end]}. Order the edges."
                )
    left, right = _scale_pads(pad_l, pad_r, x_end - x_start, rx_end - rx_start, as_original)
    top, bottom = _scale_pads(pad_t, pad_b, y_end - y_start, ry_end - ry_start, as_original)
    inner = (rx_start + left, rx_end - right, ry_start + top, ry_end - bottom)
    if inner[0] >= inner[1] or inner[2] >= inner[3]:
        raise ValueError(
            f"rx_end and ry_end must leave pixels between the scaled paddings, got {inner}. "
            f"Enlarge the resize."
        )
    return (x_start, x_end, y_start, y_end, left, right, top, bottom, *inner)


def _scale_pads(
    before: int, after: int, crop: int, resized: int, as_original: bool
) -> tuple[int, int]:
    scaled = round(before * resized / (crop + before + after))
    divided_by = crop + (scaled if as_original else before) + after
    return scaled, round(after * resized / divided_by)
