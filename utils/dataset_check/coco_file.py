"""Read a COCO keypoint file: checked as a whole, and put into one form for whoever uses it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from utils.dataset_check.categories import choose_category, keypoint_order
from utils.dataset_check.faults import ERROR, Fault, error, note, refuse_errors, warning
from utils.dataset_check.geometry import check_geometry
from utils.dataset_check.json_file import load_json
from utils.dataset_check.people import (
    check_areas,
    check_numbers,
    fill_areas,
    settle_visibility,
)
from utils.dataset_check.structure import check_structure


@dataclass(frozen=True)
class LabelRules:
    """How labels are to be understood; training and evaluation must use the same.

    Attributes:
        keypoint_names: K names, in the network's order; None: not known.
        category: name or id of the person's category; None where there is one only.
        visible_above: a visibility above it is a label; None admits 0, 1, 2 (and -1 as 0).
        evaluation_only: boxes, image sizes and categories may be absent; boxes are then drawn
            around the labelled keypoints.
        need_keypoints: annotations must have keypoints; if not, only their boxes are looked at.
        boxes_suffice: people without keypoints are people of whom none is labelled.
    """

    keypoint_names: tuple[str, ...] | None = None
    category: str | int | None = None
    visible_above: float | None = None
    evaluation_only: bool = False
    need_keypoints: bool = True
    boxes_suffice: bool = False


@dataclass(frozen=True)
class CocoFile:
    """A checked file.

    Attributes:
        path: the file.
        content: in one form: people of the one category, each with box, area, iscrowd and
            num_keypoints, keypoints in the network's order with visibility 0, 1 or 2; annotation
            ids are numbers. As read if there are errors.
        category: the people's entry of ``categories``; None with errors.
        faults: all of them.
    """

    path: str
    content: dict
    category: dict | None
    faults: tuple[Fault, ...]

    def require(self) -> "CocoFile":
        """Return this file if it can be used.

        Raises: DatasetError: it has errors.
        """
        refuse_errors(self.faults)
        return self


def read_coco(path: str | Path, rules: LabelRules) -> CocoFile:
    """Read and check a file.

    Args:
        path: COCO keypoint annotations.
        rules: how to understand them.
    Returns: the file in one form, with all faults that were found.
    Raises: FileNotFoundError: no such file; ValueError: no JSON.
    """
    return check_coco(load_json(path, "a COCO keypoint file"), path, rules)


def check_coco(content: Any, path: str | Path, rules: LabelRules) -> CocoFile:
    """Check what a file holds and put it, in place, into the one form; see ``read_coco``.

    Args:
        content: changed in place.
        path: its name, for the faults.
        rules: how to understand it.

    Returns:
        The file, with all faults that were found.
    """
    file = str(path)
    if rules.evaluation_only and isinstance(content, dict) and not content.get("categories"):
        _add_category(content)
    faults = check_structure(content, file, need_sizes=not rules.evaluation_only)
    if _has_errors(faults):
        return CocoFile(file, content, None, tuple(faults))
    category, found = choose_category(content, file, rules.category)
    faults += found
    if category is None:
        return CocoFile(file, content, None, tuple(faults))
    people = [p for p in content["annotations"] if p["category_id"] == category["id"]]
    left = len(content["annotations"]) - len(people)
    told = [f"{left} annotations"] if left else []
    faults += note("category", file, "annotations of other categories are left out", told)
    order, found = keypoint_order(category, rules.keypoint_names, file)
    faults += found
    if rules.boxes_suffice and rules.keypoint_names:
        for person in people:
            person["keypoints"] = person.get("keypoints") or [0] * 3 * len(rules.keypoint_names)
    faults += check_numbers(
        people, _num_keypoints(rules, people), file, need_boxes=not rules.evaluation_only
    )
    if _has_errors(faults):
        return CocoFile(file, content, None, tuple(faults))
    content["annotations"] = people
    content["categories"] = [category]
    if not people:
        return CocoFile(file, content, category, tuple(faults))
    if rules.need_keypoints:
        faults += _settle(content, file, rules, order)
    faults += _check_entries(content, file)
    return CocoFile(file, content, category, tuple(faults))


def _settle(content: dict, file: str, rules: LabelRules, order: np.ndarray | None) -> list[Fault]:
    """Put keypoints, counts, boxes and areas into the one form, and check them together."""
    people = content["annotations"]
    ids = [person["id"] for person in people]
    points = np.array([person["keypoints"] for person in people], np.float64)
    points = points.reshape(len(people), -1, 3)
    before = points.copy()
    if order is not None:
        points = np.ascontiguousarray(points[:, order])
    faults = settle_visibility(points, ids, file, rules.visible_above)
    counts = np.count_nonzero(points[..., 2] > 0, axis=1)
    wrong = [
        f"annotation {p['id']} says {p['num_keypoints']}, has {count}"
        for p, count in zip(people, counts, strict=True)
        if p.get("num_keypoints", count) != count
    ]
    if rules.visible_above is None:
        rule = "num_keypoints should be the number of labelled keypoints"
        faults += warning("num-keypoints", file, rule, wrong, "The keypoints are counted instead.")
    odd_areas = check_areas(people, file)
    changed = not np.array_equal(before, points)
    for person, row, count in zip(people, points, counts.tolist(), strict=True):
        person["num_keypoints"] = count
        person["iscrowd"] = int(bool(person.get("iscrowd")))
        if changed:
            person["keypoints"] = row.ravel().tolist()
        if person.get("bbox") is None:  # admitted by check_numbers for evaluation only
            shown = row[row[:, 2] > 0][:, :2] if count else np.zeros((1, 2))
            person["bbox"] = [*shown.min(axis=0).tolist(), *np.ptp(shown, axis=0).tolist()]
            person["area"] = person.get("area") or person["bbox"][2] * person["bbox"][3]
    faults += fill_areas(people, file)
    if not rules.evaluation_only:
        sizes = {image["id"]: (image["width"], image["height"]) for image in content["images"]}
        boxes = np.array([person["bbox"] for person in people], np.float64)
        sizes_wh = np.array([sizes[person["image_id"]] for person in people], np.float64)
        keep = np.array([not person["iscrowd"] for person in people])
        kept_ids = [number for number, kept in zip(ids, keep, strict=True) if kept]
        faults += check_geometry(points[keep], boxes[keep], sizes_wh[keep], kept_ids, file)
    return faults if _has_errors(faults) else faults + odd_areas


def _check_entries(content: dict, file: str) -> list[Fault]:
    """Annotation ids, images that are listed twice, people that are labelled twice."""
    people = content["annotations"]
    twice = [k for k, count in Counter(p["id"] for p in people).items() if count > 1]
    faults = []
    if twice or not all(type(person["id"]) is int for person in people):
        faults += error(
            "id-twice", file, "annotation ids must be unique", twice, "Number them anew."
        )
        if not twice:
            for number, person in enumerate(people, start=1):
                person["id"] = number
            told = [f"{len(people)} annotations"]
            faults += note("id-text", file, "annotation ids that are no numbers are counted", told)
    names = Counter(image["file_name"] for image in content["images"])
    faults += warning(
        "image-twice",
        file,
        "images should be listed once",
        [f"{name} {count} times" for name, count in names.items() if count > 1],
        "Join the entries: people of the other entry count as false alarms.",
    )
    seen = Counter(
        (person["image_id"], tuple(person.get("keypoints") or person["bbox"]))
        for person in people
        if person.get("num_keypoints", 1)
    )
    return faults + warning(
        "person-twice",
        file,
        "people should be labelled once",
        [f"image {image} {count} times" for (image, _), count in seen.items() if count > 1],
        "Remove the doubles.",
    )


def _num_keypoints(rules: LabelRules, people: list) -> int | None:
    """K of the rules; else that of the first person, which the others must share."""
    if not rules.need_keypoints:
        return None
    if rules.keypoint_names is not None:
        return len(rules.keypoint_names)
    first: list = next((p["keypoints"] for p in people if isinstance(p.get("keypoints"), list)), [])
    return len(first) // 3


def _add_category(content: dict) -> None:
    """What an evaluation can do without: one category, which everybody is of."""
    content["categories"] = [{"id": 1, "name": "person"}]
    if isinstance(content.get("annotations"), list):
        for index, person in enumerate(content["annotations"], start=1):
            if isinstance(person, dict):
                person["category_id"] = 1
                person.setdefault("id", index)


def _has_errors(faults: list[Fault]) -> bool:
    return any(fault.level == ERROR for fault in faults)
