"""The KL720's input processor: one pass, with a colour matrix before the padding."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .checks import as_bool
from .hardware import one_pass, pad_four_channels, plan, read_norm, read_source, turn

UNITY = 256  # the matrix is followed by shifts of 1 and 7 bits
SUB128 = {"kneron": True, "tf": True, "yolo": False}


def apply_matrix(
    image: np.ndarray, matrix: np.ndarray, vector: np.ndarray, *, subtract_128: bool, add: int = 0
) -> np.ndarray:
    """Multiply pixels by the 720's colour matrix.

    Args:
        image: uint8 (H, W, C).
        matrix: int (C, C), 256 standing for 1.
        vector: int (C,), added between the shifts, 128 standing for 1.
        subtract_128: subtract 128 and clip to -128..127 instead of clipping to 0..255.
        add: added after the clip, modulo 256.
    Returns: uint8 (H, W, C), two's complement.
    Source: Kneron PPP ``Flow``, 720: floor((floor(M p / 2) + b) / 128) in 16 bit two's complement.
    """
    value = (image.astype(np.int64) @ np.asarray(matrix).T >> 1) + np.asarray(vector) >> 7
    value = value.astype(np.int16).astype(np.int64)
    value = np.clip(value - 128, -128, 127) if subtract_128 else np.clip(value, 0, 255)
    return (value + add).astype(np.uint8)


def inproc_720(
    image: np.ndarray | str | Path,
    raw_fmt: str = "rgb565",
    raw_size: Sequence[int] | None = None,
    npu_size: Sequence[int] | None = None,
    crop_box: Sequence[float] | None = None,
    pad_mode: int | str = 0,
    norm: str = "kneron",
    gray: bool | str = False,
    rotate: int | str = 0,
    *,
    as_original: bool = False,
) -> np.ndarray | str | Path:
    """Run the KL720's input processor: crop, colour, resize, matrix, pad.

    Args:
        image: uint8 (H, W, 3) RGB, or the path of a raw .bin file.
        raw_fmt: the file's format, see :func:`.raw_files.load_bin`; ignored for an array.
        raw_size: the file's (width, height), pixels.
        npu_size: (width, height) of the network's input; None returns ``image`` itself.
        crop_box: (x1, y1, x2, y2), rounded outwards, pixels outside the image being 0 in
            ``raw_fmt``; None is the whole image.
        pad_mode: 0 keeps the ratio and pads all sides, 1 pads right and below, 2 stretches.
        norm: "kneron" and "tf" give x - 128 and pad with -128, "yolo" gives x and pads with 0.
        gray: convert to gray, which is then channel 0, channels 1 to 3 being 0.
        rotate: 1 turns the result by a quarter clockwise, 2 counter-clockwise.
        as_original: multiply by the original's matrix, 1/256 of unity, whatever ``norm`` is,
            which gives 0 everywhere, and pad with -128.
    Returns: uint8 (h, w, 4), two's complement, channel 3 being 0 except in padding.
    Raises: ValueError: bad arguments; a file of the wrong length; padding above 127; more than
        511 rows or columns besides padding (one pass, there are no tiles here); a ratio of 256
        or more. FileNotFoundError: no such file.
    Source: Kneron PPP ``Flow``; the limits are the KL520's registers, as the 720's are not public.
    """
    source = read_source(image, raw_fmt, raw_size)
    word = read_norm(norm)
    if npu_size is None:
        return image
    made, _ = plan(source, npu_size, crop_box, pad_mode)
    pixels = source.tile(made.box, as_bool(gray, "gray"))
    pixels = one_pass(pixels.reshape(*pixels.shape[:2], -1), made.scaled_wh, "720")
    channels = pixels.shape[2]
    unity = 1 if as_original else UNITY
    out = apply_matrix(
        pixels,
        unity * np.eye(channels, dtype=np.int64),
        np.zeros(channels, np.int64),
        subtract_128=SUB128[word] and not as_original,
    )
    padded = pad_four_channels(out, made.pads, 128 if SUB128[word] or as_original else 0)
    return turn(padded, rotate)
