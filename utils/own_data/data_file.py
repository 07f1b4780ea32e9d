"""A data set of one's own, described in one YAML file.

    train: {annotations: train.json, images: train/}
    val: {annotations: val.json, images: val/}
    keypoints: [nose, left_eye, right_eye]

Paths count from the file's folder. Optional: flip_pairs, links, sigmas (numbers, or
{repeated: FILE}), colours ({name: [red, green, blue]}), category; of val also detections, a
detector's boxes.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prepostprocess.keypoints.coco import COCO_SIGMAS, KEYPOINT_NAMES
from utils.drawing import side_colours
from utils.joints import Colours, Joints, links_by_name, mirrored
from utils.own_data.repeated import estimate_sigmas
from utils.params import ParamsError, check_keys, read_mapping

KEYS = ("train", "val", "keypoints", "flip_pairs", "links", "sigmas", "colours", "category")
SIDE_LETTER = re.compile(r"LEFT|RIGHT|^[lrLR]|(?<![A-Za-z])[lrLR](?![A-Za-z])|[LR]$")
OTHER_SIDE = {"l": "r", "r": "l", "L": "R", "R": "L", "LEFT": "RIGHT", "RIGHT": "LEFT"}
MOST_SIGMA = 0.3  # beyond it, whoever is found at all is found well
DEFAULT_SIGMA = 0.05  # between COCO's eyes (.025) and hips (.107)


@dataclass(frozen=True)
class Labels:
    """A file of COCO keypoint annotations, the folder of its images, a detector's boxes on them."""

    annotations: Path
    images: Path
    detections: Path | None = None


@dataclass(frozen=True)
class OwnData:
    """What the file says.

    Attributes:
        source: the file.
        train: trained on, all together.
        val: evaluated on.
        joints: the keypoints.
        category: name or id of the objects' category; None where the labels have one only.
        remarks: what was assumed, a line each.
    """

    source: Path
    train: tuple[Labels, ...]
    val: Labels
    joints: Joints
    category: str | int | None
    remarks: tuple[str, ...]


def read_own_data(path: str | Path) -> OwnData:
    """Read the description, and tell all its faults at once.

    Args:
        path: the YAML file.

    Returns:
        The description; annotation files and folders exist.

    Raises:
        ParamsError: no such file, no YAML, or faults in it.
        ValueError: labels that sigmas are to be estimated from and that cannot be used.
    """
    path = Path(path)
    values = read_mapping(path)
    check_keys(values, KEYS, path)
    told: list[str] = []
    train = _labels(values, "train", path.parent, told)
    val = _labels(values, "val", path.parent, told)
    if len(val) > 1:
        told.append("val must be one set, not a list")
    names = _names(values.get("keypoints"), told)
    remarks: list[str] = []
    pairs = _flip_pairs(values.get("flip_pairs"), names, told, remarks)
    links = _pairs("links", values["links"], names, told) if "links" in values else None
    given = _sigmas(values.get("sigmas"), names, path.parent, told, remarks)
    colours = _colours(values["colours"], names, pairs, told) if "colours" in values else None
    category = values.get("category")
    if category is not None and type(category) not in (str, int):
        told.append(f"category must be a name or a number, got {category!r}")
    if told:
        count = f"{len(told)} faults" if len(told) > 1 else "a fault"
        raise ParamsError(f"{path}: data must be described whole, got {count}: {'; '.join(told)}.")
    remarks += _counted_twice(train, val[0])
    sigmas = (
        _estimated(given, (*train, *val), names, category, remarks)
        if isinstance(given, Path)
        else given
    )
    links = links_by_name(names) if links is None else links
    joints = Joints(names, pairs, links, sigmas, colours)
    return OwnData(path, train, val[0], joints, category, tuple(remarks))


def check_keypoint_names(names: Sequence[str]) -> list[str]:
    """Find what a description by these names alone would be refused for.

    Args:
        names: K keypoints.

    Returns:
        Faults in words: a name that is there twice, a side without its other.
    """
    return _twice(names) + _lonely(names)


def _labels(values: dict, key: str, folder: Path, told: list[str]) -> tuple[Labels, ...]:
    sets = values.get(key)
    if sets is None:
        told.append(f"{key} is missing (write {key}: {{annotations: FILE, images: FOLDER}})")
        return ()
    found = []
    for entry in sets if isinstance(sets, list) else [sets]:
        more = {"detections"} if key == "val" else set()
        if not isinstance(entry, dict) or set(entry) - more != {"annotations", "images"}:
            also = " (and detections, if you like)" if more else ""
            told.append(f"{key} must have annotations and images{also}, and nothing else")
            continue
        labels = Labels(**{name: folder / str(entry[name]) for name in entry})
        if not labels.annotations.is_file():
            told.append(f"{key}: no file {labels.annotations}")
        if labels.detections is not None and not labels.detections.is_file():
            told.append(f"{key}: no file {labels.detections}")
        if not labels.images.is_dir():
            told.append(f"{key}: no folder {labels.images}")
        found.append(labels)
    return tuple(found)


def _names(names: Any, told: list[str]) -> tuple[str, ...]:
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        told.append("keypoints must be a list of names")
        return ()
    told += _twice(names)
    return tuple(names)


def _twice(names: Sequence[str]) -> list[str]:
    return [f"keypoint '{n}' is there {c} times" for n, c in Counter(names).items() if c > 1]


def _lonely(names: Sequence[str]) -> list[str]:
    return [
        f"'{name}' has no '{mirrored(name)}' to change places with"
        for name in names
        if mirrored(name) not in names
    ]


def _counted_twice(train: Sequence[Labels], val: Labels) -> list[str]:
    """Say what may be meant so, and may be a slip."""
    files = Counter(labels.annotations.resolve() for labels in train)
    remarks = [
        f"train names {file.name} {count} times. Its people count as often."
        for file, count in files.items()
        if count > 1
    ]
    if val.annotations.resolve() in files:
        remarks.append("val is trained on too. AP says nothing of other images.")
    return remarks


def _flip_pairs(
    pairs: Any, names: Sequence[str], told: list[str], remarks: list[str]
) -> tuple[tuple[int, int], ...]:
    """Take the pairs as given, or those of names that differ in left and right alone."""
    if pairs is not None:
        found = _pairs("flip_pairs", pairs, names, told)
        many = [names[k] for k, count in Counter(sum(found, ())).items() if count > 1]
        told += [f"'{name}' is in two flip_pairs" for name in many]
        return found
    told += [f"{fault}; give flip_pairs" for fault in _lonely(names)]
    lefts = [n for n in names if "left" in n.lower() and mirrored(n) in set(names) - {n}]
    by_word = [(name, mirrored(name)) for name in lefts]
    by_letter = [(name, other) for name in names for other in _other_side(name) if other in names]
    if by_letter:
        listed = ", ".join(f"[{left}, {right}]" for left, right in by_letter)
        remarks.append(
            f"no flip_pairs: by a letter of their names, {listed} change places in the mirror. "
            "Write flip_pairs if that is wrong."
        )
    return tuple((names.index(left), names.index(right)) for left, right in by_word + by_letter)


def _other_side(name: str) -> list[str]:
    """Name what may be the right one of a left keypoint: l_eye, EyeL, LEFT_EYE."""
    return [
        name[: side.start()] + OTHER_SIDE[side[0]] + name[side.end() :]
        for side in SIDE_LETTER.finditer(name)
        if side[0].lower() in ("l", "left") and mirrored(name) == name
    ]


def _pairs(
    key: str, pairs: Any, names: Sequence[str], told: list[str]
) -> tuple[tuple[int, int], ...]:
    """Read pairs of names as numbers."""
    if not isinstance(pairs, list):
        told.append(f"{key} must be a list of pairs of keypoints")
        return ()
    found = []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or pair[0] == pair[1]:
            told.append(f"{key}: {pair!r:.60} is no pair of keypoints")
        elif strangers := [name for name in pair if name not in names]:
            told += [f"{key}: '{name}' is no keypoint" for name in strangers]
        else:
            found.append((names.index(pair[0]), names.index(pair[1])))
    return tuple(found)


def _colours(
    colours: Any, names: Sequence[str], pairs: Sequence[tuple[int, int]], told: list[str]
) -> Colours:
    """Take those that are named; the others have their side's."""
    found = dict(zip(names, side_colours(names, pairs), strict=True))
    if not isinstance(colours, dict):
        told.append("colours must be lines of a keypoint and its [red, green, blue]")
        return ()
    for name, colour in colours.items():
        is_colour = isinstance(colour, list) and len(colour) == 3
        if name not in found:
            told.append(f"colours: '{name}' is no keypoint")
        elif not is_colour or not all(type(c) is int and 0 <= c < 256 for c in colour):
            told.append(f"colours: '{name}' must have three numbers 0..255, got {colour!r:.40}")
        else:
            found[name] = (colour[0], colour[1], colour[2])
    return tuple(found[name] for name in names)


def _sigmas(
    sigmas: Any, names: Sequence[str], folder: Path, told: list[str], remarks: list[str]
) -> np.ndarray | Path:
    """Take the numbers as given, COCO's by name, one for all, or a file to estimate them from."""
    if sigmas is None:
        known = dict(zip(KEYPOINT_NAMES, COCO_SIGMAS, strict=True))
        others = [name for name in names if name not in known]
        if others:
            remarks.append(
                f"no sigmas: {len(names) - len(others)} keypoints take COCO's, {len(others)} take "
                f"{DEFAULT_SIGMA}. AP compares only with figures of the same sigmas."
            )
        return np.array([known.get(name, DEFAULT_SIGMA) for name in names], np.float64)
    if isinstance(sigmas, dict) and set(sigmas) == {"repeated"}:
        path = folder / str(sigmas["repeated"])
        told += [] if path.is_file() else [f"sigmas: no file {path}"]
        return path
    is_whole = isinstance(sigmas, list) and all(type(s) in (int, float) for s in sigmas)
    if not is_whole or not all(0 < s < 10 for s in sigmas) or len(sigmas) != len(names):
        told.append(
            f"sigmas must be {len(names)} numbers above 0, one a keypoint, or {{repeated: FILE}}"
        )
        return np.zeros(0)
    if max(sigmas) > MOST_SIGMA:
        remarks.append(
            f"a sigma of {max(sigmas):g} calls nearly everything right: AP will be close to 1. "
            "COCO's are .025 to .107, shares and no percent."
        )
    return np.array(sigmas, np.float64)


def _estimated(
    repeated: Path,
    sets: Sequence[Labels],
    names: tuple[str, ...],
    category: str | int | None,
    remarks: list[str],
) -> np.ndarray:
    """Estimate the numbers, and say them."""
    paths = [labels.annotations for labels in sets]
    sigmas, people = estimate_sigmas(paths, repeated, names, category)
    remarks.append(
        f"sigmas estimated from {people} people labelled twice: {sigmas.tolist()}. Write these "
        "numbers in place of the file: AP then stays comparable when labels change."
    )
    return sigmas
