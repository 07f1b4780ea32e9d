"""COCO keypoint annotations, of COCO or of a label tool that exports its form."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from utils.dataset_check.coco_file import CocoFile, LabelRules, check_coco
from utils.dataset_check.faults import refuse_errors
from utils.dataset_check.json_file import load_json
from utils.dataset_check.structure import are_finite, check_structure
from utils.label_formats.labelled import (
    BoxXywh,
    LabelledImage,
    LabelledPerson,
    around_polygons,
    box_around,
)


def read_coco_people(
    path: Path, names: Sequence[str] | None, category: str | int | None
) -> tuple[tuple[str, ...], list[LabelledImage]]:
    """Read a file, judged as training judges it; boxes and areas that lack are made.

    A box is made of the segmentation, which it touches, or else of the keypoints, with COCO's usual
    margin. Crowds stay crowds.

    Args:
        path: the file.
        names: of its K keypoints, where it names none.
        category: name or id of the people; None where there is one only.

    Returns:
        The K names in the file's order; all images.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no such file's content, or faults in it.
    """
    content = load_json(path, "a COCO keypoint file")
    refuse_errors(check_structure(content, str(path), need_sizes=True))
    sizes = {each["id"]: (int(each["width"]), int(each["height"])) for each in content["images"]}
    for person in content["annotations"]:
        try:
            _complete(person, sizes[person["image_id"]])
        except (KeyError, RuntimeError, TypeError, ValueError) as err:  # Runtime: the mask reader
            raise ValueError(
                f"{path}: segmentation of annotation {person['id']} must be polygons or a mask in "
                f"COCO's form, got {type(err).__name__}: {err}. Correct it."
            ) from err
    file = check_coco(content, path, LabelRules(category=category)).require()
    named = _names(file, names)
    people: dict[object, list[LabelledPerson]] = defaultdict(list)
    for person in file.content["annotations"]:
        people[person["image_id"]].append(_person(person, named))
    return named, [
        LabelledImage(image["file_name"], sizes[image["id"]], tuple(people[image["id"]]))
        for image in content["images"]
    ]


def _complete(person: dict, size_wh: tuple[int, int]) -> None:
    """Make the box where it lacks, and the area where an outline tells it."""
    outline, area = person.get("segmentation"), person.get("area")
    lacks_box = not _is_box(person.get("bbox"))
    lacks_area = area is None or not are_finite([area]) or area <= 0
    if outline and (lacks_box or lacks_area):
        box, mask_area = _around_mask(outline, size_wh)
        person["bbox"] = list(box) if lacks_box else person["bbox"]
        person["area"] = mask_area if lacks_area else area
        return
    points = person.get("keypoints")
    if lacks_box and isinstance(points, list) and len(points) % 3 == 0 and are_finite(points):
        rows = np.array(points, float).reshape(-1, 3)
        labelled = rows[rows[:, 2] > 0, :2]
        if len(labelled):
            person["bbox"] = list(box_around(labelled, size_wh))


def _is_box(box: object) -> bool:
    """Tell whether a box is there; what is wrong with it is for the check to say."""
    return box not in (None, []) and not (isinstance(box, list) and box[2:] == [0, 0])


def _around_mask(outline: Any, size_wh: tuple[int, int]) -> tuple[BoxXywh, float]:
    if isinstance(outline, list):
        return around_polygons([np.array(each, float).reshape(-1, 2) for each in outline])
    try:
        from xtcocotools import mask
    except ModuleNotFoundError as err:
        raise ValueError(
            "a mask, which this machine cannot read; run pip install -r requirements.txt"
        ) from err
    coded = outline
    if isinstance(outline["counts"], list):
        coded = mask.frPyObjects(outline, size_wh[1], size_wh[0])
    left, top, width, height = (float(value) for value in mask.toBbox(coded))
    return (left, top, width, height), float(mask.area(coded))


def _names(file: CocoFile, names: Sequence[str] | None) -> tuple[str, ...]:
    """The category's names, or else those that the user gave."""
    assert file.category is not None  # required before
    written = file.category.get("keypoints")
    if isinstance(written, list) and written and all(isinstance(name, str) for name in written):
        named = tuple(written)
    elif names:
        named = tuple(names)
    else:
        raise ValueError(
            f"{file.path}: keypoints must be named, its category names none. Give them in the "
            "file's order: --keypoints, or keypoints of the set."
        )
    people = file.content["annotations"]
    if people and len(people[0]["keypoints"]) != 3 * len(named):
        raise ValueError(
            f"{file.path}: people must have {len(named)} keypoints, as many as are named, got "
            f"{len(people[0]['keypoints']) // 3}. Name them all, in the file's order."
        )
    return named


def _person(person: dict, names: Sequence[str]) -> LabelledPerson:
    rows = np.array(person["keypoints"], float).reshape(-1, 3).tolist()
    points = {
        name: (x, y, int(seen)) for name, (x, y, seen) in zip(names, rows, strict=True) if seen > 0
    }
    x, y, w, h = person["bbox"]
    return LabelledPerson(points, (x, y, w, h), person["area"], bool(person["iscrowd"]))
