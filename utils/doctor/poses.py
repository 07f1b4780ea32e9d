"""The labelled people of a checked file as arrays.

Letters: N people, K keypoints.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.dataset_check.coco_file import CocoFile
from utils.dataset_check.structure import are_finite, entries


@dataclass(frozen=True)
class Poses:
    """People with a labelled keypoint and a box, crowds left out.

    Attributes:
        names: K keypoints; empty where they are not known.
        ids: N, of the annotations.
        image_ids: N, of the images they are on.
        points: float64 (N, K, 3), x, y, visibility.
        boxes_xywh: float64 (N, 4).
        areas: float64 (N,).
    """

    names: tuple[str, ...]
    ids: tuple[int, ...]
    image_ids: tuple[int | str, ...]
    points: np.ndarray
    boxes_xywh: np.ndarray
    areas: np.ndarray


def labelled_poses(file: CocoFile, keypoint_names: tuple[str, ...] | None = None) -> Poses:
    """Take the people out of a file.

    Args:
        file: without errors.
        keypoint_names: K names, in the file's order as it was read; None: the category's, or
            COCO's where it names none and has 17.

    Returns:
        The people.
    """
    people = [
        person
        for person in file.content["annotations"]
        if person["num_keypoints"] and not person["iscrowd"] and min(person["bbox"][2:]) > 0
    ]
    count = len(people[0]["keypoints"]) // 3 if people else 0
    given = (file.category or {}).get("keypoints")
    names = tuple(given if keypoint_names is None and isinstance(given, list) else ())
    names = keypoint_names or names
    names = names if all(isinstance(name, str) for name in names) else ()
    return Poses(
        known_names(names, count),
        tuple(person["id"] for person in people),
        tuple(person["image_id"] for person in people),
        np.array([p["keypoints"] for p in people], np.float64).reshape(len(people), count, 3),
        np.array([person["bbox"] for person in people], np.float64).reshape(-1, 4),
        np.array([person["area"] for person in people], np.float64),
    )


def known_names(names: tuple[str, ...] | None, count: int) -> tuple[str, ...]:
    """Name keypoints.

    Args:
        names: that were given; None: none.
        count: K.

    Returns:
        The names if there are K; else COCO's for as many as COCO has, none for others.
    """
    if names and len(names) == count:
        return names
    return KEYPOINT_NAMES if count == len(KEYPOINT_NAMES) else ()


def people_with_points(content: object) -> Iterator[tuple[dict, np.ndarray]]:
    """Yield each annotation of a file that has whole keypoints, with a copy, float64 (K, 3)."""
    for person in entries(content, "annotations"):
        values = person.get("keypoints")
        if isinstance(values, list) and values and len(values) % 3 == 0 and are_finite(values):
            yield person, np.array(values, np.float64).reshape(-1, 3)


def has_box(person: dict) -> bool:
    """Tell whether an annotation has a box of four numbers."""
    box = person.get("bbox")
    return isinstance(box, list) and len(box) == 4 and are_finite(box)
