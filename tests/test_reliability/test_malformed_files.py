"""Files that are cut, flipped or odd end in an answer or in one clear refusal, never otherwise.

A seeded generator spoils one good file of each kind. A sample of its files is read by
default, 2,632 more with -m slow.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmpose_replacement.config.load import load_config
from models.checkpoints.weights import read_checkpoint, weights_of
from prepostprocess.image import load_rgb
from utils.cli import USER_ERRORS
from utils.dataset_check.coco_file import LabelRules, read_coco
from utils.dataset_check.detections import read_detections
from utils.dataset_check.json_file import load_json
from utils.dataset_check.mpii import check_mpii
from utils.evaluation.comparison import read_results
from utils.inference.video import VideoReader
from utils.onnx_graph.file import read_model
from utils.own_data.data_file import read_own_data
from utils.params import load_params
from utils.people_generator.generate import make_people
from utils.runners.pose_params import RsnAffineParams, load_lite_hrnet_params
from utils.runners.yolov5_params import load_yolov5_params

ROOT = Path(__file__).resolve().parents[2]
# what files are made of, and what they should not be made of
PIECES = [
    b"[" * 5_000,
    b"{'a':" * 2_000,
    b"9" * 400,
    b"1e999",
    b"-Infinity",
    b"NaN",
    b"null",
    b'""',
]
PIECES += [
    b"-1",
    b"!!python/object/apply:os.system [id]",
    b"&a [*a, *a]",
    b"\x00",
    b"\xff\xfe",
    b",",
]
PIECES += [
    b",",
    b'""',
    b"../../etc/passwd",
    b"\n",
    b"]",
    b"}",
    b": ",
    b"0",
    b"\x80\x04cos\nsystem\n",
]
POINTS = "lmk_coco_body_17pts"
MESSAGE_CHARACTERS = 20_000  # at most: a list of faults has its length limited


def read_mpii(path: Path) -> None:
    check_mpii(load_json(path, "an MPII file"), path, 16, True)


def read_video(path: Path) -> None:
    for _ in VideoReader(str(path)):
        pass


READERS: dict[str, Callable[[Path], object]] = {
    "image.png": load_rgb,
    "image.jpg": load_rgb,
    "annotations.json": lambda path: read_coco(path, LabelRules()),
    "mpii.json": read_mpii,
    "detections.json": lambda path: read_detections(path, {"id": 1, "name": "person"}, {1, 2}),
    "results.json": lambda path: read_results(path, POINTS, ["a.jpg"], {}),
    "detector.yaml": load_yolov5_params,
    "crop.yaml": lambda path: load_params(path, RsnAffineParams),
    "pose.yaml": load_lite_hrnet_params,
    "mine.yaml": read_own_data,
    "config.py": load_config,
    "video.avi": read_video,
    "pose.onnx": read_model,
    "checkpoint.pth": lambda path: weights_of(read_checkpoint(path)),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory, e2e_models) -> dict[str, bytes]:
    """One good file of each kind; it is read without a fault."""
    folder = tmp_path_factory.mktemp("good")
    make_people(folder / "people", 2, seed=1)
    image = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    joints = [[10.0 + i, 20.0] for i in range(16)]
    person = dict(image="1.jpg", center=[50.0, 50.0], scale=1.0, joints=joints, joints_vis=[1] * 16)
    box = dict(image_id=1, category_id=1, bbox=[1.0, 2.0, 30.0, 40.0], score=0.9)
    record = {"img_path": "a.jpg", POINTS: [float(i) for i in range(34)]}
    e2e_models.pose_model(folder / "pose.onnx")
    torch.save({"state_dict": {"a.weight": torch.ones(3)}, "meta": {"epoch": 1}}, folder / "c.pth")
    shipped = {"detector.yaml": "yolov5", "crop.yaml": "rsn_affine", "pose.yaml": "lite_hrnet"}
    files = {
        name: (ROOT / f"utils/{word}_init_params.yaml").read_bytes()
        for name, word in shipped.items()
    }
    config = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
    text = config.read_text(encoding="utf-8").replace("../../..", str(ROOT / "configs"))
    writer = cv2.VideoWriter(str(folder / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (32, 24))
    for _ in range(6):
        writer.write(image)
    writer.release()
    sets = f"{{annotations: {folder}/people/annotations.json, images: {folder}/people/images}}"
    own = f"train: {sets}\nval: {sets}\nkeypoints: [left_eye, right_eye]\nsigmas: [.1, .2]\n"
    return files | {
        "config.py": text.encode(),
        "mine.yaml": own.encode(),
        "video.avi": (folder / "v.avi").read_bytes(),
        "image.png": cv2.imencode(".png", image)[1].tobytes(),
        "image.jpg": cv2.imencode(".jpg", image)[1].tobytes(),
        "annotations.json": (folder / "people/annotations.json").read_bytes(),
        "mpii.json": json.dumps([person]).encode(),
        "detections.json": json.dumps([box, box]).encode(),
        "results.json": json.dumps([record, record]).encode(),
        "pose.onnx": (folder / "pose.onnx").read_bytes(),
        "checkpoint.pth": (folder / "c.pth").read_bytes(),
    }


def spoil(data: bytes, rng: random.Random) -> bytes:
    """Cut, flip, exchange, double or insert."""
    spoilt = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        place = rng.randrange(len(spoilt) + 1)
        end = min(len(spoilt), place + rng.choice([1, 4, 40]))
        match rng.choice(["flip", "cut", "piece", "exchange", "double", "remove"]):
            case "flip" if place < len(spoilt):
                spoilt[place] ^= 1 << rng.randrange(8)
            case "cut":
                del spoilt[place:]
            case "piece":
                spoilt[place:place] = rng.choice(PIECES)
            case "exchange":
                spoilt[place:end] = rng.choice(PIECES)
            case "double":
                spoilt[place:place] = spoilt[place:end]
            case _:
                del spoilt[place:end]
    return bytes(spoilt)


def outcome(name: str, path: Path) -> str:
    """What a script would do: go on, or say one thing."""
    try:
        READERS[name](path)
    except USER_ERRORS as err:
        text = str(err)
        assert str(path) in text, f"names no file: {text:.300}"
        assert len(text) < MESSAGE_CHARACTERS
        assert "Traceback" not in text
        return "refused"
    return "read"


@pytest.mark.parametrize("name", READERS)
def test_the_good_file_is_read(good, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(good[name])
    if name not in ("detector.yaml", "pose.yaml"):  # these name networks beside them
        assert outcome(name, path) == "read"


def run_cases(good: dict[str, bytes], folder: Path, name: str, seeds: range) -> None:
    path, outcomes = folder / name, []
    for seed in seeds:
        data = spoil(good[name], random.Random(f"{name} {seed}"))
        path.write_bytes(data)
        try:
            outcomes.append(outcome(name, path))
        except Exception as err:
            raise AssertionError(f"case {seed} of {name}: {err!r:.500}") from err
    assert "refused" in outcomes
    assert [file.name for file in folder.iterdir()] == [name]  # nothing else was written


@pytest.mark.parametrize("name", READERS)
def test_a_sample_of_spoilt_files(good, tmp_path, name):
    run_cases(good, tmp_path, name, range(12))


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_many_spoilt_files(good, tmp_path, name):
    run_cases(good, tmp_path, name, range(12, 200))
