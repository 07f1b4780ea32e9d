"""Numbers of annotated people: keypoints, visibility, boxes, areas, and how they fit together.

Letters: N people, K keypoints.
"""

from collections.abc import Sequence

import numpy as np

from utils.dataset_check.faults import Fault, error, note, warning
from utils.dataset_check.structure import are_finite, describe_values

AREA_OF_BOX = 0.53  # a person's share of the box, where no area is known
MANY = 10  # people from which on "most of them" means something


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
    no_points, wrong_count, wrong_box, no_numbers = [], [], [], []
    for index, person in enumerate(people):
        name = f"annotations[{index}] (id {person['id']})"
        points, box = person.get("keypoints"), person.get("bbox")
        if num_keypoints is None:
            pass
        elif not isinstance(points, list):
            no_points.append(name)
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
    cure = "Use a person_keypoints_*.json (not instances_*.json), or remove these annotations."
    faults = error("no-keypoints", file, rule, no_points, cure)
    rule = f"annotations must have {num_keypoints} keypoints ({3 * (num_keypoints or 0)} numbers: "
    rule += "x, y, visibility)"
    cure = "Label all of them (0, 0, 0 where unknown) or describe your keypoints in the config's "
    cure += "metainfo."
    faults += error("keypoint-count", file, rule, wrong_count, cure)
    rule = "annotations must have a bbox [x, y, width, height]"
    cure = "Correct it: a box around the person, keypoints and a margin."
    faults += error("bbox", file, rule, wrong_box, cure)
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
    if not odd.any():
        return faults
    rows = np.flatnonzero(odd.any(axis=1)).tolist()
    cause = f"Found: {describe_values(values[odd].tolist())}."
    if np.mean(values[odd] > 3) > 0.5:
        cause += " They look like coordinates: the order is x, y, visibility, x, y, visibility ..."
    return faults + error(
        "visibility",
        file,
        "visibility must be 0 (no label), 1 (hidden) or 2 (visible)",
        [f"annotation {ids[row]}" for row in rows],
        "Write these, or name a rule in the data set's entry: visible_above=0.5 takes what is "
        "above as a label.",
        cause,
    )


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


def check_geometry(
    points: np.ndarray, boxes_xywh: np.ndarray, sizes_wh: np.ndarray, ids: Sequence, file: str
) -> list[Fault]:
    """Check that numbers can be pixels of their images.

    Args:
        points: float64 (N, K, 3), visibility settled.
        boxes_xywh: float64 (N, 4).
        sizes_wh: float64 (N, 2), of each person's image.
        ids: the annotations'.
        file: name of the file, for the faults.
    Returns: faults.
    """
    labelled = points[..., 2] > 0
    faults = _check_normalised(points, boxes_xywh, sizes_wh, labelled, file)
    if faults:
        return faults
    faults += _check_boxes(boxes_xywh, sizes_wh, ids, file)
    at_origin = labelled & (points[..., :2] == 0).all(axis=-1)
    faults += warning(
        "at-origin",
        file,
        "labelled keypoints must not lie at 0, 0",
        [f"annotation {ids[row]}" for row in np.flatnonzero(at_origin.any(axis=1)).tolist()],
        "Write visibility 0 where nothing is labelled.",
    )
    outside = labelled & ((points[..., :2] < 0) | (points[..., :2] > sizes_wh[:, None])).any(-1)
    faults += warning(
        "keypoint-outside",
        file,
        "labelled keypoints must lie inside their image",
        [f"annotation {ids[row]}" for row in np.flatnonzero(outside.any(axis=1)).tolist()],
        "Correct them, or write visibility 0.",
    )
    return faults + _check_in_box(points, boxes_xywh, labelled, ids, file)


def _check_normalised(points, boxes_xywh, sizes_wh, labelled, file) -> list[Fault]:  # noqa: ANN001
    shares = []
    if labelled.any() and (sizes_wh > 10).all():
        if points[labelled][:, :2].max() <= 1.5 and labelled.sum() > 1:
            shares.append("keypoints")
        if len(boxes_xywh) and boxes_xywh.max() <= 1.5:
            shares.append("boxes")
    return error(
        "normalised",
        file,
        "keypoints and boxes must be in pixels",
        [f"{what} of 0 to 1" for what in shares],
        "Multiply x by the image's width and y by its height.",
        "They look like shares of the image's size.",
    )


def _check_boxes(boxes_xywh, sizes_wh, ids, file) -> list[Fault]:  # noqa: ANN001
    ends = boxes_xywh[:, :2] + boxes_xywh[:, 2:]
    beyond = (ends > sizes_wh + 1).any(axis=1) | (boxes_xywh[:, :2] < -1).any(axis=1)
    as_corners = (boxes_xywh[:, 2:] > boxes_xywh[:, :2]).all(1) & (
        boxes_xywh[:, 2:] <= sizes_wh + 1
    ).all(axis=1)
    culprits = [f"annotation {ids[row]}" for row in np.flatnonzero(beyond)]
    corners = len(ids) >= MANY and as_corners.all() and beyond.mean() > 0.5
    if corners:
        return error(
            "bbox-corners",
            file,
            "bbox must be [x, y, width, height]",
            culprits,
            "Subtract x from the third number and y from the fourth.",
            "Boxes reach beyond their images, and would not as [left, top, right, bottom].",
        )
    rule = "boxes must lie inside their image"
    return warning(
        "bbox-outside", file, rule, culprits, "They are cut at its border; correct them."
    )


def _check_in_box(points, boxes_xywh, labelled, ids, file) -> list[Fault]:  # noqa: ANN001
    """Warn of people most of whose joints lie outside their own box, and say what it looks like."""
    share = _share_inside(points[..., :2], boxes_xywh, labelled)
    rows = np.flatnonzero((share < 0.5) & labelled.any(axis=1))
    cause = ""
    if len(rows) > len(ids) / 2:
        readings = {
            "x and y look exchanged.": points[..., 1::-1],
            "Keypoints look counted from the box's corner.": points[..., :2]
            + boxes_xywh[:, None, :2],
        }
        for words, other in readings.items():
            if np.mean(_share_inside(other, boxes_xywh, labelled)[rows]) > 0.9:
                cause = words
    rule = "most labelled keypoints of a person must lie in the person's box"
    culprits = [f"annotation {ids[row]}" for row in rows]
    make = error if cause and len(ids) >= MANY else warning
    return make("not-in-box", file, rule, culprits, "Correct boxes or keypoints.", cause)


def _share_inside(xy: np.ndarray, boxes_xywh: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    start, size = boxes_xywh[:, None, :2], boxes_xywh[:, None, 2:]
    margin = 0.25 * size
    inside = ((xy >= start - margin) & (xy <= start + size + margin)).all(axis=-1) & labelled
    return inside.sum(axis=1) / np.maximum(labelled.sum(axis=1), 1)


def _culprit(values: list) -> object:
    return next(value for value in values if not are_finite([value]))
