"""People as label tools know them, and the COCO file made of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from prepostprocess.crop.box import MARGIN_XY
from utils.dataset_check.people import AREA_OF_BOX
from utils.people import Detections

LEAST_SIDE = 1.0  # pixels, of a box around a single joint: then this share of the image
SINGLE_SHARE = 0.1


@dataclass(frozen=True)
class LabelledPerson:
    """One person (or hand, or animal) of one image.

    Attributes:
        keypoints: name to x, y in pixels and COCO's visibility: 1 hidden, 2 visible.
        box_xywh: left, top, width, height in pixels; None: drawn around the keypoints.
    """

    keypoints: dict[str, tuple[float, float, int]]
    box_xywh: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class LabelledImage:
    """An image and its people.

    Attributes:
        name: of the file, below the image folder, with forward slashes.
        size_wh: width and height in pixels.
        people: of whom something is labelled.
    """

    name: str
    size_wh: tuple[int, int]
    people: tuple[LabelledPerson, ...]


def unlabelled(name: str, size_wh: tuple[int, int], boxes: Detections) -> LabelledImage:
    """Take a detector's boxes as people of whom no keypoint is labelled.

    Args:
        name: of the file.
        size_wh: of the image.
        boxes: in it.

    Returns:
        The image.
    """
    found = [tuple(float(value) for value in box) for box in boxes.boxes_xywh]
    return LabelledImage(
        name, size_wh, tuple(LabelledPerson({}, (x, y, w, h)) for x, y, w, h in found)
    )


def names_of(images: Iterable[LabelledImage]) -> tuple[str, ...]:
    """List the keypoints in the order in which they first come."""
    return tuple(dict.fromkeys(n for i in images for p in i.people for n in p.keypoints))


def box_around(points: np.ndarray, size_wh: tuple[int, int]) -> tuple[float, float, float, float]:
    """Draw a box around keypoints, with COCO's usual margin, inside the image.

    Args:
        points: float (N, 2), N at least 1, pixels.
        size_wh: of the image.

    Returns:
        Left, top, width, height; around a single point a tenth of the image.
    """
    extent = points.max(axis=0) - points.min(axis=0)
    margin = extent * MARGIN_XY
    if extent.min() < LEAST_SIDE:
        margin = np.maximum(margin, np.array(size_wh) * SINGLE_SHARE / 2)
    low = np.clip(points.min(axis=0) - margin, 0, size_wh)
    high = np.clip(points.max(axis=0) + margin, 0, size_wh)
    left, top = (float(value) for value in low)
    width, height = (float(value) for value in high - low)
    return left, top, width, height


def to_annotations(images: Sequence[LabelledImage], names: Sequence[str]) -> dict:
    """Write images as a COCO keypoint file.

    Args:
        images: with their people.
        names: K keypoints, in the order that the file shall have.

    Returns:
        The content of the file.
    """
    entries: list[dict] = []
    people: list[dict] = []
    for number, image in enumerate(images, start=1):
        width, height = image.size_wh
        entries.append(dict(id=number, file_name=image.name, width=width, height=height))
        for person in image.people:
            rows = [person.keypoints.get(name, (0, 0, 0)) for name in names]
            points = np.array([row[:2] for row in rows if row[2] > 0], float).reshape(-1, 2)
            if not len(points) and person.box_xywh is None:
                continue
            box = person.box_xywh or box_around(points, image.size_wh)
            people.append(
                dict(
                    id=len(people) + 1,
                    image_id=number,
                    category_id=1,
                    iscrowd=0,
                    bbox=[round(value, 2) for value in box],
                    area=round(AREA_OF_BOX * box[2] * box[3], 2),
                    num_keypoints=len(points),
                    keypoints=[round(float(value), 2) for row in rows for value in row],
                )
            )
    category = dict(id=1, name="person", keypoints=list(names))
    return dict(images=entries, annotations=people, categories=[category])


def is_held_out(name: str, share: float) -> bool:
    """Tell whether an image belongs to the validation set: by its name alone, always the same.

    Args:
        name: of the file.
        share: 0..1, of images that are held out.

    Returns:
        Whether it does.
    """
    return crc32(name.encode()) / 2**32 < share
