"""Several sets of labels as one, described in one YAML file.

    keypoints: [left_ankle, right_ankle, head]     # of the result; left out: COCO's 17
    sets:
      - {format: mpii, labels: mpii.mat, images: mpii/images, joints: {head: head_top}}
      - {format: coco, labels: train.json, images: train2017}

Paths count from the file's folder. ``joints`` says which joint of the set a keypoint of the result
is; without it, the one of the same name. What a set lacks is unlabelled there.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.dataset_check.faults import name_some
from utils.label_formats.labelled import LabelledImage
from utils.label_formats.readers import LabelSet, read_label_set
from utils.label_formats.source import LABEL_FORMATS, LabelSource
from utils.params import ParamsError, check_keys, read_mapping

SET_NEEDS = ("format", "labels", "images")
SET_KEYS = (*SET_NEEDS, "joints", "keypoints", "category")


def read_merged(path: Path) -> LabelSet:
    """Read all sets that a file names, as one.

    Args:
        path: the YAML file.

    Returns:
        The images by their names below the folder that all image folders lie in.

    Raises:
        ParamsError: faults of the file.
        FileNotFoundError: labels that are not there.
        ValueError: faults of the labels, or an image in two sets.
    """
    values = read_mapping(path)
    check_keys(values, ("keypoints", "sets"), path)
    names = tuple(_names(values.get("keypoints", list(KEYPOINT_NAMES)), path))
    entries = values.get("sets")
    if not isinstance(entries, list) or not entries:
        raise ParamsError(f"{path}: sets must be a list of labels, got {entries!r:.60}. Add them.")
    sources = [_source(entry, f"{path}: sets[{i}]", path.parent) for i, entry in enumerate(entries)]
    folder = _common_folder(sources, path)
    images: list[LabelledImage] = []
    remarks: list[str] = []
    for number, (entry, source) in enumerate(zip(entries, sources, strict=True)):
        found = read_label_set(source)
        taken = _joints(entry.get("joints", {}), names, found, f"{path}: sets[{number}]")
        remarks.append(f"{source.labels}: {_told(taken, names, found.names)}")
        below = Path(os.path.relpath(os.path.abspath(source.images), folder))
        images += [_renamed(image, taken, below) for image in found.images]
    twice = [name for name, count in Counter(image.name for image in images).items() if count > 1]
    if twice:
        raise ValueError(
            f"{path}: an image must be in one set, and once, got {len(twice)} more than once: "
            f"{name_some(twice)}. Take it out of the others."
        )
    read = (path, *(source.labels for source in sources))
    return LabelSet(names, folder, tuple(images), read, tuple(remarks))


def _names(names: Any, where: object) -> list[str]:
    is_list = isinstance(names, list) and names and all(isinstance(name, str) for name in names)
    if not is_list or len(set(names)) < len(names):
        raise ParamsError(f"{where}: keypoints must be a list of different names. Correct it.")
    return names


def _source(entry: Any, where: str, folder: Path) -> LabelSource:
    if not isinstance(entry, dict):
        raise ParamsError(f"{where}: a set must have {', '.join(SET_NEEDS)}, got {entry!r:.60}.")
    check_keys(entry, SET_KEYS, where)
    lacking = [key for key in SET_NEEDS if not isinstance(entry.get(key), str)]
    if lacking:
        raise ParamsError(f"{where}: {', '.join(lacking)} must be given, as text. Add it.")
    if entry["format"] not in LABEL_FORMATS:
        raise ParamsError(
            f"{where}: format must be one of {', '.join(LABEL_FORMATS)}, got {entry['format']}. "
            "Correct it."
        )
    labels, images = folder / entry["labels"], folder / entry["images"]
    if not labels.exists() or not images.is_dir():
        wrong = images if labels.exists() else labels
        raise ParamsError(f"{where}: {wrong} does not exist. Paths count from the file's folder.")
    names = tuple(_names(entry["keypoints"], where)) if "keypoints" in entry else None
    return LabelSource(entry["format"], labels, images, names, entry.get("category"))


def _common_folder(sources: Sequence[LabelSource], path: Path) -> Path:
    folder = Path(os.path.commonpath([os.path.abspath(source.images) for source in sources]))
    if folder == Path(folder.anchor):
        raise ParamsError(
            f"{path}: images must lie in one folder, as deep as you like, got nothing in common of "
            f"{name_some([str(source.images) for source in sources])}. Link them into one."
        )
    return folder


def _joints(joints: Any, names: tuple[str, ...], found: LabelSet, where: str) -> Mapping[str, str]:
    """Say which joint of a set each keypoint of the result is; those that it lacks are left out."""
    if not isinstance(joints, dict) or not all(isinstance(j, str) for j in joints.values()):
        raise ParamsError(
            f"{where}: joints must be 'keypoint of the result: joint of the set' lines. Correct it."
        )
    check_keys(joints, names, f"{where}: joints")
    check_keys(dict.fromkeys(joints.values()), found.names, f"{where}: joints")
    wanted = {name: joints.get(name, name) for name in names}
    taken = {name: joint for name, joint in wanted.items() if joint in found.names}
    if not taken:
        raise ParamsError(
            f"{where}: joints of the set must be keypoints of the result, got none of "
            f"{', '.join(found.names)}. Name them: joints: {{{names[0]}: {found.names[0]}}}."
        )
    return taken


def _told(taken: Mapping[str, str], names: tuple[str, ...], known: tuple[str, ...]) -> str:
    parts = [f"{len(taken)} of {len(names)} keypoints"]
    for words, some in (
        ("never labelled", [name for name in names if name not in taken]),
        ("left out", [joint for joint in known if joint not in taken.values()]),
    ):
        parts += [f"{words}: {', '.join(some)}"] if some else []
    return "; ".join(parts)


def _renamed(image: LabelledImage, taken: Mapping[str, str], below: Path) -> LabelledImage:
    people = tuple(
        replace(
            person,
            keypoints={
                name: person.keypoints[joint]
                for name, joint in taken.items()
                if joint in person.keypoints
            },
        )
        for person in image.people
    )
    return LabelledImage((below / image.name).as_posix(), image.size_wh, people)
