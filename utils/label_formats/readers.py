"""Labels of any format, read and held against their images."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from utils.dataset_check.faults import name_some, refuse_errors
from utils.dataset_check.image_files import (
    check_image_sizes,
    check_images_exist,
    check_images_inside,
)
from utils.label_formats.coco_json import read_coco_people
from utils.label_formats.cvat import read_cvat
from utils.label_formats.label_studio import read_label_studio
from utils.label_formats.labelled import LabelledImage, names_of
from utils.label_formats.labelme import read_labelme
from utils.label_formats.matlab.lspet import LSP_NAMES, read_lspet
from utils.label_formats.matlab.mpii import MPII_NAMES, read_mpii
from utils.label_formats.source import LabelSource
from utils.label_formats.table import read_table
from utils.label_formats.yolo_pose import read_yolo_pose


@dataclass(frozen=True)
class LabelSet:
    """Images, their people and the keypoints.

    Attributes:
        names: of K keypoints, in their order.
        folder: of the images.
        images: with their people.
        sources: files and folders that the labels were read from.
        remarks: what was taken from where, a line each.
    """

    names: tuple[str, ...]
    folder: Path
    images: tuple[LabelledImage, ...]
    sources: tuple[Path, ...]
    remarks: tuple[str, ...] = ()


def read_label_set(source: LabelSource) -> LabelSet:
    """Read labels whose images are there, and as large as the labels say.

    Args:
        source: where they are.

    Returns:
        The images, with keypoints in the order of ``source.keypoints`` or else of the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file of another kind, no keypoints, names that do not fit, or images that are
            missing, of another size or of none.
    """
    if source.category is not None and source.format != "coco":
        raise ValueError(
            f"{source.labels}: only COCO labels have a category, got {source.format}. Leave it out."
        )
    known, images = _read(source)
    names = source.keypoints or known
    if not any(person.keypoints for image in images for person in image.people):
        raise ValueError(f"{source.labels}: labels must hold keypoints, got none. Check --help.")
    strangers = sorted(set(known) - set(names))
    if strangers:
        raise ValueError(
            f"{source.labels}: --keypoints must name all that are labelled, lacks "
            f"{', '.join(strangers)}. Add them; merge takes some of them only."
        )
    _check_images(source, images)
    return LabelSet(tuple(names), source.images, tuple(images), (source.labels,))


def _read(source: LabelSource) -> tuple[Sequence[str], list[LabelledImage]]:
    labels, names = source.labels, source.keypoints
    if source.format == "coco":
        return read_coco_people(labels, names, source.category)
    if source.format == "mpii":
        return MPII_NAMES, read_mpii(labels, source.images)
    if source.format == "lspet":
        return LSP_NAMES, read_lspet(labels, source.images)
    if source.format == "yolo-pose":
        if not names:
            raise ValueError(
                f"{labels}: keypoints must be named, yolo-pose files hold no names. Give them: "
                "--keypoints, or keypoints of the set."
            )
        return names, read_yolo_pose(labels, source.images, names)
    if source.format == "labelme":
        images = read_labelme(labels, source.images)
    elif source.format == "label-studio":
        images = read_label_studio(labels, source.images)
    else:
        images = read_cvat(labels) if source.format == "cvat" else read_table(labels)
    return names_of(images), images


def _check_images(source: LabelSource, images: Sequence[LabelledImage]) -> None:
    names = [image.name for image in images]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(
            f"{source.labels}: images must be labelled once, got {len(twice)} more than once: "
            f"{name_some(twice)}. Join their people, or take the others out."
        )
    refuse_errors(check_images_inside(source.labels, names))
    refuse_errors(check_images_exist(source.labels, [source.images / name for name in names]))
    if source.format not in ("mpii", "lspet", "yolo-pose"):  # whose sizes come from the images
        empty = [image.name for image in images if min(image.size_wh) <= 0]
        if empty:
            raise ValueError(
                f"{source.labels}: images must have a width and a height above 0, got {len(empty)} "
                f"otherwise: {name_some(empty)}. Write those of the image files."
            )
        sizes = [(str(source.images / image.name), image.size_wh) for image in images]
        refuse_errors(check_image_sizes(source.labels, sizes))
