"""From the frame that labels were made in to that of the images as they are decoded.

A frame's corners are counted from its edge: the first pixel reaches from 0 to 1 and has its centre
at 0.5. Keypoints are counted from the first pixel's centre.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# EXIF's orientations 1 to 8: the axes of the upright picture as seen in the stored one, and which
# of them run backwards. Source: EXIF 2.3, tag 0x0112.
_AXES = (
    *((1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1)),
    *((0, 1, 1, 0), (0, -1, 1, 0), (0, -1, -1, 0), (0, 1, -1, 0)),
)


@dataclass(frozen=True)
class LabelMove:
    """A move of labels: ``matrix @ xy + offset``, between corners.

    Attributes:
        matrix: float64 (2, 2).
        offset: float64 (2,), pixels.
    """

    matrix: np.ndarray
    offset: np.ndarray

    @property
    def enlargement(self) -> float:
        """How many times larger areas become."""
        return float(abs(np.linalg.det(self.matrix)))

    def move_points(self, xy: np.ndarray) -> np.ndarray:
        """Move keypoints, float64 (..., 2)."""
        return self.move_corners(xy + 0.5) - 0.5

    def move_corners(self, xy: np.ndarray) -> np.ndarray:
        """Move corners of boxes and outlines, float64 (..., 2)."""
        return xy @ self.matrix.T + self.offset

    def move_box(self, box_xywh: Sequence[float]) -> np.ndarray:
        """Move a box: left, top, width, height."""
        box = np.asarray(box_xywh, np.float64)
        corners = self.move_corners(np.stack([box[:2], box[:2] + box[2:]]))
        return np.concatenate([corners.min(axis=0), np.ptp(corners, axis=0)])


def upright(orientation: int, stored_wh: tuple[float, float]) -> LabelMove:
    """Turn what was labelled in a stored picture to the upright one.

    Args:
        orientation: EXIF's, 1 to 8.
        stored_wh: width and height of the stored picture.

    Returns:
        The move.
    """
    matrix = np.array(_AXES[orientation - 1], np.float64).reshape(2, 2)
    turned = matrix @ np.array(stored_wh, np.float64)
    return LabelMove(matrix, np.maximum(-turned, 0))


def scaled(frame: LabelMove, from_wh: tuple[float, float], to_wh: tuple[float, float]) -> LabelMove:
    """Scale what another move gives.

    Args:
        frame: the first move.
        from_wh: width and height of the picture that it leads to.
        to_wh: those that the picture should have.

    Returns:
        Both moves in one.
    """
    factors = np.array(to_wh, np.float64) / from_wh
    return LabelMove(factors[:, None] * frame.matrix, factors * frame.offset)


def has_shape_of(first_wh: Sequence[float], other_wh: Sequence[float]) -> bool:
    """Tell whether one size is the other one scaled, and rounded to whole pixels.

    Args:
        first_wh: width and height.
        other_wh: width and height.

    Returns:
        True or false.
    """
    (width, height), (other_width, other_height) = first_wh, other_wh
    rounding = max(sum(first_wh), sum(other_wh)) / 2
    return abs(width * other_height - height * other_width) <= rounding
