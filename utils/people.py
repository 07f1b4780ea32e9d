"""The people of one image, and the boxes in which they were found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Detections:
    """The people found in one image, best first.

    Attributes:
        boxes_xywh: float32 (N, 4), left, top, width, height in source pixels, inside the image.
        scores: float32 (N,), 0..1.
    """

    boxes_xywh: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, boxes_xywh: object, scores: object = None) -> "Detections":
        """Take boxes from elsewhere; without scores each counts 1.

        Args:
            boxes_xywh: (N, 4) numbers, left, top, width, height in source pixels.
            scores: (N,) numbers, 0..1, or None.

        Returns:
            The boxes.
        """
        boxes = np.asarray(boxes_xywh, np.float32).reshape(-1, 4)
        given = np.ones(len(boxes)) if scores is None else scores
        return cls(boxes, np.asarray(given, np.float32).reshape(-1))


@dataclass(frozen=True)
class People:
    """The people of one image, in the order of their boxes.

    Attributes:
        boxes_xywh: float32 (N, 4), left, top, width, height in source pixels.
        box_scores: float32 (N,), the detector's, 0..1.
        keypoints: float32 (N, K, 2), xy in source pixels.
        keypoint_scores: float32 (N, K), heights of the heatmaps, about 0..1.
        scores: float32 (N,), box score times the mean of the keypoint scores above the threshold.
    """

    boxes_xywh: np.ndarray
    box_scores: np.ndarray
    keypoints: np.ndarray
    keypoint_scores: np.ndarray
    scores: np.ndarray

    @classmethod
    def nobody(cls) -> "People":
        """An image without people, or one that nobody has looked at."""
        empty = np.zeros(0, np.float32)
        return cls(empty.reshape(0, 4), empty, empty.reshape(0, 0, 2), empty.reshape(0, 0), empty)

    def __len__(self) -> int:
        return len(self.boxes_xywh)

    def pick(self, indices: Sequence[int] | np.ndarray) -> "People":
        """Some of them, in the order of ``indices``."""
        index = np.asarray(indices, np.int64)
        return People(*(getattr(self, name)[index] for name in self.__dataclass_fields__))
