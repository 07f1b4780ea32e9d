"""An image that knows what is drawn at every pixel: colours, and the owner of each pixel."""

from dataclasses import dataclass

import cv2
import numpy as np

_SHIFT = 4  # polygon corners are drawn to 1/16 pixel


@dataclass(frozen=True)
class Patch:
    """A polygon filled with a texture.

    Attributes:
        hull: float32 (N, 2), corners of a convex polygon, image pixels.
        tile: uint8 (h, w, 3) RGB texture, mirrored beyond its edges.
        to_tile: float (2, 3), affine matrix from image pixels to tile pixels.
        alpha: uint8 (h, w) opacity in tile pixels, or None: the polygon alone gives the shape.
    """

    hull: np.ndarray
    tile: np.ndarray
    to_tile: np.ndarray
    alpha: np.ndarray | None = None


def convex_hull(points_xy: np.ndarray) -> np.ndarray:
    """Return the corners, float32 (M, 2), of the convex hull of `points_xy` (N, 2)."""
    return np.asarray(cv2.convexHull(np.asarray(points_xy, np.float32)), np.float32).reshape(-1, 2)


def fill_convex(label_map: np.ndarray, hull: np.ndarray, value: int) -> None:
    """Write `value` into a uint8 (H, W) map wherever a convex polygon covers it.

    Args:
        label_map: uint8 (H, W), changed in place.
        hull: float (N, 2), corners, xy in pixels.
        value: 0..255.
    """
    corners = np.round(hull * (1 << _SHIFT)).astype(np.int32)
    cv2.fillConvexPoly(label_map, corners, value, cv2.LINE_8, _SHIFT)


class Canvas:
    """Colours, uint8 (H, W, 3) RGB, beside owners, uint8 (H, W), 0 where nobody's.

    Args:
        image: uint8 (H, W, 3) RGB background, drawn on in place.
    """

    def __init__(self, image: np.ndarray) -> None:
        self.image = image
        self.owner: np.ndarray = np.zeros(image.shape[:2], np.uint8)

    def paint(self, patch: Patch, owner: int) -> None:
        """Draw `patch` with smooth edges over what is there and enter its owner, 0 to 255.

        Args:
            patch: the polygon and its texture.
            owner: 0..255.
        """
        height, width = self.owner.shape
        x, y, w, h = cv2.boundingRect(patch.hull)
        x0, y0, x1, y1 = max(x - 1, 0), max(y - 1, 0), min(x + w + 1, width), min(y + h + 1, height)
        if x0 >= x1 or y0 >= y1:
            return
        size_wh = (x1 - x0, y1 - y0)
        to_tile = patch.to_tile.copy()
        to_tile[:, 2] += to_tile[:, :2] @ (x0, y0)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        colours = cv2.warpAffine(
            patch.tile, to_tile, size_wh, flags=flags, borderMode=cv2.BORDER_REFLECT
        )
        if patch.alpha is None:
            mask = np.zeros(size_wh[::-1], np.uint8)
            corners = np.round((patch.hull - (x0, y0)) * (1 << _SHIFT)).astype(np.int32)
            cv2.fillConvexPoly(mask, corners, 255, cv2.LINE_AA, _SHIFT)
        else:
            mask = cv2.warpAffine(patch.alpha, to_tile, size_wh, flags=flags)
        below = self.image[y0:y1, x0:x1]
        opacity = np.multiply(mask, np.float32(1 / 255))
        below[:] = cv2.blendLinear(colours, below, opacity, 1 - opacity)
        np.copyto(self.owner[y0:y1, x0:x1], owner, where=mask > 127)
