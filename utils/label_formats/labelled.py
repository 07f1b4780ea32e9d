"""People as label tools know them, and the COCO file made of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from prepostprocess.crop.box import MARGIN_XY
from prepostprocess.image_header import ImageHeader
from utils.dataset_check.faults import name_some, refuse_errors
from utils.dataset_check.image_files import check_images_exist, read_headers
from utils.dataset_check.people import AREA_OF_BOX
from utils.dataset_check.structure import are_finite
from utils.people import Detections

BoxXywh = tuple[float, float, float, float]  # left, top, width, height in pixels

LEAST_SIDE = 1.0  # pixels, of a box around a single joint: then this share of the image
SINGLE_SHARE = 0.1


@dataclass(frozen=True)
class LabelledPerson:
    """One person (or hand, or animal) of one image.

    Attributes:
        keypoints: name to x, y in pixels and COCO's visibility: 1 hidden, 2 visible.
        box_xywh: left, top, width, height in pixels; None: drawn around the keypoints.
        area: of the body in square pixels; None: COCO's usual share of the box.
        is_crowd: several people in one box, whom nobody is expected to find.
    """

    keypoints: dict[str, tuple[float, float, int]]
    box_xywh: BoxXywh | None = None
    area: float | None = None
    is_crowd: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no number; see ``visibility_of`` for the third."""
        numbers = [value for point in self.keypoints.values() for value in point]
        if not are_finite([*numbers, *(self.box_xywh or ())]):
            raise ValueError("keypoints and boxes must be finite numbers")


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


def check_told_apart(
    labels: Path, image: str, points: Iterable[tuple[object, str]], remedy: str
) -> None:
    """Refuse two points of one name in one person: the second would take the first one's place.

    Args:
        labels: the file, for messages.
        image: its name, for messages.
        points: what tells the person, and the name, of each point of the image.
        remedy: how the tool tells people apart, for messages.

    Raises:
        ValueError: a name comes twice.
    """
    twice = [name for (_, name), count in Counter(points).items() if count > 1]
    if twice:
        raise ValueError(
            f"{labels}: people must be told apart, got {name_some(twice)} more than once for one "
            f"person of {image}. {remedy}"
        )


def text_of(path: Path) -> str:
    """Read a text file; a byte order mark, which some editors write, is passed over.

    Raises:
        ValueError: it is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as err:
        raise ValueError(f"{path}: labels must be text in UTF-8, got {err}. Save it so.") from err


def visibility_of(value: float) -> int:
    """Read COCO's visibility, whole numbers alone; -1 is taken as 0.

    Raises:
        ValueError: anything else.
    """
    if value not in (-1, 0, 1, 2):
        raise ValueError(
            f"visibility must be 0 (no label), 1 (hidden) or 2 (visible), got {value:g}"
        )
    return max(int(value), 0)


def sizes_of(labels: Path, folder: Path, names: Sequence[str]) -> list[tuple[int, int]]:
    """Look up the sizes that labels leave out.

    Args:
        labels: the file, for messages.
        folder: of the images.
        names: of the images.

    Returns:
        Width and height of each.

    Raises:
        ValueError: images that are missing or unreadable.
    """
    paths = [folder / name for name in names]
    refuse_errors(check_images_exist(labels, paths))
    headers = read_headers([str(path) for path in paths])
    sizes = [header.size_wh for header in headers if isinstance(header, ImageHeader)]
    if len(sizes) < len(headers):
        broken = [name for name, h in zip(names, headers, strict=True) if isinstance(h, Exception)]
        raise ValueError(
            f"{labels}: its images must be readable, got {name_some(broken)}. Fetch them again."
        )
    return sizes


def around(points: np.ndarray) -> BoxXywh:
    """Draw a box that touches points.

    Args:
        points: float (N, 2), N at least 1, pixels.

    Returns:
        Left, top, width, height.
    """
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, top, right - left, bottom - top


def around_turned(box_xywh: BoxXywh, clockwise_deg: float, pivot_xy: Sequence[float]) -> BoxXywh:
    """Draw a box that touches the corners of a turned one.

    Args:
        box_xywh: left, top, width, height before it is turned, in pixels.
        clockwise_deg: the angle.
        pivot_xy: the point that stays where it is, in pixels.

    Returns:
        Left, top, width, height; without a turn the box as it is.
    """
    if not clockwise_deg:
        return box_xywh
    left, top, width, height = box_xywh
    corners = np.array([[left + x, top + y] for x in (0, width) for y in (0, height)])
    cos, sin = np.cos(np.radians(clockwise_deg)), np.sin(np.radians(clockwise_deg))
    return around((corners - pivot_xy) @ np.array([[cos, sin], [-sin, cos]]) + pivot_xy)


def around_polygons(polygons: Sequence[np.ndarray]) -> tuple[BoxXywh, float]:
    """Draw a box that touches the outline of a person.

    Args:
        polygons: float (N, 2) each, N at least 3, pixels: parts that do not overlap.

    Returns:
        The box, and the area inside the outline in square pixels.

    Raises:
        ValueError: a polygon of fewer points.
    """
    if not polygons or min(map(len, polygons)) < 3:
        raise ValueError("polygons must have at least three points")
    area = 0.0
    for corners in polygons:
        x, y = corners.T
        area += abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    return around(np.concatenate(polygons)), area


def box_around(points: np.ndarray, size_wh: tuple[int, int]) -> BoxXywh:
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
        names: K keypoints, in the order that the file shall have; none of boxes alone.

    Returns:
        The content of the file.

    Raises:
        ValueError: a person with keypoints whose box has no width or no height.
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
            box = _box(person, points, image)
            area = AREA_OF_BOX * box[2] * box[3] if person.area is None else person.area
            people.append(
                dict(
                    id=len(people) + 1,
                    image_id=number,
                    category_id=1,
                    iscrowd=int(person.is_crowd),
                    bbox=[round(value, 2) for value in box],
                    area=round(area, 2),
                    num_keypoints=len(points),
                    keypoints=[round(float(value), 2) for row in rows for value in row],
                )
            )
    category = dict(id=1, name="person", keypoints=list(names))
    return dict(images=entries, annotations=people, categories=[category])


def _box(person: LabelledPerson, points: np.ndarray, image: LabelledImage) -> BoxXywh:
    """Take the person's box, or draw it; without keypoints training counts what it cannot use."""
    box = person.box_xywh or box_around(points, image.size_wh)
    written = [round(value, 2) for value in box]
    if len(points) and min(written[2:]) <= 0:
        raise ValueError(
            f"{image.name}: box of a person must have a width and a height, got {written}: "
            "keypoints beyond the image, or a box drawn as a line. Correct these labels."
        )
    return box


def is_held_out(name: str, share: float) -> bool:
    """Tell whether an image belongs to the validation set: by its name alone, always the same.

    Args:
        name: of the file.
        share: 0..1, of images that are held out.

    Returns:
        Whether it does.
    """
    return crc32(name.encode()) / 2**32 < share
