"""People of an annotation file, for crops: by the same check as training's."""

import itertools
import logging
from pathlib import Path

import numpy as np

from utils.calibration.arrays import choose_people
from utils.dataset_check.coco_file import LabelRules, check_coco
from utils.dataset_check.faults import WARNING, Fault, refuse_errors
from utils.dataset_check.image_files import (
    check_image_sizes,
    check_images_exist,
    check_images_inside,
)
from utils.dataset_check.json_file import load_json
from utils.dataset_check.structure import entries


def choose_labelled(
    ann_file: Path, img_dir: Path, seed: int, count: int
) -> list[tuple[Path, np.ndarray]]:
    """Choose labelled people evenly over images, as ``choose_people`` does.

    Args:
        ann_file: COCO annotations. Crowds, people without labelled keypoints (where these are
            counted), empty boxes and other categories than "person" (where there is one) are left
            out. Keypoints may be absent.
        img_dir: folder that the annotations' file names start below.
        seed: the same one gives the same order.
        count: people at most.

    Returns:
        The image and the box of each: float (4,), left, top, width, height in source pixels.

    Raises:
        ValueError: labels or chosen images that training would refuse, or nobody in them.
        FileNotFoundError: no such file.
    """
    content = load_json(ann_file, "a COCO keypoint file")
    file = check_coco(content, ann_file, _rules(content)).require()
    _tell(file.faults)
    paths = {image["id"]: img_dir / image["file_name"] for image in file.content["images"]}
    sizes = {paths[i["id"]]: (i["width"], i["height"]) for i in file.content["images"]}
    _tell(check_images_inside(ann_file, [i["file_name"] for i in file.content["images"]]))
    boxes: dict[Path, list] = {}
    for person in file.content["annotations"]:
        is_labelled = person.get("num_keypoints", 1) > 0 and not person.get("iscrowd")
        if is_labelled and min(person["bbox"][2:]) > 0:
            boxes.setdefault(paths[person["image_id"]], []).append(person["bbox"])
    if not boxes:
        raise ValueError(f"{ann_file}: it must hold labelled people, got none. Use another file.")
    found = choose_people(list(boxes), lambda path: np.array(boxes[path], np.float64), seed)
    chosen = list(itertools.islice(found, count))
    used = list(dict.fromkeys(path for path, _ in chosen))
    _tell(check_images_exist(ann_file, used))
    _tell(check_image_sizes(ann_file, [(str(path), sizes[path]) for path in used]))
    return chosen


def _rules(content: object) -> LabelRules:
    """Ask for no more than boxes need, and look at keypoints where they are."""
    names = {category.get("name") for category in entries(content, "categories")}
    return LabelRules(
        category="person" if "person" in names else None,
        visible_above=0,
        need_keypoints=all("keypoints" in person for person in entries(content, "annotations")),
    )


def _tell(faults: tuple[Fault, ...] | list[Fault]) -> None:
    """Refuse errors, and warn."""
    refuse_errors(faults)
    for fault in faults:
        if fault.level == WARNING:
            logging.getLogger(__name__).warning("%s", fault.line)
