"""Numbers of annotated people: keypoints, visibility, boxes, areas.

Letters: N people, K keypoints.
"""

from collections.abc import Sequence

import numpy as np

from utils.dataset_check.faults import Fault, error, note, warning
from utils.dataset_check.geometry import MANY, named
from utils.dataset_check.structure import are_finite, describe_values

AREA_OF_BOX = 0.53  # a person's share of the box, where no area is known


def check_numbers(
    people: Sequence[dict], num_keypoints: int | None, file: str, *, need_boxes: bool
) -> list[Fault]:
    """Check that boxes and keypoints are lists of finite numbers of the right length.

    Args:
        people: annotations of one category.
        num_keypoints: K; None: keypoints need not be there.
        file: name of the file, for the faults.
        need_boxes: each must have a bbox.
    Returns: faults; with errors among them, the numbers cannot be put into arrays.
    """
    no_points, wrong_count, wrong_box, no_numbers, odd_crowd = [], [], [], [], []
    for index, person in enumerate(people):
        name = f"annotations[{index}] (id {person['id']})"
        points, box = person.get("keypoints"), person.get("bbox")
        if person.get("iscrowd") not in (0, 1, None):
            odd_crowd.append(f"{name} has {person['iscrowd']!r}")
        if num_keypoints is None:
            pass
        elif not isinstance(points, list):
            no_points.append(name)
        elif points and isinstance(points[0], list):
            no_numbers.append(f"{name} has {points[0]!r} in keypoints")
        elif len(points) != 3 * num_keypoints:
            wrong_count.append(f"{name} has {len(points)}")
        elif not are_finite(points):
            no_numbers.append(f"{name} has {_culprit(points)!r} in keypoints")
        if box is None and not need_boxes:
            continue
        if not isinstance(box, list) or len(box) != 4:
            wrong_box.append(f"{name} has {box if 'bbox' in person else 'none'}")
        elif not are_finite(box):
            no_numbers.append(f"{name} has {_culprit(box)!r} in bbox")
    rule = "annotations must have 'keypoints'"
    cure = "Use a person_keypoints_*.json (not instances_*.json), or remove these annotations. "
    cure += "train.py --teacher FILE learns from boxes alone too."
    faults = error("no-keypoints", file, rule, no_points, cure)
    rule = f"annotations must have {num_keypoints} keypoints ({3 * (num_keypoints or 0)} numbers: "
    rule += "x, y, visibility)"
    cure = "Label all of them (0, 0, 0 where unknown) or describe your keypoints in the config's "
    cure += "metainfo."
    faults += error("keypoint-count", file, rule, wrong_count, cure)
    rule = "annotations must have a bbox [x, y, width, height]"
    cure = "Correct it: a box around the person, keypoints and a margin."
    faults += error("bbox", file, rule, wrong_box, cure)
    rule = "iscrowd of annotations must be 0 or 1"
    faults += error("iscrowd", file, rule, odd_crowd, "Correct it; text counts as neither.")
    rule = "annotations must have finite numbers as keypoints and bbox"
    return faults + error("not-finite", file, rule, no_numbers, "Correct it.")


def settle_visibility(
    points: np.ndarray, ids: Sequence[object], file: str, visible_above: float | None
) -> list[Fault]:
    """Apply the one rule of visibility, in place: 0 no label, 1 hidden, 2 visible.

    Args:
        points: float64 (N, K, 3), x, y, visibility.
        ids: the annotations'.
        file: name of the file, for the faults.
        visible_above: a value above it is a label, any other none; None admits 0, 1, 2 and -1,
            which counts as 0.
    Returns: faults.
    """
    values = points[..., 2]
    if visible_above is not None:
        points[..., 2] = np.where(values > visible_above, 2, 0)
        return []
    negative = values == -1
    odd = ~negative & ~np.isin(values, (0, 1, 2))
    points[..., 2] = np.where(negative, 0, values)
    told = [f"{count} keypoints" for count in [int(negative.sum())] if count]
    faults = note("visibility", file, "visibility -1 is taken as 0, no label", told)
    placed = (points[..., 2] == 0) & (points[..., :2] > 0).all(axis=-1)
    are_most = placed.sum() > (points[..., 2] > 0).sum()
    faults += warning(
        "visibility-0",
        file,
        "keypoints of visibility 0 have no label, but most keypoints with a place are such",
        named(ids, placed.any(axis=1) & are_most),
        "If 0 means visible here, write 2 for it, and 1 for hidden.",
    )
    if not odd.any():
        return faults
    cause = f"Found: {describe_values(values[odd].tolist())}."
    if np.mean(values[odd] > 3) > 0.5:
        cause += " They look like coordinates: the order is x, y, visibility, x, y, visibility ..."
    return faults + error(
        "visibility",
        file,
        "visibility must be 0 (no label), 1 (hidden) or 2 (visible)",
        named(ids, odd.any(axis=1)),
        "Write these, or name a rule in the data set's entry: visible_above=0.5 takes what is "
        "above as a label.",
        cause,
    )


def check_areas(people: Sequence[dict], file: str) -> list[Fault]:
    """Tell areas that cannot be their people's: OKS divides by them, and AP is 0 or 1.

    Args:
        people: annotations, as they are written.
        file: name of the file, for the faults.

    Returns:
        A fault if most are so, or none.
    """
    known = {
        person["id"]: (person["area"], person["bbox"][2] * person["bbox"][3])
        for person in people
        if not person.get("iscrowd") and person.get("bbox") and are_finite([person.get("area")])
    }
    known = {key: (area, of_box) for key, (area, of_box) in known.items() if min(area, of_box) > 0}
    median = np.median([area / of_box for area, of_box in known.values()]) if known else 1
    low, high = 0.01, 2  # of single people, COCO's are .02 to 8; of most, .53
    culprits = [
        f"annotation {key} has {area:g}, its box {of_box:g}"
        for key, (area, of_box) in known.items()
        if not low <= median <= high and not low <= area / of_box <= high
    ]
    make = error if len(known) >= MANY else warning
    rule = "area must be the person's in pixels, no more than the box's"
    cure = f"Leave area out: {AREA_OF_BOX} of the box's is then taken."
    return make("area-unit", file, rule, culprits, cure)


def fill_areas(people: Sequence[dict], file: str) -> list[Fault]:
    """Give whoever has no area, or none above 0, the same share of the box, in place.

    Args:
        people: annotations with boxes; changed in place.
        file: name of the file, for the note.

    Returns:
        A note, or none.
    """
    filled = []
    for person in people:
        area = person.get("area")
        if area is None or not are_finite([area]) or area <= 0:
            person["area"] = AREA_OF_BOX * person["bbox"][2] * person["bbox"][3]
            filled.append(f"annotation {person['id']}")
    rule = f"where a person has no area above 0, {AREA_OF_BOX} of the box's is taken"
    return note("area", file, rule, filled)


def _culprit(values: list) -> object:
    return next(value for value in values if not are_finite([value]))
