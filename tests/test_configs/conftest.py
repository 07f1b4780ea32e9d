"""A data folder in the README's layout, generated: coloured squares with keypoints on them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

WIDTH, HEIGHT = 160, 120
BOX_XYWH = [30.0, 20.0, 80.0, 90.0]


def _write_images(folder: Path, names: list[str], rng: np.random.Generator) -> None:
    folder.mkdir(parents=True)
    for name in names:
        image = np.full((HEIGHT, WIDTH, 3), rng.integers(0, 255, 3), np.uint8)
        x, y, w, h = (int(value) for value in BOX_XYWH)
        image[y : y + h, x : x + w] = rng.integers(0, 255, 3)
        cv2.imwrite(str(folder / name), image)


def _keypoints(count: int, rng: np.random.Generator) -> np.ndarray:
    x, y, w, h = BOX_XYWH
    return np.round(rng.uniform([x, y], [x + w, y + h], (count, 2)))


def _coco_file(names: list[str], rng: np.random.Generator) -> dict:
    people = []
    for index, _ in enumerate(names):
        points = np.column_stack([_keypoints(17, rng), np.full(17, 2)])
        people.append(
            {
                "id": index + 1,
                "image_id": index + 1,
                "category_id": 1,
                "bbox": BOX_XYWH,
                "area": BOX_XYWH[2] * BOX_XYWH[3],
                "iscrowd": 0,
                "num_keypoints": 17,
                "keypoints": points.flatten().tolist(),
            }
        )
    images = [
        {"id": index + 1, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for index, name in enumerate(names)
    ]
    return {
        "images": images,
        "annotations": people,
        "categories": [{"id": 1, "name": "person"}],
    }


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _make_coco(folder: Path, rng: np.random.Generator) -> None:
    for split in ("train2017", "val2017"):
        names = [f"{number:012d}.jpg" for number in (1, 2)]
        _write_images(folder / split, names, rng)
        content = _coco_file(names, rng)
        _write_json(folder / f"annotations/person_keypoints_{split}.json", content)
    boxes = [{"image_id": i, "category_id": 1, "bbox": BOX_XYWH, "score": 0.9} for i in (1, 2)]
    for name in ("COCO_val2017_detections_AP_H_56_person.json", "yolov5n_person.json"):
        _write_json(folder / "person_detection_results" / name, boxes)


def _make_mpii(folder: Path, rng: np.random.Generator) -> None:
    names = [f"{number:09d}.jpg" for number in (1, 2)]
    _write_images(folder / "images", names, rng)
    people = [
        {
            "image": name,
            "center": [71.0, 66.0],
            "scale": 0.4,
            "joints": (_keypoints(16, rng) + 1).tolist(),
            "joints_vis": [1] * 16,
        }
        for name in names
    ]
    for split in ("train", "val"):
        _write_json(folder / f"annotations/mpii_{split}.json", people)
    joints = np.array([person["joints"] for person in people])
    savemat(
        folder / "annotations/mpii_gt_val.mat",
        {
            "pos_gt_src": joints.transpose(1, 2, 0),
            "jnt_missing": np.zeros((16, len(names))),
            "headboxes_src": np.array([[10, 10], [10, 10], [40, 40], [50, 50]]).reshape(2, 2, -1),
        },
    )


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that LITEHRNET_DATA names and tests work in, two people a file."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    _make_coco(folder / "coco", rng)
    _make_mpii(folder / "mpii", rng)
    names = ["im00001.jpg", "im00002.jpg"]
    _write_images(folder / "lspet/images", names, rng)
    _write_json(folder / "lspet/person_keypoints_lspet.json", _coco_file(names, rng))
    for split in ("train", "val"):  # the quickstart's, below the working directory
        drawn = folder / "work_dirs/quickstart/people" / split
        _write_images(drawn / "images", names, rng)
        _write_json(drawn / "annotations.json", _coco_file(names, rng))
    return folder
