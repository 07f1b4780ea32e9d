"""What an evaluation reads of annotations and detections, as arrays of one row each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from faster_coco_eval.core.coco import COCO

# iou_type: the fields whose keypoints, one after another, are compared.
PARTS = {
    "keypoints": ("keypoints",),
    "keypoints_crowd": ("keypoints",),
    "keypoints_body": ("keypoints",),
    "keypoints_foot": ("foot_kpts",),
    "keypoints_face": ("face_kpts",),
    "keypoints_lefthand": ("lefthand_kpts",),
    "keypoints_righthand": ("righthand_kpts",),
    "keypoints_wholebody": (
        "keypoints",
        "foot_kpts",
        "face_kpts",
        "lefthand_kpts",
        "righthand_kpts",
    ),
}
# A score of the part alone, where a detection has one; "score" otherwise.
PART_SCORES = {
    f"keypoints_{part}": f"{part}_score"
    for part in ("foot", "face", "lefthand", "righthand", "wholebody")
}
BOX_TO_AREA = 0.53  # a person's area as a share of its box, where labels have no area


@dataclass(frozen=True)
class Labels:
    """Annotated people, L of them.

    Attributes:
        cells: int64 (L,), place of the image and category, see ``read_ground_truth``.
        keypoints: float64 (L, K, 3), x, y, and above 0 where labelled.
        boxes_xywh: float64 (L, 4), pixels.
        areas: float64 (L,), pixels squared.
        crowd: bool (L,), a group of people, which any number of detections may match.
        ignored: bool (L,), crowds and people without a labelled keypoint: neither hit nor miss.
    """

    cells: np.ndarray
    keypoints: np.ndarray
    boxes_xywh: np.ndarray
    areas: np.ndarray
    crowd: np.ndarray
    ignored: np.ndarray


@dataclass(frozen=True)
class Detections:
    """Detected people, D of them, the best of each image first.

    Attributes:
        cells: int64 (D,), ascending.
        ranks: int64 (D,), 0 for the best of its cell.
        keypoints: float64 (D, K, 3), the third column without meaning.
        areas: float64 (D,), pixels squared.
        scores: float64 (D,).
    """

    cells: np.ndarray
    ranks: np.ndarray
    keypoints: np.ndarray
    areas: np.ndarray
    scores: np.ndarray


def read_ground_truth(
    coco: COCO,
    iou_type: str,
    use_area: bool,
    num_keypoints: int,
    image_ids: Sequence[int],
    category_ids: Sequence[int],
) -> Labels:
    """Read what the evaluation needs of the annotations.

    Args:
        coco: annotations; left as they are.
        iou_type: one of ``PARTS``.
        use_area: take each annotation's ``area`` (pixels squared); else 0.53 of its box's area.
        num_keypoints: K that every annotation must have.
        image_ids: the evaluated images, I of them.
        category_ids: the evaluated categories; the others' annotations are left out. Cell
            ``k * I + i`` is that of category k and image i.

    Returns: the people of each cell together, in the order of the file.

    Raises: ValueError: an annotation lacks a field, or has another number of keypoints.
    """
    people = coco.dataset["annotations"]
    keypoints = _read_keypoints(people, iou_type, num_keypoints, "annotation")
    boxes = np.array(_column(people, "bbox", "annotation"), np.float64).reshape(-1, 4)
    if use_area:
        fix = "Add it, or evaluate with use_area=False."
        areas = np.array(_column(people, "area", "annotation", fix), np.float64)
    else:
        areas = boxes[:, 2] * boxes[:, 3] * BOX_TO_AREA
    labelled = np.count_nonzero(keypoints[..., 2] > 0, axis=1)
    if PARTS[iou_type] == ("keypoints",):
        counts = zip(people, labelled, strict=True)
        labelled = np.array([raw.get("num_keypoints", seen) for raw, seen in counts])
    crowd = np.array([bool(raw.get("iscrowd", 0)) for raw in people], bool)
    cells = _find_cells(people, image_ids, category_ids)
    order = np.argsort(cells, kind="stable")
    order = order[cells[order] >= 0]
    return Labels(
        cells=cells[order],
        keypoints=keypoints[order],
        boxes_xywh=boxes[order],
        areas=areas[order],
        crowd=crowd[order],
        ignored=(crowd | (labelled == 0))[order],
    )


def read_detections(
    coco: COCO,
    iou_type: str,
    num_keypoints: int,
    image_ids: Sequence[int],
    category_ids: Sequence[int],
    most: int,
) -> Detections:
    """Read what the evaluation needs of the detections.

    Args:
        coco: what ``COCO.loadRes`` returned; left as it is.
        iou_type: one of ``PARTS``.
        num_keypoints: K that every detection must have.
        image_ids: as for ``read_ground_truth``.
        category_ids: as for ``read_ground_truth``.
        most: how many of a cell count; of equal scores the earlier is the better one.

    Returns: the best of each cell.

    Raises: ValueError: a detection lacks a field, or has another number of keypoints.
    """
    found = coco.dataset["annotations"]
    keypoints = _read_keypoints(found, iou_type, num_keypoints, "detection")
    score_name = PART_SCORES.get(iou_type, "score")
    if any(score_name not in raw for raw in found):
        plain = _column([raw for raw in found if score_name not in raw], "score", "detection")
        rest = iter(plain)
        scores = [raw[score_name] if score_name in raw else next(rest) for raw in found]
    else:
        scores = [raw[score_name] for raw in found]
    scores = np.array(scores, np.float64)
    areas = np.array(_column(found, "area", "detection"), np.float64)
    cells = _find_cells(found, image_ids, category_ids)
    order = np.lexsort((-scores, cells))  # stable
    order = order[cells[order] >= 0]
    starts = np.searchsorted(cells[order], cells[order])
    ranks = np.arange(len(order)) - starts
    order, ranks = order[ranks < most], ranks[ranks < most]
    return Detections(cells[order], ranks, keypoints[order], areas[order], scores[order])


def read_crowd_index(coco: COCO) -> dict[int, float]:
    """Read how crowded each image is.

    Args:
        coco: annotations, whose images have ``crowdIndex`` in [0, 1].

    Returns: image id to crowd index.

    Raises: ValueError: an image has none.
    """
    fix = "Add it to the data, or evaluate keypoints."
    indices = _column(list(coco.imgs.values()), "crowdIndex", "image", fix)
    return dict(zip(coco.imgs, indices, strict=True))


def _read_keypoints(people: list[dict], iou_type: str, num_keypoints: int, kind: str) -> np.ndarray:
    """The keypoints of all parts, float64 (N, K, 3)."""
    fields = PARTS[iou_type]
    rows = _column(people, fields[0], kind)
    for field in fields[1:]:
        more = _column(people, field, kind)
        rows = [[*row, *others] for row, others in zip(rows, more, strict=True)]
    for raw, row in zip(people, rows, strict=True):
        if len(row) != 3 * num_keypoints:
            raise ValueError(
                f"{kind} {raw['id']}: {' + '.join(fields)} must have one (x, y, v) for each of "
                f"{num_keypoints} sigmas, got {len(row)} numbers. "
                "Give as many sigmas as the data has keypoints."
            )
    return np.array(rows, np.float64).reshape(-1, num_keypoints, 3)


def _column(records: list[dict], key: str, kind: str, fix: str = "Add it to the data.") -> list:
    """One field of all records."""
    try:
        return [raw[key] for raw in records]
    except KeyError as err:
        raw = next(raw for raw in records if key not in raw)
        given = ", ".join(sorted(raw))
        raise ValueError(f"{kind} {raw['id']}: {key} must be given, got {given}. {fix}") from err


def _find_cells(
    records: list[dict], image_ids: Sequence[int], category_ids: Sequence[int]
) -> np.ndarray:
    """Category's place times number of images plus the image's place; -1 where not evaluated."""
    images = {image: place for place, image in enumerate(image_ids)}
    first = {category: place * len(images) for place, category in enumerate(category_ids)}
    cells = [
        first[raw["category_id"]] + images[raw["image_id"]]
        if raw["category_id"] in first and raw["image_id"] in images
        else -1
        for raw in records
    ]
    return np.array(cells, np.int64)
