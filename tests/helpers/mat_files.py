"""MPII's and LSPET's MATLAB files, nested as the published ones are."""

import json
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.label_formats.matlab.lspet import LSP_NAMES

EMPTY = np.zeros((0, 0))


def structs(entries: list[dict]) -> np.ndarray:
    """A 1xN struct array; a field that an entry lacks is [] there, as MATLAB does it."""
    fields = list(dict.fromkeys(key for entry in entries for key in entry))
    array = np.empty((1, len(entries)), [(field, object) for field in fields])
    for number, entry in enumerate(entries):
        for field in fields:
            array[0, number][field] = entry.get(field, EMPTY)
    return array


def mpii_person(points: list[tuple], **fields: object) -> dict:
    """A person of x, y, id and, where there is a fourth, is_visible."""
    names = ("x", "y", "id", "is_visible")
    rows = [dict(zip(names, point, strict=False)) for point in points]
    place = structs([{"x": 30.0, "y": 40.0}])
    head = {"x1": 10, "y1": 12, "x2": 20, "y2": 24, "scale": 0.5, "objpos": place}
    return {**head, "annopoints": structs([{"point": structs(rows)}]), **fields}


def write_mpii(path: Path, images: list[tuple[str, int, list[dict]]]) -> Path:
    """Write images: name, img_train, people."""
    annolist = structs(
        [
            {
                "image": structs([{"name": name}]),
                "annorect": structs(people) if people else EMPTY,
                "frame_sec": EMPTY,
                "vididx": EMPTY,
            }
            for name, _, people in images
        ]
    )
    trained_on = np.array([[flag for _, flag, _ in images]], np.uint8)
    release = {"annolist": annolist, "img_train": trained_on, "version": "12"}
    savemat(path, {"RELEASE": release}, do_compression=True)
    return path


def write_lsp(path: Path, joints: np.ndarray) -> Path:
    savemat(path, {"joints": joints})
    return path


def write_lspet_of(people: Path, folder: Path) -> None:
    """Cut people of COCO labels out, one a picture, and label them as LSPET does.

    The neck is between the shoulders, the head's top as far above the nose as the neck is below.
    """
    content = json.loads((people / "annotations.json").read_text())
    files = {image["id"]: image["file_name"] for image in content["images"]}
    folder.mkdir(parents=True)
    joints = []
    for person in content["annotations"]:
        rows = np.reshape(np.array(person["keypoints"], float), (17, 3))
        rows[:, 2] = rows[:, 2] > 0
        rows[rows[:, 2] == 0] = 0
        points = dict(zip(KEYPOINT_NAMES, rows, strict=True))
        points["neck"] = (points["left_shoulder"] + points["right_shoulder"]) / 2
        points["head_top"] = 2 * points["nose"] - points["neck"]
        for name in ("neck", "head_top"):  # of which all parts are labelled
            points[name] = points[name] if points[name][2] == 1 else np.zeros(3)
        left, top, width, height = map(int, person["bbox"])
        image = cv2.imread(str(people / "images" / files[person["image_id"]]))
        joints.append([points[name] - [left, top, 0] for name in LSP_NAMES])
        part = image[top : top + height + 2, left : left + width + 2]
        cv2.imwrite(str(folder / f"im{len(joints):05d}.jpg"), part)
    write_lsp(folder.parent / "joints.mat", np.array(joints).transpose(1, 2, 0))
