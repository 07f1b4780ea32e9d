"""Images of drawn people: their labels, and predictions beside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from prepostprocess.image import load_rgb
from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from prepostprocess.save_image import save_rgb
from utils.contact_sheet import contact_sheet
from utils.drawing import BOX_RGB, draw_skeleton
from utils.evaluation.comparison import Person, match_people
from utils.evaluation.pair_picture import pair_tiles
from utils.joints import COCO_JOINTS

_HIDDEN_RGB = (255, 0, 0)
_TILE = 256  # pixels, height and width of a tile of the comparison
_SHOWN_ABOVE = 0.2  # predicted keypoints at or below this score are left out


@dataclass(frozen=True)
class _Labelled:
    """One person: float (17, 3) x, y and COCO's flag; float (4,) box xywh; area in pixels."""

    keypoints: np.ndarray
    box_xywh: np.ndarray
    area: float


def write_preview(people_dir: Path, file: Path, *, num_images: int = 24, columns: int = 4) -> None:
    """Write the first images of a generated set side by side, with labels; hidden joints are rings.

    Args:
        people_dir: a folder that `make_people` made.
        file: PNG to write.
        num_images: how many images at most.
        columns: images in a row.
    """
    cells = []
    for path, people in _read(people_dir)[:num_images]:
        image = load_rgb(path)
        for person in people:
            _draw_label(image, person)
        cells.append(image)
    save_rgb(file, contact_sheet(cells, columns=columns))


def write_comparison(
    people_dir: Path,
    predictions: Mapping[int, list[dict]],
    file: Path,
    *,
    num_people: int = 6,
    people_in_a_row: int = 3,
) -> None:
    """Write people of a generated set twice, with their labels and with what a network predicts.

    The largest person of each image is shown, from the first image on: none is chosen by result.

    Args:
        people_dir: a folder that `make_people` made.
        predictions: image id (1 for the first) to records as ``tools/test.py --out`` writes them.
        file: PNG to write.
        num_people: how many people at most.
        people_in_a_row: people side by side; each takes two tiles.
    """
    tiles: list[np.ndarray] = []
    captions: list[str] = []
    for image_id, (path, people) in enumerate(_read(people_dir)[:num_people], start=1):
        if not people:
            continue
        largest = max(people, key=lambda each: each.area)
        shown = largest.keypoints[:, 2] > 0
        truth = _as_person(largest.keypoints, shown, largest)
        found = [np.array(each["keypoints"], float) for each in predictions.get(image_id, [])]
        drawn = [_as_person(each, each[:, 2] > _SHOWN_ABOVE, largest) for each in found]
        match = match_people([truth], drawn)[0]
        pair, told = pair_tiles(load_rgb(path), match, COCO_JOINTS, _TILE)
        tiles, captions = tiles + pair, captions + told
    save_rgb(file, contact_sheet(tiles, columns=2 * people_in_a_row, captions=captions))


def _as_person(keypoints: np.ndarray, shown: np.ndarray, box_of: _Labelled) -> Person:
    return Person("", keypoints[:, :2], shown, box_of.area, box_of.box_xywh, 1.0)


def _read(people_dir: Path) -> list[tuple[Path, list[_Labelled]]]:
    content = json.loads((people_dir / "annotations.json").read_text(encoding="utf-8"))
    people: dict[int, list[_Labelled]] = {}
    for each in content["annotations"]:
        keypoints = np.array(each["keypoints"], float).reshape(-1, 3)
        person = _Labelled(keypoints, np.array(each["bbox"], float), float(each["area"]))
        people.setdefault(each["image_id"], []).append(person)
    return [
        (people_dir / "images" / image["file_name"], people.get(image["id"], []))
        for image in content["images"]
    ]


def _draw_label(image: np.ndarray, person: _Labelled) -> None:
    x, y, width, height = np.round(person.box_xywh).astype(int).tolist()
    cv2.rectangle(image, (x, y), (x + width - 1, y + height - 1), BOX_RGB, 1)
    draw_skeleton(image, person.keypoints[:, :2], person.keypoints[:, 2] > 0, KEYPOINT_NAMES, 1)
    for x, y in person.keypoints[person.keypoints[:, 2] == 1, :2].round().astype(int).tolist():
        cv2.circle(image, (x, y), 3, _HIDDEN_RGB, 1, cv2.LINE_AA)
