"""All checks of a data set in a row, for those who want every fault and not the first."""

from dataclasses import dataclass
from pathlib import Path

from utils.dataset_check.coco_file import LabelRules, read_coco
from utils.dataset_check.detections import read_detections
from utils.dataset_check.faults import ERROR, Fault
from utils.dataset_check.image_files import (
    check_image_sizes,
    check_images_exist,
    check_images_inside,
)


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
