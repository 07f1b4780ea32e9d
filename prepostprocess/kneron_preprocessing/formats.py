"""Byte layouts of raw images: pixels of a colour format to bytes and back."""

import numpy as np

from .colour import read_format

BYTES_PER_PIXEL = {
    "rgb888": 3,
    "rgba8888": 4,
    "rgb565": 2,
    "l": 1,
    "yuv444": 4,
    "ycbcr444": 4,
    "yuv422": 2,
    "ycbcr422": 2,
}


def pack(pixels: np.ndarray, fmt: str) -> np.ndarray:
    """Lay an image out as the device's bytes.

    Args:
        pixels: uint8 array in ``fmt``, as :func:`.colour.convert` gives it.
        fmt: a format of ``convert``.
    Returns: uint8 (H, W * bytes per pixel). RGB565 is little-endian; a 4:4:4 pixel is 0, V, U, Y
        (0, Cr, Cb, Y); a 4:2:2 pair is V1, Y1, U0, Y0.
    Source: Kneron PPP ``Flow.dump_image``.
    """
    kind = read_format(fmt, "fmt")
    height, width = pixels.shape[:2]
    if kind == "rgb565":
        red, green, blue = np.moveaxis(pixels, 2, 0)
        layout = np.stack([green << 5 | blue, red << 3 | green >> 3], axis=-1)
    elif kind.endswith("444"):
        layout = np.dstack([np.zeros_like(pixels[..., :1]), pixels[..., ::-1]])
    elif kind.endswith("422"):
        even, odd = pixels[:, 0::2], pixels[:, 1::2]
        layout = np.stack([odd[..., 2], odd[..., 0], even[..., 1], even[..., 0]], axis=-1)
    else:
        layout = pixels
    return np.ascontiguousarray(layout).reshape(height, width * BYTES_PER_PIXEL[kind])


def unpack(data: np.ndarray, fmt: str, width: int) -> np.ndarray:
    """Read the device's bytes as an image in ``fmt``: the inverse of :func:`pack`.

    Args:
        data: uint8 (H, W * bytes per pixel).
        fmt: a format of :func:`.colour.convert`.
        width: W, pixels.
    Returns: uint8 array in ``fmt``: (H, W, 4) for RGBA8888, (H, W) for L, else (H, W, 3).
    Source: Kneron PPP ``funcs/utils.py``.
    """
    kind = read_format(fmt, "fmt")
    if kind == "l":
        return data
    if kind.endswith("422"):
        v, y_odd, u, y_even = np.moveaxis(data.reshape(len(data), width // 2, 4), 2, 0)
        pairs = [np.stack([y, u, v], axis=-1) for y in (y_even, y_odd)]
        return np.stack(pairs, axis=2).reshape(len(data), width, 3)
    layout = data.reshape(len(data), width, BYTES_PER_PIXEL[kind])
    if kind == "rgb565":
        low, high = layout[..., 0], layout[..., 1]
        return np.stack([high >> 3, (high & 7) << 3 | low >> 5, low & 31], axis=-1)
    return layout[..., 3:0:-1].copy() if kind.endswith("444") else layout
