"""A head seen from any side: rays meet an ellipsoid that carries hair, eyes, brows and a mouth."""

from functools import cache

import cv2
import numpy as np

from utils.people_generator.skeleton import FACE_POINTS

HEAD_PIXELS = 40  # side of the square image of a head
_EXTENT = 1.3  # half of that side, in units of the head's longest half axis
_EYE_XY = np.array([0.4, 0.16])
# Rows of the palette in `draw_head`.
_SKIN, _HAIR, _BROW, _WHITE, _PUPIL, _SHADE, _RIDGE, _LIPS = range(8)
# A face point is seen while its outward normal points this little away from the viewer: the nose
# and the ears stick out of the ellipsoid, the eyes lie in it.
_LEAST_FACING = np.array([-0.1, 0.12, 0.12, -0.15, -0.15])


@cache
def _rays() -> np.ndarray:
    """Image offsets (x, y up), float (2, n * n), in units of the longest half axis."""
    steps = (np.arange(HEAD_PIXELS) + 0.5) / HEAD_PIXELS * 2 - 1
    x, y = np.meshgrid(steps * _EXTENT, -steps * _EXTENT)
    return np.stack([x.ravel(), y.ravel()]).astype(np.float32)


def face_points_seen(head: np.ndarray) -> np.ndarray:
    """Tell which of nose, eyes and ears face the viewer, bool (5,), for head axes (3, 3)."""
    outward = FACE_POINTS / np.linalg.norm(FACE_POINTS, axis=1, keepdims=True)
    return (outward @ head.T)[:, 2] > _LEAST_FACING


def _materials(x: np.ndarray, y: np.ndarray, z: np.ndarray, hair_style: str) -> np.ndarray:
    """Material of each point of the unit sphere (left, up, forward), uint8 like `x`."""
    material = np.full(x.shape, _SKIN, np.uint8)
    front = z > 0
    beside = np.abs(np.abs(x) - _EYE_XY[0])  # from the middle line of either eye
    above = y - _EYE_XY[1]
    # Features are larger than in life, so that a face remains one on an image of 128 pixels.
    material[front & (np.abs(x) < 0.09) & (y > -0.1) & (y < 0.2)] = _RIDGE
    material[front & ((x / 0.2) ** 2 + ((y + 0.13) / 0.14) ** 2 < 1)] = _SHADE
    material[front & ((x / 0.34) ** 2 + ((y + 0.52) / 0.1) ** 2 < 1)] = _LIPS
    material[front & ((beside / 1.3) ** 2 + above**2 < 0.2**2)] = _WHITE
    material[front & (beside**2 + above**2 < 0.14**2)] = _PUPIL
    material[front & (beside < 0.27) & (np.abs(y - 0.44) < 0.06)] = _BROW
    if hair_style in ("short", "long"):
        below = -0.9 if hair_style == "long" else -0.42
        material[(y > 0.52) | ((z < 0.12) & (y > 0.15)) | ((z < -0.22) & (y > below))] = _HAIR
    elif hair_style == "cap":
        material[(y > 0.4) | ((z < -0.1) & (y > 0.25))] = _HAIR
        material[front & (y > 0.34) & (y < 0.46)] = _BROW
    return material


def draw_head(
    head: np.ndarray, head_axes: np.ndarray, skin: np.ndarray, hair: np.ndarray, hair_style: str
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a head as seen along the camera's axis.

    Args:
        head: float (3, 3), columns are the head's left, up and forward in camera axes.
        head_axes: float (3,), half axes of the ellipsoid; only their ratios matter here.
        skin: float (3,), RGB.
        hair: float (3,), RGB; also the colour of a cap.
        hair_style: one of `utils.people_generator.appearance.HAIR_STYLES`.

    Returns: uint8 (40, 40, 3) RGB and uint8 (40, 40) opacity. The image's half side is
        `1.3 * max(head_axes)`.

    Source: derived here (a line met with an ellipsoid).
    """
    to_sphere = (head.T / (head_axes / head_axes.max())[:, None]).astype(np.float32)
    origin, direction = to_sphere[:, :2] @ _rays(), to_sphere[:, 2]
    a = direction @ direction
    b = direction @ origin
    gap = b * b - a * ((origin * origin).sum(axis=0) - 1)
    depth = (np.sqrt(np.maximum(gap, 0)) - b) / a
    x, y, z = origin + depth * direction[:, None]

    material = _materials(x, y, z, hair_style)
    white, dark = np.full(3, 245.0), np.full(3, 35.0)
    palette = np.stack(
        [skin, hair, 0.6 * hair, white, dark, 0.6 * skin, 1.12 * skin, skin * (0.75, 0.45, 0.45)]
    )
    brightness = 0.6 + 0.42 * np.sqrt(np.clip(gap, 0, 1))
    brightness *= np.where(material == _HAIR, 0.9 + 0.2 * np.sin(9 * np.arctan2(x, z)), 1)
    colour = np.clip(palette[material] * brightness[:, None], 0, 255).astype(np.uint8)
    # Half a ray of softness at the rim.
    alpha = (np.clip(gap * 6 + 0.5, 0, 1) * 255).astype(np.uint8)
    shape = (HEAD_PIXELS, HEAD_PIXELS)
    return cv2.GaussianBlur(colour.reshape(*shape, 3), (3, 3), 0.6), alpha.reshape(shape)
