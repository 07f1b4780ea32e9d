"""The facts about a set of keypoints that drawing, evaluation and training share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prepostprocess.keypoints.coco import (
    COCO_FLIP_PAIRS,
    COCO_SIGMAS,
    COCO_SKELETON,
    KEYPOINT_NAMES,
)

# Links by the names at their ends: COCO's, and those through MPII's and LSP's on the middle line.
_LINKS = [(KEYPOINT_NAMES[a], KEYPOINT_NAMES[b]) for a, b in COCO_SKELETON]
_LINKS += [("left_hip", "pelvis"), ("right_hip", "pelvis"), ("pelvis", "thorax")]
_LINKS += [("thorax", "upper_neck"), ("upper_neck", "head_top"), ("neck", "head_top")]
_LINKS += [("left_shoulder", "thorax"), ("right_shoulder", "thorax")]
_LEFT_RIGHT = (("left", "right"), ("Left", "Right"))

Colours = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Joints:
    """K keypoints.

    Attributes:
        names: K, in the network's order.
        flip_pairs: numbers that change places in the mirror.
        links: numbers that a line is drawn between.
        sigmas: float64 (K,), how freely each is labelled; see ``oks``.
        colours: RGB of each, 0..255; None: its side's, by name.
    """

    names: tuple[str, ...]
    flip_pairs: tuple[tuple[int, int], ...]
    links: tuple[tuple[int, int], ...]
    sigmas: np.ndarray
    colours: Colours | None = None


COCO_JOINTS = Joints(KEYPOINT_NAMES, COCO_FLIP_PAIRS, COCO_SKELETON, COCO_SIGMAS)


def links_by_name(names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Find the lines of a body's skeleton whose ends are among these keypoints.

    Args:
        names: K keypoints.

    Returns:
        Pairs of numbers; none for keypoints of something else.
    """
    number = {name: i for i, name in enumerate(names)}
    return tuple((number[a], number[b]) for a, b in _LINKS if a in number and b in number)


def mirrored(name: str) -> str:
    """Exchange left and right in a keypoint's name; a name without them stays as it is."""
    for left, right in _LEFT_RIGHT:
        if left in name:
            return name.replace(left, right)
        if right in name:
            return name.replace(right, left)
    return name
