"""Images of drawn people: their labels, and predictions beside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from prepostprocess.image import load_rgb
from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from prepostprocess.keypoints.oks import oks
from prepostprocess.save_image import save_rgb
from utils.contact_sheet import contact_sheet
from utils.drawing import BOX_RGB, draw_skeleton

_HIDDEN_RGB = (255, 0, 0)
_TILE = 256  # pixels, height and width of a tile of the comparison
_SURROUNDINGS = 1.25  # a tile shows this many times the longer side of the person's box
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
    tiles, captions = [], []
    for image_id, (path, people) in enumerate(_read(people_dir)[:num_people], start=1):
        if not people:
            continue
        person = max(people, key=lambda each: each.area)
        found = [np.array(each["keypoints"], float) for each in predictions.get(image_id, [])]
        labelled = person.keypoints[:, 2] > 0
        likeness = [
            oks(each[None, :, :2], person.keypoints[:, :2], person.area, labelled)[0]
            for each in found
        ]
        image = load_rgb(path)
        tiles.append(_tile(image, person.box_xywh, person.keypoints, labelled))
        captions.append("label")
        if found:
            best = found[int(np.argmax(likeness))]
            tiles.append(_tile(image, person.box_xywh, best, best[:, 2] > _SHOWN_ABOVE))
            captions.append(f"prediction, OKS {max(likeness):.2f}")
        else:
            tiles.append(_tile(image, person.box_xywh, person.keypoints, np.zeros(17, bool)))
            captions.append("no prediction")
    save_rgb(file, contact_sheet(tiles, columns=2 * people_in_a_row, captions=captions))


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


def _tile(
    image: np.ndarray, box_xywh: np.ndarray, keypoints: np.ndarray, shown: np.ndarray
) -> np.ndarray:
    """Cut a square around a box, enlarge it, and draw a skeleton on it."""
    scale = _TILE / (_SURROUNDINGS * float(box_xywh[2:].max()))
    corner = box_xywh[:2] + box_xywh[2:] / 2 - _TILE / scale / 2
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    tile = cv2.warpAffine(
        image, matrix, (_TILE, _TILE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    draw_skeleton(tile, (keypoints[:, :2] - corner) * scale, shown, KEYPOINT_NAMES, 2)
    return tile
