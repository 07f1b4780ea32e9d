"""A contact sheet: drawn people with their labelled skeletons."""

import json
from pathlib import Path

import cv2
import numpy as np

from prepostprocess.image import load_rgb
from prepostprocess.keypoints.coco import COCO_SKELETON
from prepostprocess.save_image import save_rgb

# RGB of the person's left, right and middle.
_LEFT, _RIGHT, _MIDDLE = (60, 220, 60), (255, 140, 0), (0, 200, 255)
_HIDDEN = (255, 0, 0)


def _side_colour(*keypoints: int) -> tuple[int, int, int]:
    """Colour of a joint or a bone: odd keypoints are left ones, even ones right, 0 is the nose."""
    if all(k % 2 for k in keypoints):
        return _LEFT
    return _RIGHT if all(k and k % 2 == 0 for k in keypoints) else _MIDDLE


def draw_labels(image: np.ndarray, keypoints: np.ndarray, box_xywh: np.ndarray) -> None:
    """Draw one person's box and skeleton on an uint8 (H, W, 3) RGB picture, in place.

    Args:
        image: the picture.
        keypoints: float (17, 3), x, y and COCO's flag; hidden joints become red rings.
        box_xywh: float (4,), pixels.
    """
    points = [(round(x), round(y)) for x, y in keypoints[:, :2].tolist()]
    for a, b in COCO_SKELETON:
        if keypoints[a, 2] and keypoints[b, 2]:
            cv2.line(image, points[a], points[b], _side_colour(a, b), 1, cv2.LINE_AA)
    for k, flag in enumerate(keypoints[:, 2]):
        if flag == 2:
            cv2.circle(image, points[k], 2, _side_colour(k), cv2.FILLED, cv2.LINE_AA)
        elif flag == 1:
            cv2.circle(image, points[k], 3, _HIDDEN, 1, cv2.LINE_AA)
    x, y, width, height = np.round(box_xywh).astype(int).tolist()
    cv2.rectangle(image, (x, y), (x + width - 1, y + height - 1), (230, 230, 230), 1)


def write_contact_sheet(
    people_dir: Path,
    file: Path,
    *,
    people: dict[int, list[tuple[np.ndarray, np.ndarray]]] | None = None,
    num_images: int = 24,
    columns: int = 4,
) -> None:
    """Write the first pictures of a generated set side by side, with skeletons drawn.

    Args:
        people_dir: a folder that `make_people` made.
        file: PNG to write.
        people: image id to (keypoints, box_xywh) of each person, as `draw_labels` takes them;
            None: the labels of the set.
        num_images: how many pictures at most.
        columns: pictures in a row.
    """
    content = json.loads((people_dir / "annotations.json").read_text(encoding="utf-8"))
    if people is None:
        people = {}
        for person in content["annotations"]:
            keypoints = np.array(person["keypoints"]).reshape(-1, 3)
            people.setdefault(person["image_id"], []).append((keypoints, np.array(person["bbox"])))
    cells = []
    for entry in content["images"][:num_images]:
        image = load_rgb(people_dir / "images" / entry["file_name"])
        for keypoints, box_xywh in people.get(entry["id"], []):
            draw_labels(image, keypoints, box_xywh)
        cells.append(image)
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    save_rgb(file, np.vstack(rows))
