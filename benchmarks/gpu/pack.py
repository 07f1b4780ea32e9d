"""Pack a config's people into few megabytes, to carry them to a machine with a GPU.

    python benchmarks/gpu/pack.py CONFIG packed/ --megabytes 55

Each person of the training set is cut out with room for augmentation, scaled down and written as
JPEG; the validation set is copied as it is. Beside them lies data.yaml for `train.py --data`.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

sys.path[0] = str(Path(__file__).resolve().parents[2])  # repo root, not benchmarks/gpu/

from mmengine.config import Config

from mmpose_replacement.config.load import load_config
from models.export.metadata import keypoints_of
from prepostprocess.image import load_rgb
from utils.config_reader.data_sets import label_sets
from utils.dataset_check.people import AREA_OF_BOX
from utils.doctor.every_check import LabelFiles

ROOM = 1.6  # side of what is kept, in parts of the box's longer side
QUALITIES = (85, 75, 65, 50, 35)
SIDE = 208  # pixels of the longer side, at most


def files_of(config: Config, part: str) -> list[LabelFiles]:
    """Return the annotation files of one part, "train" or "val", and their images' folders."""
    alone = Config({key: config[key] for key in (f"{part}_dataloader", "codec")})
    return label_sets(alone, config.dataset_info, open_images=True)


def people_of(config: Config) -> list[tuple[dict, Path]]:
    """Return the training set's people and the files of their images, each once."""
    found = []
    for each in files_of(config, "train"):
        content = json.loads(each.labels.read_text(encoding="utf-8"))
        names = {image["id"]: image["file_name"] for image in content["images"]}
        found += [
            (person, each.images / names[person["image_id"]])
            for person in content["annotations"]
            if not person.get("iscrowd") and min(person["bbox"][2:]) > 0
        ]
    return found


def cut(person: dict, image: np.ndarray) -> tuple[np.ndarray, dict]:
    """Cut a person out; return the pixels, and the labels in them."""
    x, y, w, h = person["bbox"]
    half = ROOM / 2 * max(w, h)
    left, top = int(max(0, x + w / 2 - half)), int(max(0, y + h / 2 - half))
    part = image[top : int(y + h / 2 + half) + 1, left : int(x + w / 2 + half) + 1]
    scale = min(1.0, SIDE / max(part.shape[:2]))
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    keypoints = np.array(person["keypoints"], float).reshape(-1, 3)
    shown = keypoints[:, 2] > 0
    keypoints[shown, :2] = (keypoints[shown, :2] - [left, top]) * scale
    box = [(x - left) * scale, (y - top) * scale, w * scale, h * scale]
    labels = {
        "keypoints": keypoints.round(2).ravel().tolist(),
        "num_keypoints": int(shown.sum()),
        "bbox": [round(value, 2) for value in box],
        "area": float(person.get("area") or AREA_OF_BOX * w * h) * scale**2,
    }
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA), labels


def write_people(
    people: list[tuple[dict, Path]], folder: Path, names: tuple[str, ...], most: int
) -> int:
    """Write all people within so many bytes, at the best JPEG quality that allows it."""
    images, annotations, used = [], [], 0
    (folder / "train").mkdir(parents=True)
    quality = QUALITIES[0]
    for number, (person, path) in enumerate(tqdm(people, unit="person"), start=1):
        pixels, labels = cut(person, load_rgb(path))
        fair = most * number / len(people)
        worse = [q for q in QUALITIES if q < quality]
        quality = worse[0] if used > fair and worse else quality
        flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
        data = cv2.imencode(".jpg", pixels[..., ::-1], flags)[1].tobytes()
        used += len(data)
        (folder / f"train/{number}.jpg").write_bytes(data)
        height, width = pixels.shape[:2]
        images.append(dict(id=number, file_name=f"{number}.jpg", width=width, height=height))
        annotations.append(dict(id=number, image_id=number, category_id=1, iscrowd=0, **labels))
    category = dict(id=1, name="person", keypoints=list(names))
    content = dict(images=images, annotations=annotations, categories=[category])
    (folder / "train.json").write_text(json.dumps(content), encoding="utf-8")
    return used


def main(argv: list[str] | None = None) -> None:
    """Pack and say how much it came to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("folder", type=Path, help="made new")
    parser.add_argument("--megabytes", type=float, default=55, help="of the training images")
    parser.add_argument("--most", type=int, help="people at most, for a rehearsal")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE")
    args = parser.parse_args(argv)
    if args.folder.exists():
        parser.error(f"{args.folder}: folder must be new, but it is there. Name another one.")
    config = load_config(args.config, args.cfg_options)
    names = keypoints_of(config)
    people = people_of(config)[: args.most]
    args.folder.mkdir()
    used = write_people(people, args.folder, names, int(args.megabytes * 1e6))
    (each,) = files_of(config, "val")
    shutil.copy(each.labels, args.folder / "val.json")
    shutil.copytree(each.images, args.folder / "val")
    lines = [f"{part}: {{annotations: {part}.json, images: {part}/}}" for part in ("train", "val")]
    lines.append(f"keypoints: [{', '.join(names)}]")
    (args.folder / "data.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{args.folder}: {len(people)} people in {used / 1e6:.1f} MB, data.yaml beside them")


if __name__ == "__main__":
    main()
