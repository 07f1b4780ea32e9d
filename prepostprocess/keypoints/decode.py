"""Heatmaps to keypoints: the peak, and where between the pixels it lies.

Letters in shapes: N people, K joints, H rows and W columns of a map.
"""

import difflib
from collections.abc import Callable

import cv2
import numpy as np

DECODERS = ("quarter", "dark", "megvii", "udp", "argmax")
LONGEST_STEP = 1.0  # heatmap pixels, on each axis; the peak was looked for pixel by pixel
_MEGVII_PEAK = 255.0  # Megvii's training target is 255 high


def decode_heatmaps(
    heatmaps: np.ndarray,
    input_wh: tuple[int, int],
    decoder: str = "quarter",
    *,
    blur_kernel_size: int = 11,
) -> tuple[np.ndarray, np.ndarray]:
    """Find each joint in its heatmap.

    Args:
        heatmaps: float (N, K, H, W), not changed.
        input_wh: network input width and height in pixels.
        decoder: "argmax": the highest pixel. "quarter": from there a quarter pixel towards the
            higher neighbour, each axis on its own. "dark": one Newton step on the logarithm of the
            blurred map (arXiv:1910.06278), of at most a heatmap pixel on each axis, else a quarter
            pixel along the slope. "udp": such a step for networks trained with UDP
            (arXiv:1911.07524), on UDP's grid. "megvii": the highest pixel of the blurred map, a
            quarter and half a pixel on (MSPN, arXiv:1901.00148).
        blur_kernel_size: odd, in heatmap pixels; "dark", "udp" and "megvii" blur with it; 11 goes
            with sigma 2, 17 with sigma 3.
    Returns: keypoints, float32 (N, K, 2), xy in network input pixels; scores, float32 (N, K), the
        height of the peak ("megvii": height / 255 + 0.5). A map that is nowhere above 0 has its
        joint at heatmap pixel (-1, -1).
    Raises: ValueError: an unknown decoder, an even kernel, or an array of another rank or without
        pixels.
    """
    check_decoder(decoder)
    if heatmaps.ndim != 4 or 0 in heatmaps.shape[1:]:
        raise ValueError(
            f"heatmaps must be a float (N, K, H, W) array, got {heatmaps.dtype} {heatmaps.shape}. "
            "Pass the network's output as it is."
        )
    if blur_kernel_size % 2 != 1:
        raise ValueError(f"blur_kernel_size must be odd, got {blur_kernel_size}. Use 11.")
    heatmaps = heatmaps.astype(np.float32, copy=False)
    if decoder == "megvii":
        heatmaps = _blur(heatmaps, blur_kernel_size)
    peaks, scores = find_peaks(heatmaps)
    points = peaks.astype(np.float32)
    if decoder == "quarter":
        points += _quarter_offsets(heatmaps, peaks)
    elif decoder == "megvii":
        points += _megvii_offsets(heatmaps, peaks)
        scores = scores / _MEGVII_PEAK + 0.5
    elif decoder == "dark":
        points += _dark_offsets(_log_blur(heatmaps, blur_kernel_size, 1e-10, np.inf), peaks)
    elif decoder == "udp":
        points += _udp_offsets(_log_blur(heatmaps, blur_kernel_size, 1e-3, 50.0), peaks)
    return points * _stride(heatmaps.shape, input_wh, decoder), scores


def check_decoder(decoder: str) -> None:
    """Refuse a word that names no decoder.

    Args:
        decoder: what should be one of ``DECODERS``.
    Raises: ValueError: it is not.
    """
    if decoder not in DECODERS:
        near = difflib.get_close_matches(str(decoder), DECODERS, n=1)
        fix = f"Did you mean '{near[0]}'?" if near else "Use 'quarter' for a plain heatmap network."
        raise ValueError(f"decoder must be one of {', '.join(DECODERS)}, got {decoder!r}. {fix}")


def find_peaks(heatmaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the highest pixel of each map (the first of equals, row by row).

    Args:
        heatmaps: float32 (N, K, H, W).
    Returns: int64 (N, K, 2), xy in heatmap pixels, (-1, -1) where nothing is above 0; float32 (N,
        K), the height there.
    """
    n, k, height, width = heatmaps.shape
    flat = heatmaps.reshape(n, k, height * width)
    index = flat.argmax(axis=-1)
    scores = np.take_along_axis(flat, index[..., None], axis=-1)[..., 0]
    peaks = np.stack([index % width, index // width], axis=-1)
    peaks[scores <= 0] = -1
    return peaks, scores


def _stride(shape: tuple[int, ...], input_wh: tuple[int, int], decoder: str) -> np.ndarray:
    """Input pixels per heatmap pixel; UDP counts from the first pixel's centre to the last's."""
    heatmap_wh = np.array(shape[:1:-1])
    return (np.array(input_wh) / (heatmap_wh - (decoder == "udp"))).astype(np.float32)


def _reader(heatmaps: np.ndarray, peaks: np.ndarray) -> Callable[[int, int], np.ndarray]:
    """A function (dx, dy) -> float64 (N, K): the values that far from the peaks, edges repeated."""
    n, k, height, width = heatmaps.shape
    maps = heatmaps.reshape(n * k, height, width)
    index = np.arange(n * k).reshape(n, k)

    def read(dx: int, dy: int) -> np.ndarray:
        x = np.clip(peaks[..., 0] + dx, 0, width - 1)
        y = np.clip(peaks[..., 1] + dy, 0, height - 1)
        return maps[index, y, x].astype(np.float64)

    return read


def _inside(peaks: np.ndarray, shape: tuple[int, ...], margin: int) -> np.ndarray:
    """Tell, per axis, where 1 < p < size - margin (mmpose leaves the second pixel out too)."""
    return (peaks > 1) & (peaks < np.array(shape[:1:-1]) - margin)


def _slope_signs(heatmaps: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """float32 (N, K, 2): towards which horizontal and vertical neighbour the map is higher."""
    at = _reader(heatmaps, peaks)
    slope = np.stack([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)], axis=-1)
    return np.sign(slope).astype(np.float32)


def _quarter_offsets(heatmaps: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    # Each axis is on its own but for one thing: a peak in the first row or column stays as it is.
    usable = _inside(peaks, heatmaps.shape, 1) & (peaks > 0).all(axis=-1, keepdims=True)
    return np.where(usable, 0.25 * _slope_signs(heatmaps, peaks), 0).astype(np.float32)


def _megvii_offsets(heatmaps: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    usable = _inside(peaks, heatmaps.shape, 1).all(axis=-1, keepdims=True)
    return np.where(usable, 0.25 * _slope_signs(heatmaps, peaks) + 0.5, 0).astype(np.float32)


def _dark_offsets(log_maps: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Newton step with derivatives over two pixels each way; none close to the border."""
    at = _reader(log_maps, peaks)
    center = at(0, 0)
    gradient = 0.5 * np.stack([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)], axis=-1)
    xx = 0.25 * (at(2, 0) - 2 * center + at(-2, 0))
    yy = 0.25 * (at(0, 2) - 2 * center + at(0, -2))
    xy = 0.25 * (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1))
    usable = np.asarray(_inside(peaks, log_maps.shape, 2).all(axis=-1))
    return _newton_step(gradient, xx, xy, yy, usable)


def _udp_offsets(log_maps: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Newton step with derivatives over one pixel each way, up to the border."""
    at = _reader(log_maps, peaks)
    center, right, left, below, above = at(0, 0), at(1, 0), at(-1, 0), at(0, 1), at(0, -1)
    gradient = 0.5 * np.stack([right - left, below - above], axis=-1)
    xx, yy = right - 2 * center + left, below - 2 * center + above
    xy = 0.5 * (at(1, 1) - right - below + 2 * center - left - above + at(-1, -1))
    # The reference adds this to keep its inverse finite.
    tiny = np.finfo(np.float32).eps
    return _newton_step(gradient, xx + tiny, xy, yy + tiny, peaks[..., 0] >= 0)


def _newton_step(
    gradient: np.ndarray, xx: np.ndarray, xy: np.ndarray, yy: np.ndarray, usable: np.ndarray
) -> np.ndarray:
    """Minus the inverse Hessian times the gradient, (N, K, 2); 0 where there is no inverse.

    A step over a pixel is no peak between pixels: a quarter pixel along the gradient is taken.
    """
    determinant = xx * yy - xy * xy
    usable = usable & (determinant != 0)
    divisor = np.where(usable, determinant, 1)
    dx, dy = gradient[..., 0], gradient[..., 1]
    step = np.stack([xy * dy - yy * dx, xy * dx - xx * dy], axis=-1) / divisor[..., None]
    is_near = (np.abs(step) <= LONGEST_STEP).all(axis=-1, keepdims=True)
    step = np.where(is_near, step, 0.25 * np.sign(gradient))
    return np.where(usable[..., None], step, 0).astype(np.float32)


def _log_blur(heatmaps: np.ndarray, kernel_size: int, low: float, high: float) -> np.ndarray:
    return np.log(np.clip(_blur(heatmaps, kernel_size), low, high))


def _blur(heatmaps: np.ndarray, kernel_size: int) -> np.ndarray:
    """Blur each map (zeros outside) and bring it back to its former height."""
    n, k, height, width = heatmaps.shape
    border = kernel_size // 2
    rows, columns = height + border, width + 2 * border
    # All maps in one tall image, with zeros between them as far as the kernel reaches: one call.
    tall = np.zeros((border + n * k * rows, columns), np.float32)
    maps = (slice(None), slice(height), slice(border, border + width))
    tall[border:].reshape(n * k, rows, columns)[maps] = heatmaps.reshape(n * k, height, width)
    tall = cv2.GaussianBlur(tall, (kernel_size, kernel_size), 0)
    blurred = tall[border:].reshape(n * k, rows, columns)[maps].reshape(heatmaps.shape)
    former = heatmaps.max(axis=(-2, -1), keepdims=True)
    height_now = blurred.max(axis=(-2, -1), keepdims=True)
    return blurred * np.divide(former, height_now, out=np.ones_like(former), where=height_now > 0)
