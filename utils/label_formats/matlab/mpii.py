"""MPII's own annotations: ``mpii_human_pose_v1_u12_1.mat``, people on images by name."""

from pathlib import Path
from typing import Any

import numpy as np

from utils.label_formats.labelled import LabelledImage, LabelledPerson, sizes_of
from utils.label_formats.matlab.mat_file import PARSE_FAULTS, load_mat

MPII_NAMES = (  # by their id
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "thorax", "upper_neck", "head_top", "right_wrist", "right_elbow"),
    *("right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
)


def read_mpii(path: Path, folder: Path) -> list[LabelledImage]:
    """Read the people whose joints are labelled; pixels, which count from 1 there, from 0.

    Args:
        path: the file.
        folder: of the images.

    Returns:
        Training images with such people; test images have no labels.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another file, or images that are missing or unreadable.

    Source: Andriluka et al., CVPR 2014; "Annotation description" of the data set's page.
    """
    purpose = "MPII's annotations"
    release = load_mat(path, "RELEASE", purpose)
    people: dict[str, list[LabelledPerson]] = {}
    try:
        entries, trained_on = _entries(release, "annolist"), np.atleast_1d(release.img_train)
        for entry, is_trained_on in zip(entries, trained_on, strict=True):
            if is_trained_on:
                found = [_person(rect) for rect in _entries(entry, "annorect")]
                kept = [person for person in found if person.keypoints]
                if kept:
                    people.setdefault(str(entry.image.name), []).extend(kept)
    except PARSE_FAULTS as err:
        raise ValueError(
            f"{path}: it must be {purpose}, RELEASE with annolist and img_train, got "
            f"{type(err).__name__}: {err}. Use the file as it was published."
        ) from err
    sizes = sizes_of(path, folder, list(people))
    return [
        LabelledImage(name, size, tuple(found))
        for (name, found), size in zip(people.items(), sizes, strict=True)
    ]


def _entries(struct: Any, name: str) -> list:
    """The structs of a field: none, where it is empty or left out, one, or several."""
    return list(np.atleast_1d(getattr(struct, name, ())))


def _person(rect: Any) -> LabelledPerson:
    points = {}
    for annotated in _entries(rect, "annopoints"):
        for point in _entries(annotated, "point"):
            number = int(point.id)
            if not 0 <= number < len(MPII_NAMES):
                raise ValueError(f"joint {number}, of 0 to {len(MPII_NAMES) - 1}")
            x, y = float(point.x) - 1, float(point.y) - 1
            points[MPII_NAMES[number]] = (x, y, _visibility(point))
    return LabelledPerson(points)


def _visibility(point: Any) -> int:
    """Hidden where ``is_visible`` is 0 (or text of it); neck and head top have it empty."""
    seen = np.ravel(getattr(point, "is_visible", ()))
    return 1 if seen.size and int(seen[0]) == 0 else 2
