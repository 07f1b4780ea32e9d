"""A file of detector boxes: COCO's result form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prepostprocess.crop.box import xywh_to_xyxy
from prepostprocess.nms import iou_matrix
from utils.dataset_check.faults import ERROR, Fault, error, refuse_errors, warning
from utils.dataset_check.geometry import MANY
from utils.dataset_check.json_file import load_json
from utils.dataset_check.structure import are_finite, check_entry_keys, check_ids

# boxes, and twice the width and height of their image -> boxes [x, y, width, height]
READINGS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "shares of the image": lambda boxes, size: boxes * size,
    "percent of the image": lambda boxes, size: boxes * size / 100,
    "[left, top, right, bottom]": lambda boxes, _: boxes - np.pad(boxes[:, :2], ((0, 0), (2, 0))),
    "[centre x, centre y, width, height]": lambda boxes, _: (
        boxes - np.pad(boxes[:, 2:] / 2, ((0, 0), (0, 2)))
    ),
}


@dataclass(frozen=True)
class DetectionFile:
    """Checked boxes.

    Attributes:
        path: the file.
        content: the person's boxes, ``{image_id, category_id, bbox, score}`` each.
        num_other: boxes of other categories, which are left out.
        faults: all of them.
    """

    path: str
    content: list[dict]
    num_other: int
    faults: tuple[Fault, ...]

    def require(self) -> "DetectionFile":
        """Return this file if it can be used; DatasetError if not."""
        refuse_errors(self.faults)
        return self


def read_detections(
    path: str | Path, category: Mapping | None, image_ids: set | None = None
) -> DetectionFile:
    """Read boxes and keep the person's.

    COCO's person is 1. Boxes of 1 are taken where the labels number the person otherwise and no
    box has the labels' number.

    Args:
        path: a COCO result file.
        category: the labels' entry of the person.
        image_ids: of the labels; None: not known.
    Returns: boxes and faults.
    Raises: FileNotFoundError: no such file; ValueError: no JSON.
    """
    file, content = str(path), load_json(path, "a file of detector boxes")
    if not isinstance(content, list):
        rule = "it must be a list of detections {image_id, category_id, bbox, score}, got "
        rule += type(content).__name__
        cure = "Use a COCO result file such as COCO_val2017_detections_AP_H_56_person.json."
        return DetectionFile(file, [], 0, (Fault("no-list", ERROR, file, rule, cure=cure),))
    keys = ("image_id", "category_id", "bbox", "score")
    faults = check_entry_keys(content, keys, "detections", file)
    if not faults:
        faults = check_ids(content, keys[:2], "detections", file) + _check_numbers(content, file)
    if any(fault.level == ERROR for fault in faults):
        return DetectionFile(file, [], 0, tuple(faults))
    wanted = 1 if category is None else category["id"]
    found = {detection["category_id"] for detection in content}
    if found and wanted not in found:
        if 1 in found:
            wanted = 1
        else:
            faults += error(
                "detection-category",
                file,
                f"detections must have the person's category_id, {wanted!r}",
                [f"category_id {number!r}" for number in sorted(found, key=str)],
                "Write the person's number into them.",
            )
    kept = [detection for detection in content if detection["category_id"] == wanted]
    faults += _check_images(kept, image_ids, file) if image_ids else []
    return DetectionFile(file, kept, len(content) - len(kept), tuple(faults))


def check_boxes_fit(detections: DetectionFile, labels: Mapping) -> list[Fault]:
    """Tell boxes that meet nobody, and whether they would if they were read in another way.

    Args:
        detections: the boxes.
        labels: content of the checked annotation file.

    Returns:
        An error if most would meet a labelled person in another reading, a warning if hardly any
        does in any, or none.
    """
    sizes = {image["id"]: (image["width"], image["height"]) for image in labels["images"]}
    people: dict = {}
    for person in labels["annotations"]:
        if not person.get("iscrowd") and min(person["bbox"][2:]) > 0:
            people.setdefault(person["image_id"], []).append(person["bbox"])
    found: dict = {}
    for detection in detections.content:
        if detection["image_id"] in people:
            found.setdefault(detection["image_id"], []).append(detection["bbox"][:4])
    pairs = [
        (np.array(people[key], float), np.array(boxes, float), np.tile(sizes[key], 2))
        for key, boxes in found.items()
    ]
    plain = _share_met(pairs, lambda boxes, _: boxes)
    if sum(len(boxes) for boxes, _, _ in pairs) < MANY or plain > 0.5:
        return []
    rule = "detections must have boxes [x, y, width, height] in pixels of their images"
    for words, read in READINGS.items():
        share = _share_met(pairs, read)
        if share > 0.5 and share > 2 * plain:
            told = [f"{share:.0%} of the labelled people met as {words}, {plain:.0%} as they are"]
            return error("detection-boxes", detections.path, rule, told, "Write them so.")
    told = [f"{plain:.0%} of the labelled people on the same images met"] if plain < 0.05 else []
    cure = "Look whether they are of these images, in their size."
    return warning("detection-boxes", detections.path, rule, told, cure)


def _share_met(pairs: list, read: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
    """Share of labelled people who overlap a box by half."""
    met = [
        iou_matrix(xywh_to_xyxy(people), xywh_to_xyxy(read(boxes, size))).max(axis=1) >= 0.5
        for people, boxes, size in pairs
    ]
    return float(np.mean(np.concatenate(met))) if met else 0.0


def _check_images(kept: list[dict], image_ids: set, file: str) -> list[Fault]:
    if not kept or any(d["image_id"] in image_ids for d in kept):
        return []
    as_text = {str(number) for number in image_ids}
    alike = any(str(d["image_id"]) in as_text for d in kept)
    return error(
        "detection-images",
        file,
        "detections must be on images of the annotation file",
        [f"image_id {d['image_id']!r}" for d in kept],
        "Make boxes for these images, with their ids as the labels write them.",
        "Numbers here are text there, or the reverse." if alike else "",
    )


def _check_numbers(content: list, file: str) -> list[Fault]:
    wrong_box, no_numbers = [], []
    for index, detection in enumerate(content):
        name, box = f"detections[{index}]", detection["bbox"]
        if not isinstance(box, list) or len(box) < 4:
            wrong_box.append(f"{name} has {box}")
        elif not are_finite([*box[:4], detection["score"]]):
            no_numbers.append(f"{name} has {box[:4]} and score {detection['score']!r}")
    rule = "detections must have a bbox [x, y, width, height]"
    faults = error("bbox", file, rule, wrong_box, "Correct it.")
    rule = "detections must have finite numbers as bbox and score"
    faults += error("not-finite", file, rule, no_numbers, "Correct it.")
    scores = [] if faults else [f"score {d['score']}" for d in content if not 0 <= d["score"] <= 1]
    cure = "Divide by 100 if they are percent."
    return faults + warning("score", file, "scores should be 0 to 1", scores, cure)
