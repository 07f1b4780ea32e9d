"""The float crop: one matrix for the image and the points, and cv2's bilinear warp with it."""

import math

import cv2
import numpy as np


def crop_matrix(
    center_xy: np.ndarray,
    scale_wh: np.ndarray,
    input_wh: tuple[int, int],
    rotation_deg: float = 0.0,
    *,
    udp: bool = False,
) -> np.ndarray:
    """Map a (rotated) region of the source image onto the network input.

    Plain: the region's centre goes to (w / 2, h / 2) and one factor, input width over region width,
    serves both axes, so the region must have the input's shape (``box.fix_aspect``). With ``udp``
    the region's edges go to the centres of the first and last pixels, each axis with its own
    factor.

    Args:
        center_xy: (2,), source pixels.
        scale_wh: (2,), width and height of the region, source pixels, above 0.
        input_wh: network input width and height in pixels.
        rotation_deg: degrees; a positive one turns the region clockwise as seen on the screen.
        udp: unbiased data processing, for networks trained with it.
    Returns: (2, 3), source xy to input xy; float64, or float32 with ``udp``.
    Source: arXiv:1804.06208's released code; UDP: arXiv:1911.07524. The points are rounded to
        float32 where mmpose 1.x rounds them, so that the warp gives the same bits.
    """
    center = np.asarray(center_xy)
    scale = np.asarray(scale_wh)
    angle = np.deg2rad(rotation_deg)
    if udp:
        return _udp_matrix(center, scale, input_wh, angle)
    up = np.array([np.sin(angle), -np.cos(angle)], np.float64) * (scale[0] * 0.5)
    source = _corner_points(center, up)
    target = _corner_points(np.array(input_wh) * 0.5, np.array([0.0, input_wh[0] * -0.5]))
    return cv2.getAffineTransform(source, target)


def scale_matrix(
    center_xy: np.ndarray, scale_wh: np.ndarray, input_wh: tuple[int, int], *, udp: bool = False
) -> np.ndarray:
    """Map a region onto the input without rotation, each axis with its own factor.

    This is what the hardware's integer crop needs: rounding to whole pixels leaves the two axes
    with slightly different factors.

    Args:
        center_xy: (2,), source pixels.
        scale_wh: (2,), width and height of the region, source pixels, above 0.
        input_wh: network input width and height in pixels.
        udp: the region's edges go to the first and last pixels' centres, not half a pixel outside.
    Returns: float64 (2, 3), source xy to input xy.
    """
    center, scale = np.asarray(center_xy, np.float64), np.asarray(scale_wh, np.float64)
    factor = (np.array(input_wh) - (1 if udp else 0)) / scale
    return np.column_stack([np.diag(factor), (scale * 0.5 - center) * factor])


def warp_crop(image: np.ndarray, matrix: np.ndarray, input_wh: tuple[int, int]) -> np.ndarray:
    """Sample the source image on the network input's grid, bilinear, black outside the image.

    Args:
        image: uint8 (H, W, 3).
        matrix: (2, 3), source xy to input xy.
        input_wh: width and height of the result in pixels.
    Returns: uint8 (h, w, 3).
    """
    return cv2.warpAffine(image, matrix, tuple(input_wh), flags=cv2.INTER_LINEAR)


def apply_affine(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Move points as ``warp_crop`` moves the image.

    Args:
        points: float (..., 2), source xy.
        matrix: (2, 3), source xy to input xy.
    Returns: the dtype and shape of ``points``, input xy.
    """
    matrix = np.asarray(matrix, np.float64)
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(points.dtype)


def _corner_points(center: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Three points that fix a similarity: the centre, the top's middle, one at right angles."""
    points = np.empty((3, 2), np.float32)
    points[0] = center
    points[1] = center + up
    down = points[0] - points[1]
    points[2] = points[1] + np.array([-down[1], down[0]], np.float32)
    return points


def _udp_matrix(
    center: np.ndarray, scale: np.ndarray, input_wh: tuple[int, int], angle: float
) -> np.ndarray:
    cosine, sine = math.cos(angle), math.sin(angle)
    factor_x, factor_y = (input_wh[0] - 1) / scale[0], (input_wh[1] - 1) / scale[1]
    x, y = center
    return np.array(
        [
            [
                cosine * factor_x,
                -sine * factor_x,
                factor_x * (-x * cosine + y * sine + 0.5 * scale[0]),
            ],
            [
                sine * factor_y,
                cosine * factor_y,
                factor_y * (-x * sine - y * cosine + 0.5 * scale[1]),
            ],
        ],
        dtype=np.float32,
    )
