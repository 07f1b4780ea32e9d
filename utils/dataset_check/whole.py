"""All checks of a data set in a row, for those who want every fault and not the first."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from utils.dataset_check.coco_file import LabelRules, read_coco
from utils.dataset_check.detections import read_detections
from utils.dataset_check.faults import ERROR, Fault, warning
from utils.dataset_check.image_files import (
    check_image_sizes,
    check_images_exist,
    check_images_inside,
)
from utils.dataset_check.json_file import load_json


@dataclass(frozen=True)
class DataSet:
    """What was found.

    Attributes:
        people: usable annotations; all of the file's with errors.
        images: entries of the file.
        faults: of labels, images and boxes, errors first.
    """

    people: int
    images: int
    faults: tuple[Fault, ...]


def check_data_set(
    labels: Path,
    *,
    images: Path | None = None,
    detections: Path | None = None,
    category: str | None = None,
    visible_above: float | None = None,
    keypoint_names: tuple[str, ...] | None = None,
) -> DataSet:
    """Check annotations, and what belongs to them.

    Args:
        labels: COCO keypoint annotations.
        images: folder of their images; None: images are not looked at.
        detections: a COCO result file of boxes; None: there is none.
        category: name or id of the person's category; None: the file has one only.
        visible_above: a visibility above it is a label; None admits 0, 1, 2 (and -1 as 0).
        keypoint_names: that the labels must have; None: not known.

    Returns:
        All faults.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no JSON.
    """
    file = read_coco(labels, LabelRules(keypoint_names, category, visible_above))
    faults = list(file.faults)
    content = file.content if isinstance(file.content, dict) else {}
    entries = content.get("images")
    entries = entries if isinstance(entries, list) else []
    people = content.get("annotations")
    named = [e for e in entries if isinstance(e, dict) and isinstance(e.get("file_name"), str)]
    faults += check_images_inside(labels, [e["file_name"] for e in named])
    if images is not None:
        found = check_images_exist(labels, [images / e["file_name"] for e in named])
        faults += found
        if not found:
            sized = [e for e in named if all(type(e.get(k)) is int for k in ("width", "height"))]
            stated = [(str(images / e["file_name"]), (e["width"], e["height"])) for e in sized]
            faults += check_image_sizes(labels, stated)
    if detections is not None:
        ids = {e["id"] for e in named if isinstance(e.get("id"), (int, str))}
        faults += read_detections(detections, file.category, ids).faults
    faults.sort(key=lambda fault: fault.level != ERROR)
    return DataSet(len(people) if isinstance(people, list) else 0, len(entries), tuple(faults))


def check_overlap(train: Sequence[Path], val: Path, folder: Path) -> list[Fault]:
    """Find images that are trained on and validated on, under whatever name.

    Args:
        train: folders of images.
        val: the validation set's annotations.
        folder: of its images.

    Returns:
        At most one warning.

    Source: difference hash: whether each pixel of a 9x8 thumbnail is brighter than the next.
    """
    names = [image["file_name"] for image in load_json(val, "a COCO keypoint file")["images"]]
    held = {folder / name for name in names}
    others = {path for each in train for path in each.rglob("*") if path.is_file()} - held
    with ThreadPoolExecutor() as pool:
        known = dict(zip(pool.map(_look, others), others, strict=True))
        pairs = [
            f"{path.name} is {known[look].name}"
            for path, look in zip(held, pool.map(_look, held), strict=True)
            if look is not None and look in known
        ]
    return warning(
        "overlap",
        val,
        "images of the validation set must not look like images that are trained on",
        sorted(pairs),
        "Take them out of one of the two: AP would be too high.",
    )


def _look(path: Path) -> bytes | None:
    """Return the difference hash of an image; None where there is nothing to see."""
    image = cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    if image is None:
        return None
    small = cv2.resize(image, (9, 8), interpolation=cv2.INTER_AREA)
    brighter = small[:, 1:] > small[:, :-1]
    return np.packbits(brighter).tobytes() if brighter.any() else None
