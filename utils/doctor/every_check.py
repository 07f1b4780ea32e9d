"""All checks of a data set in a row, for those who want every fault and not the first."""

from dataclasses import dataclass
from pathlib import Path

from utils.dataset_check.coco_file import CocoFile, LabelRules, read_coco
from utils.dataset_check.detections import check_boxes_fit, read_detections
from utils.dataset_check.faults import ERROR, Fault, error, warning
from utils.dataset_check.image_files import (
    check_image_sizes,
    check_images_exist,
    check_images_inside,
)
from utils.dataset_check.json_file import load_json
from utils.dataset_check.mpii import check_mpii
from utils.dataset_check.structure import are_finite, entries
from utils.doctor.pixels import check_pixels
from utils.doctor.poses import labelled_poses
from utils.doctor.predictions.agreement import check_predictions
from utils.doctor.sides import check_sides
from utils.doctor.small_people import check_small_people


@dataclass(frozen=True)
class LabelFiles:
    """Annotations, what belongs to them, and how they are to be read.

    Attributes:
        labels: COCO keypoint annotations, or MPII's JSON form.
        images: folder of their images; None: images are not looked at.
        detections: a COCO result file of boxes; None: there is none.
        predictions: keypoints that a network found; None: there are none.
        category: name or id of the person's category; None: the file has one only.
        visible_above: a visibility above it is a label; None admits 0, 1, 2 (and -1 as 0).
        keypoint_names: that the labels must have; None: not known.
        input_wh: the network's input, pixels; None: not known.
        is_trained_on: a teacher (train.py --teacher) may label those who have no label.
        is_mpii: the labels are MPII's JSON form in place of COCO's.
    """

    labels: Path
    images: Path | None = None
    detections: Path | None = None
    predictions: Path | None = None
    category: str | int | None = None
    visible_above: float | None = None
    keypoint_names: tuple[str, ...] | None = None
    input_wh: tuple[int, int] | None = None
    is_trained_on: bool = False
    is_mpii: bool = False

    @property
    def rules(self) -> LabelRules:
        """How to read the labels."""
        names, admits = self.keypoint_names, self.is_trained_on
        return LabelRules(names, self.category, self.visible_above, boxes_suffice=admits)


@dataclass(frozen=True)
class DataSet:
    """What was found.

    Attributes:
        people: usable annotations; all of the file's with errors.
        images: entries of the file.
        faults: of labels, images and boxes, errors first.
        content: the labels, as they were read, of any kind with errors.
    """

    people: int
    images: int
    faults: tuple[Fault, ...]
    content: object

    @property
    def verdict(self) -> str:
        """People, images, and whether they can be used, in words."""
        errors = sum(fault.level == ERROR for fault in self.faults)
        kinds = "a kind of error" if errors == 1 else f"{errors} kinds of errors"
        usable = f"not usable, {kinds}" if errors else "usable"
        return f"{self.people} people on {self.images} images, {usable}"


def check_data_set(data: LabelFiles) -> DataSet:
    """Check annotations, and what belongs to them.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no JSON.
    """
    if data.is_mpii:
        return _check_mpii(data)
    file = read_coco(data.labels, data.rules)
    faults = list(file.faults)
    images, people = (entries(file.content, key) for key in ("images", "annotations"))
    named = [image for image in images if isinstance(image.get("file_name"), str)]
    faults += check_images_inside(data.labels, [e["file_name"] for e in named])
    if data.images is not None:
        faults += _check_images(data.labels, data.images, named)
    if file.category is not None and not any(fault.level == ERROR for fault in file.faults):
        poses = labelled_poses(file, data.keypoint_names)
        if not poses.ids:
            faults += _check_nobody(file, data.is_trained_on)
        faults += check_sides(poses, file.path)
        faults += check_small_people(poses, data.input_wh, file.path)
        if data.predictions is not None:
            faults += check_predictions(data.predictions, file, poses, data.input_wh)
    if data.detections is not None:
        ids = {e["id"] for e in named if isinstance(e.get("id"), (int, str))}
        boxes = read_detections(data.detections, file.category, ids)
        faults += boxes.faults
        if not any(fault.level == ERROR for fault in faults):
            faults += check_boxes_fit(boxes, file.content)
    faults.sort(key=lambda fault: fault.level != ERROR)
    return DataSet(len(people), len(images), tuple(faults), file.content)


def _check_nobody(file: CocoFile, is_trained_on: bool) -> list[Fault]:
    """Say that nobody is labelled: an error where no teacher can label anybody."""
    people = file.content["annotations"]
    told = [f"{len(people)} annotations"]
    if is_trained_on and any(not person["iscrowd"] for person in people):
        rule = "somebody should have a labelled keypoint"
        return warning("nobody", file.path, rule, told, "Train with --teacher FILE.")
    rule = "somebody must have a labelled keypoint and a box, and be no crowd"
    cure = "Check that it is the right file. Boxes alone, for train.py --teacher FILE, are checked "
    cure += "under train: of a data file."
    return error("nobody", file.path, rule, told, cure)


def _check_mpii(data: LabelFiles) -> DataSet:
    """Check MPII's JSON form, whose people name their image and no size of it."""
    content = load_json(data.labels, "an MPII file in JSON form")
    faults = check_mpii(content, data.labels, len(data.keypoint_names or ()), need_joints=True)
    people = content if isinstance(content, list) else []
    names = {p["image"] for p in people if isinstance(p, dict) and isinstance(p.get("image"), str)}
    faults += check_images_inside(data.labels, sorted(names))
    if data.images is not None:
        paths = [str(data.images / name) for name in sorted(names)]
        faults += check_images_exist(data.labels, paths) or check_pixels(data.labels, paths)
    faults.sort(key=lambda fault: fault.level != ERROR)
    return DataSet(len(people), len(names), tuple(faults), {})


def _check_images(labels: Path, folder: Path, named: list[dict]) -> list[Fault]:
    faults = check_images_exist(labels, [folder / e["file_name"] for e in named])
    if faults:
        return faults
    stated = [
        (str(folder / image["file_name"]), (image["width"], image["height"]))
        for image in named
        if are_finite([image.get(key) for key in ("width", "height")])
    ]
    faults = check_image_sizes(labels, stated)
    return faults + check_pixels(labels, [path for path, _ in stated])
