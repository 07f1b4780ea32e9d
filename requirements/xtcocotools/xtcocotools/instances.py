"""What an evaluation reads of each annotation and each detection, made complete and of one form."""

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


def read_ground_truth(coco: COCO, iou_type: str, use_area: bool, num_keypoints: int) -> COCO:
    """Copy the annotations into the form that the evaluation needs.

    Args:
        coco: annotations; left as they are.
        iou_type: one of ``PARTS``.
        use_area: take each annotation's ``area`` (pixels squared); else 0.53 of its box's area.
        num_keypoints: K that every annotation must have.

    Returns: annotations with keypoints of the parts (3 K numbers), area, bbox, iscrowd and
        num_keypoints each, ids from 1 (0 would mean "unmatched" in the evaluation).

    Raises: ValueError: an annotation lacks a field, or has another number of keypoints.
    """
    annotations = []
    for number, raw in enumerate(coco.dataset["annotations"], start=1):
        name = f"annotation {raw['id']}"
        keypoints = _join_parts(raw, iou_type, num_keypoints, name)
        width, height = _field(raw, "bbox", name)[2:]
        fix = "Add it, or evaluate with use_area=False."
        area = _field(raw, "area", name, fix) if use_area else width * height * BOX_TO_AREA
        labelled = int(np.count_nonzero(np.asarray(keypoints[2::3]) > 0))
        if PARTS[iou_type] == ("keypoints",):
            labelled = raw.get("num_keypoints", labelled)
        annotations.append(
            {
                "id": number,
                "image_id": raw["image_id"],
                "category_id": raw["category_id"],
                "bbox": raw["bbox"],
                "area": area,
                "iscrowd": int(raw.get("iscrowd", 0)),
                "keypoints": keypoints,
                "num_keypoints": labelled,
            }
        )
    return _index(coco, annotations)


def read_detections(coco: COCO, iou_type: str, num_keypoints: int) -> COCO:
    """Copy the detections into the form that the evaluation needs.

    Args:
        coco: what ``COCO.loadRes`` returned; left as it is.
        iou_type: one of ``PARTS``.
        num_keypoints: K that every detection must have.

    Returns: detections with keypoints of the parts (3 K numbers), area, bbox and score each.

    Raises: ValueError: a detection lacks a field, or has another number of keypoints.
    """
    score_name = PART_SCORES.get(iou_type, "score")
    detections = []
    for raw in coco.dataset["annotations"]:
        name = f"detection {raw['id']}"
        score = raw[score_name] if score_name in raw else _field(raw, "score", name)
        detections.append(
            {
                "id": raw["id"],
                "image_id": raw["image_id"],
                "category_id": raw["category_id"],
                "bbox": raw["bbox"],
                "area": raw["area"],
                "iscrowd": 0,
                "keypoints": _join_parts(raw, iou_type, num_keypoints, name),
                "score": score,
            }
        )
    return _index(coco, detections)


def read_crowd_index(coco: COCO) -> dict[int, float]:
    """Read how crowded each image is.

    Args:
        coco: annotations, whose images have ``crowdIndex`` in [0, 1].

    Returns: image id to crowd index.

    Raises: ValueError: an image has none.
    """
    fix = "Add it to the data, or evaluate keypoints."
    return {
        image_id: _field(image, "crowdIndex", f"image {image_id}", fix)
        for image_id, image in coco.imgs.items()
    }


def _join_parts(raw: dict, iou_type: str, num_keypoints: int, name: str) -> list:
    joined = [number for part in PARTS[iou_type] for number in _field(raw, part, name)]
    if len(joined) != 3 * num_keypoints:
        raise ValueError(
            f"{name}: {' + '.join(PARTS[iou_type])} must have one (x, y, v) for each of "
            f"{num_keypoints} sigmas, got {len(joined)} numbers. "
            "Give as many sigmas as the data has keypoints."
        )
    return joined


def _field(raw: dict, key: str, name: str, fix: str = "Add it to the data.") -> object:
    if key not in raw:
        raise ValueError(f"{name}: {key} must be given, got {', '.join(sorted(raw))}. {fix}")
    return raw[key]


def _index(coco: COCO, annotations: list[dict]) -> COCO:
    return COCO(
        {
            "images": coco.dataset.get("images", []),
            "categories": coco.dataset.get("categories", []),
            "annotations": annotations,
        }
    )
