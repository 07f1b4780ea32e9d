"""Bring labels into the frame of the images as they are decoded: turned, scaled, or restated."""

from pathlib import Path

import numpy as np

from prepostprocess.image_header import ImageHeader
from utils.dataset_check.image_files import read_headers
from utils.dataset_check.structure import are_finite
from utils.doctor.cures.numbers import rounded, said, write_points
from utils.doctor.label_moves import LabelMove, has_shape_of, scaled, upright
from utils.doctor.poses import has_box, people_with_points

_SLIP = 1  # pixels that a label may lie outside
_CLEARLY = 9  # times as many people must say one thing as the other


def fix_frames(content: dict, folder: Path) -> list[str]:
    """Move labels to the images of a folder, in place, where sizes say how.

    A photograph with an EXIF turn that is stated unturned was labelled unturned. Where that is so
    for each one whose size can tell, it is so for the others of the file. If labels reach beyond
    the stated frames, and would not beyond the upright ones, only width and height are exchanged.
    Where labels fit both, nothing is moved.

    Args:
        content: of a COCO file; changed.
        folder: of its images.

    Returns:
        What was done.
    """
    images = content["images"]
    headers = read_headers([str(folder / image["file_name"]) for image in images])
    known = [(i, h) for i, h in zip(images, headers, strict=True) if isinstance(h, ImageHeader)]
    aside = {image["id"] for image, header in known if _is_aside(_size(image), header.size_wh)}
    exchanged, unturned = _votes(content, aside)
    is_clear = min(exchanged, unturned) * _CLEARLY <= max(exchanged, unturned)
    if aside and not (is_clear and exchanged + unturned):
        return []
    restated = aside if exchanged > unturned else set()
    for image in images:
        if image["id"] in restated:
            image["width"], image["height"] = image["height"], image["width"]
    turns = _turns(known)
    frames, num_scaled = {}, 0
    for image, header in known:
        turn = turns.get(image["id"], 1)
        frame = _frame(_size(image), header.size_wh, turn)
        if frame is not None:
            num_scaled += turn == 1
            frames[image["id"]] = frame
            image["width"], image["height"] = header.size_wh
    left_out = _move(content, frames, dict(zip((i["id"] for i in images), images, strict=True)))
    return [
        *said(len(restated), "image", "width and height exchanged"),
        *said(len(frames) - num_scaled, "image", "labels turned upright, as EXIF says"),
        *said(num_scaled, "image", "labels scaled to the image's size"),
        *said(left_out, "segmentation", "left out, as only outlines can be moved"),
    ]


def _size(image: dict) -> tuple[int, int]:
    return image["width"], image["height"]


def _is_aside(stated_wh: tuple[int, int], size_wh: tuple[int, int]) -> bool:
    """Tell whether an image is stated with width and height exchanged, which a square is not."""
    return has_shape_of(stated_wh[::-1], size_wh) and not has_shape_of(stated_wh, size_wh)


def _turns(known: list[tuple[dict, ImageHeader]]) -> dict:
    """EXIF's turns of the images that were labelled unturned, by their ids."""
    turned = [(image, header) for image, header in known if header.orientation > 1]
    telling = [
        (image["id"], _is_aside(_size(image), header.size_wh))
        for image, header in turned
        if header.orientation >= 5 and not has_shape_of(header.size_wh, header.size_wh[::-1])
    ]
    aside = {key for key, is_aside in telling if is_aside}
    all_of_them = bool(aside) and len(aside) == len(telling)
    return {i["id"]: h.orientation for i, h in turned if all_of_them or i["id"] in aside}


def _frame(stated_wh: tuple[int, int], size_wh: tuple[int, int], turn: int) -> LabelMove | None:
    """The move to an image's frame; None where there is nothing to move, or no telling how."""
    turned_wh = stated_wh[::-1] if turn >= 5 else stated_wh
    if not has_shape_of(turned_wh, size_wh) or (turn == 1 and stated_wh == size_wh):
        return None
    return scaled(upright(turn, stated_wh), turned_wh, size_wh)


def _votes(content: dict, aside: set) -> tuple[int, int]:
    """Count who lies in the image only with width and height exchanged, and only without."""
    sizes = {image["id"]: np.array(_size(image)) for image in content["images"]}
    exchanged = unturned = 0
    for person, points in people_with_points(content):
        if person["image_id"] in aside:
            reach = points[points[:, 2] > 0, :2].max(axis=0, initial=0)
            size = sizes[person["image_id"]] + _SLIP
            fits, fits_exchanged = (reach <= size).all(), (reach <= size[::-1]).all()
            exchanged += int(fits_exchanged and not fits)
            unturned += int(fits and not fits_exchanged)
    return exchanged, unturned


def _move(content: dict, frames: dict, images: dict) -> int:
    """Move keypoints, boxes, areas and outlines; count the outlines that cannot be."""
    left_out = 0
    for person, points in people_with_points(content):
        frame = frames.get(person["image_id"])
        if frame is not None:
            placed = (points[:, 2] > 0) | points[:, :2].any(axis=1)
            moved = frame.move_points(points[placed, :2])
            # What rounding moves out of the image by less than a pixel stays in it.
            edge = np.clip(moved, 0, _size(images[person["image_id"]]))
            points[placed, :2] = np.where(np.abs(edge - moved) <= 1, edge, moved)
            write_points(person, points)
    for person in content["annotations"]:
        frame = frames.get(person["image_id"])
        if frame is None:
            continue
        if has_box(person):
            person["bbox"] = rounded(frame.move_box(person["bbox"]))
        if are_finite([person.get("area")]):
            person["area"] = rounded(person["area"] * frame.enlargement)
        outlines = person.get("segmentation")
        if isinstance(outlines, list) and all(_is_outline(each) for each in outlines):
            person["segmentation"] = [_moved_outline(each, frame) for each in outlines]
        elif outlines is not None:
            del person["segmentation"]
            left_out += 1
    return left_out


def _is_outline(value: object) -> bool:
    return isinstance(value, list) and len(value) % 2 == 0 and are_finite(value)


def _moved_outline(outline: list, frame: LabelMove) -> list:
    corners = np.array(outline, np.float64).reshape(-1, 2)
    return frame.move_corners(corners).ravel().round(3).tolist()
