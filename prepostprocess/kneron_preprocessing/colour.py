"""Colour formats of the camera path, as arrays of one plane entry per pixel and channel."""

import cv2
import numpy as np

from .checks import check_image

ALIASES = {
    "rgb": "rgb888",
    "rgba": "rgba8888",
    "yuv": "yuv444",
    "ycbcr": "ycbcr444",
    "nir": "l",
    "nir888": "l",
}
FORMATS = ("rgb888", "rgba8888", "rgb565", "l", "yuv444", "yuv422", "ycbcr444", "ycbcr422")

# 10 fraction bits: rows R, G, B; columns Y, U, V (Cb, Cr) after their offsets are taken off.
YUV_TO_RGB = ((1024, 0, 1436), (1024, -354, -732), (1024, 1814, 0))
YCBCR_TO_RGB = ((1192, 0, 1634), (1192, -401, -833), (1192, 2065, 0))
# 8 decimals: rows Y, U, V (Cb, Cr); columns R, G, B.
RGB_TO_YUV = (
    (29899106, 58654530, 11446364),
    (-16877996, -33110385, 49988381),
    (49988381, -41826072, -8162309),
)
RGB_TO_YCBCR = (
    (25678824, 50412941, 9790588),
    (-14822353, -29099216, 43921569),
    (43921569, -36778824, -7142745),
)
# What the original's API runs for YCbCr -> RGB: rows R, G, B in float64, cast without a clip.
ORIGINAL_YCBCR_TO_RGB = (
    (1.16438356, 2.99747219e-07, 1.59602686),
    (1.16438356, -3.91762529e-01, -8.12968294e-01),
    (1.16438356, 2.01723263, 3.04059479e-06),
)


def read_format(name: str | None, argument: str) -> str:
    """Resolve a format's spelling to one of ``FORMATS``.

    Args:
        name: the format, in any spelling.
        argument: the argument, for the message.

    Returns:
        One of ``FORMATS``.

    Raises: ValueError: unknown format.
    """
    word = str(name).strip().lower()
    word = ALIASES.get(word, word)
    if word not in FORMATS:
        listed = ", ".join(FORMATS)
        raise ValueError(f"{argument} must be one of {listed}, got {name!r}. Pick one of them.")
    return word


def _to_rgb_fixed(image: np.ndarray, matrix: tuple, offsets: tuple[int, int, int]) -> np.ndarray:
    """Compute clip((matrix (image - offsets) + 512) >> 10, 0, 255), in float32 without rounding.

    Every term is a multiple of 1/4096 below 2048, so float32 holds it exactly; OpenCV's rounding
    to nearest becomes "halves up" by the extra quarter of 1/1024. The device's signed rounding
    differs only for results below 0, which are clipped.
    """
    rows = np.array(matrix, np.float32)
    shift = 0.25 - rows @ np.array(offsets, np.float32)
    return cv2.transform(image, np.hstack([rows, shift[:, None]]) / 1024)


def _yuv_to_rgb(image: np.ndarray) -> np.ndarray:
    # U and V are two's complement: flipping the top bit makes them offset by 128.
    return _to_rgb_fixed(image ^ np.array([0, 128, 128], np.uint8), YUV_TO_RGB, (0, 128, 128))


def _ycbcr_to_rgb(image: np.ndarray, as_original: bool) -> np.ndarray:
    if not as_original:
        return _to_rgb_fixed(image, YCBCR_TO_RGB, (16, 128, 128))
    shifted = image.astype(np.float64) - (16, 128, 128)
    return (
        (cv2.transform(shifted, np.array(ORIGINAL_YCBCR_TO_RGB)) + 0.5)
        .astype(np.int32)
        .astype(np.uint8)
    )


def _from_rgb(
    image: np.ndarray, matrix: tuple, offsets: tuple[int, int, int], as_original: bool = False
) -> np.ndarray:
    """Compute round(offsets + matrix image / 1e8) modulo 256; float64 holds 1e8 times it.

    The original adds 0.5 and truncates, which is no rounding below 0.
    """
    rows = np.array(matrix, np.float64)
    shift = (np.array(offsets) + 0.5) * 1e8
    scaled = cv2.transform(image.astype(np.float64), np.hstack([rows, shift[:, None]]))
    whole = scaled / 1e8 if as_original else np.floor(scaled / 1e8)
    return whole.astype(np.int32).astype(np.uint8)


def _rgb_to_ycbcr(image: np.ndarray, as_original: bool) -> np.ndarray:
    if not as_original:
        return _from_rgb(image, RGB_TO_YCBCR, (16, 128, 128))
    # The original truncates towards 0 before it adds the offsets: chroma below 128 is 1 too high.
    return _from_rgb(image, RGB_TO_YCBCR, (0, 0, 0), True) + np.array([16, 128, 128], np.uint8)


def _halve_chroma(image: np.ndarray) -> np.ndarray:
    """Keep U (Cb) of even and V (Cr) of odd columns, each for both pixels of a pair."""
    if image.shape[1] % 2:
        raise ValueError(
            f"image must have an even width for a 4:2:2 format, got {image.shape[1]}. "
            f"Crop or pad it by one column."
        )
    image[:, 1::2, 1] = image[:, 0::2, 1]
    image[:, 0::2, 2] = image[:, 1::2, 2]
    return image


def _rgb_to_gray(image: np.ndarray) -> np.ndarray:
    """Compute Pillow's L: (19595 R + 38470 G + 7471 B + 32768) >> 16."""
    red, green, blue = np.moveaxis(image.astype(np.uint32), 2, 0)
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)


SHIFTS_565 = np.array([3, 2, 3], np.uint8)


def _to_rgb888(image: np.ndarray, source: str, as_original: bool) -> np.ndarray:
    if source == "l":
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    if source == "rgba8888":
        return image[..., :3].copy()
    if source == "rgb565":
        return image << SHIFTS_565
    if source.startswith("yuv"):
        return _yuv_to_rgb(image)
    if source.startswith("ycbcr"):
        return _ycbcr_to_rgb(image, as_original)
    return image.copy()


def _from_rgb888(image: np.ndarray, target: str, as_original: bool) -> np.ndarray:
    if target == "l":
        return _rgb_to_gray(image)
    if target == "rgba8888":
        return np.dstack([image, np.zeros_like(image[..., :1])])
    if target == "rgb565":
        return image >> SHIFTS_565
    if target == "rgb888":
        return image
    if target.startswith("yuv"):
        out = _from_rgb(image, RGB_TO_YUV, (0, 0, 0), as_original)
    else:
        out = _rgb_to_ycbcr(image, as_original)
    return _halve_chroma(out) if target.endswith("422") else out


def convert(
    image: np.ndarray,
    out_fmt: str = "RGB888",
    source_fmt: str = "RGB888",
    *,
    as_original: bool = False,
) -> np.ndarray:
    """Convert between colour formats, by way of RGB888.

    Args:
        image: uint8 (H, W, C) in ``source_fmt``, C = 4 for RGBA8888, else 3; (H, W) or
            (H, W, 1) for L (NIR). RGB565 holds 5, 6, 5 bit numbers; U and V are two's complement;
            4:2:2 formats hold both pixels' chroma.
        out_fmt: RGB888, RGBA8888 (A = 0), RGB565, L or NIR, YUV444 or YUV, YUV422, YCbCr444 or
            YCbCr, YCbCr422; case does not matter.
        source_fmt: one of the same.
        as_original: YCbCr as the original's API computes it: to RGB in float64, cast without a
            clip, so that it wraps; from RGB with chroma below 128 (YUV: below 0) one too high.
    Returns: uint8 (H, W, C), or (H, W) for L; U and V wrap to two's complement by definition.
    Raises: ValueError: unknown format, an array that does not fit ``source_fmt``, or an odd
        width for a 4:2:2 format.
    Source: Kneron PPP ``funcs/ColorConversion.py``.
    """
    source, target = read_format(source_fmt, "source_fmt"), read_format(out_fmt, "out_fmt")
    channels = {"l": (1,), "rgba8888": (4,)}.get(source, (3,))
    check_image(image, channels=channels, gray=source == "l")
    if source == target == "l":
        return image.reshape(image.shape[:2]).copy()
    return _from_rgb888(_to_rgb888(image, source, as_original), target, as_original)


def simulate(image: np.ndarray, fmt: str) -> np.ndarray:
    """Send an RGB888 image through a camera format and back, to see or train for its loss.

    Args:
        image: uint8 (H, W, 3) RGB.
        fmt: a format of :func:`convert`.
    Returns: uint8 (H, W, 3) RGB.
    Raises: ValueError: as :func:`convert`.
    """
    return convert(convert(image, fmt), "rgb888", fmt)
