"""Cures that are beyond doubt, of labels as they were read; each says what it did.

All change the content of a COCO file in place. What they cannot read they leave as it is.
"""

from collections import Counter

import numpy as np

from utils.dataset_check.geometry import shares_of_image
from utils.dataset_check.people import AREA_OF_BOX
from utils.dataset_check.structure import are_finite
from utils.doctor.poses import has_box, people_with_points


def fix_names(content: dict) -> list[str]:
    r"""Write / for the \ that Windows puts between folders."""
    images = [image for image in content["images"] if "\\" in str(image["file_name"])]
    for image in images:
        image["file_name"] = image["file_name"].replace("\\", "/")
    return said(len(images), "file_name", "written with / for \\")


def fix_visibility(content: dict, above: float | None) -> list[str]:
    """Write 0 for the -1 that some tools write where nothing is labelled, or apply a named rule.

    Args:
        content: changed.
        above: a visibility above it is a label, 2, any other none, 0; None: there is no such rule.

    Returns:
        What was done.
    """
    count = 0
    for person, points in people_with_points(content):
        given = points[:, 2].copy()
        points[:, 2] = np.where(given == -1, 0, given) if above is None else 2 * (given > above)
        if (points[:, 2] != given).any():
            count += int(np.count_nonzero(points[:, 2] != given))
            person["keypoints"][2::3] = _plain_numbers(points[:, 2])
    rule = "of -1 written as 0" if above is None else f"written as 2 above {above:g}, as 0 else"
    return said(count, "visibility", rule)


def fix_shares(content: dict) -> list[str]:
    """Multiply out keypoints and boxes that are shares of the image's size."""
    sizes = {image["id"]: (image["width"], image["height"]) for image in content["images"]}
    people = [(p, points) for p, points in people_with_points(content) if has_box(p)]
    lengths = Counter(len(points) for _, points in people)
    alike = [pair for pair in people if len(pair[1]) == lengths.most_common(1)[0][0]]
    if not alike:
        return []
    of_points, of_boxes = shares_of_image(
        np.stack([points for _, points in alike]),
        np.array([person["bbox"] for person, _ in alike], np.float64),
        np.array([sizes[person["image_id"]] for person, _ in alike], np.float64),
    )
    shared = [(p, xyv) for p, xyv in people if 0 < xyv[:, :2].max(initial=0) <= 1.5 * of_points]
    for person, points in shared:
        points[:, :2] *= np.array(sizes[person["image_id"]]) / of_points
        write_points(person, points)
    boxed = [
        p for p in content["annotations"] if has_box(p) and 0 < max(p["bbox"]) <= 1.5 * of_boxes
    ]
    for person in boxed:
        _multiply_box(person, np.array(sizes[person["image_id"]], np.float64) / of_boxes)
    return said(len(shared), "person", "keypoints multiplied out") + said(
        len(boxed), "person", "boxes multiplied out"
    )


def fix_areas(content: dict) -> list[str]:
    """Give whoever has no area, or none above 0, a share of the box."""
    count = 0
    for person in filter(has_box, content["annotations"]):
        area = person.get("area")
        if area is None or not are_finite([area]) or area <= 0:
            person["area"] = rounded(AREA_OF_BOX * person["bbox"][2] * person["bbox"][3])
            count += 1
    return said(count, "area", f"taken as {AREA_OF_BOX} of the box's")


def fix_counts(content: dict) -> list[str]:
    """Count the labelled keypoints where a file says another number."""
    count = 0
    for person, points in people_with_points(content):
        labelled = int(np.count_nonzero(points[:, 2] > 0))
        if person.get("num_keypoints", labelled) != labelled:
            person["num_keypoints"] = labelled
            count += 1
    return said(count, "num_keypoints", "counted anew")


def write_points(person: dict, points: np.ndarray) -> None:
    """Put keypoints back into an annotation.

    Args:
        person: the annotation; changed.
        points: float64 (K, 3), x, y, visibility; whole numbers are written as such.
    """
    person["keypoints"] = _plain_numbers(np.round(points, 3))


def _plain_numbers(values: np.ndarray) -> list[float]:
    """One list, whole numbers as such."""
    return [value if value % 1 else int(value) for value in values.ravel().tolist()]


def rounded(values: float | np.ndarray) -> float | list:
    """Thousandths of a pixel."""
    return np.round(values, 3).tolist()


def said(count: int, what: str, done: str) -> list[str]:
    """One line, or none where nothing was done.

    Args:
        count: how often.
        what: in the singular.
        done: to it.

    Returns:
        Lines.
    """
    plural = {"person": "people", "visibility": "visibilities", "num_keypoints": "num_keypoints"}
    return [f"{count} {what if count == 1 else plural.get(what, what + 's')}: {done}"][
        : int(count > 0)
    ]


def _multiply_box(person: dict, factors_wh: np.ndarray) -> None:
    """Multiply a box, and an area that was of the same kind."""
    box = np.array(person["bbox"], np.float64)
    area = person.get("area")
    person["bbox"] = rounded(box * np.tile(factors_wh, 2))
    if area is not None and are_finite([area]) and area <= 1.01 * box[2] * box[3]:
        person["area"] = rounded(area * factors_wh.prod())
