"""--data my.yaml: any skeleton from one file through training, test, export and end to end."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mat_files import write_lspet_of

from models.checkpoints.weights import read_checkpoint
from prepostprocess.image import load_rgb
from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.label_formats.matlab.lspet import LSP_NAMES
from utils.own_data.data_file import read_own_data
from utils.runners.pipeline import load_pipeline

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
SKELETONS = {
    "14 of LSPET": LSP_NAMES,
    "one": ("nose",),
    "21 of something": tuple(f"point_{i}" for i in range(21)),
}


def write_labels(source: Path, target: Path, names: tuple[str, ...]) -> None:
    """Give the drawn people other keypoints: those of COCO's names, else every joint in turn."""
    content = json.loads(source.read_text())
    chosen = [
        KEYPOINT_NAMES.index(n) if n in KEYPOINT_NAMES else i % 17 for i, n in enumerate(names)
    ]
    for person in content["annotations"]:
        points = np.array(person["keypoints"]).reshape(17, 3)[chosen]
        person["keypoints"] = points.ravel().tolist()
        person["num_keypoints"] = int((points[:, 2] > 0).sum())
    content["annotations"] = [p for p in content["annotations"] if p["num_keypoints"]]
    content["categories"][0].update(keypoints=list(names), skeleton=[])
    target.write_text(json.dumps(content))


def describe(folder: Path, people: Path, names: tuple[str, ...]) -> Path:
    """Write a data file of the drawn people; LSPET's through its own file, as a user has it."""
    if names == LSP_NAMES:
        write_lspet_of(people / "train", folder / "lspet/images")
        run("tools/prepare_data.py", "lspet", folder / "lspet/joints.mat", "-o", folder / "own",
            "--images", folder / "lspet/images", "--split", "0.3")  # fmt: skip
        return folder / "own/data.yaml"
    lines = []
    for part in ("train", "val"):
        write_labels(people / part / "annotations.json", folder / f"{part}.json", names)
        lines.append(f"{part}: {{annotations: {part}.json, images: {people / part / 'images'}}}")
    lines.append(f"keypoints: [{', '.join(names)}]")
    (folder / "mine.yaml").write_text("\n".join(lines))
    return folder / "mine.yaml"


@pytest.fixture(scope="session", params=SKELETONS.values(), ids=SKELETONS)
def trained_on(request, people, tmp_path_factory, train_quietly, trained) -> dict:
    folder = tmp_path_factory.mktemp("own")
    data = describe(folder, people, request.param)
    train_quietly(folder / "work", "--data", str(data), "--load-from", str(trained / "epoch_2.pth"))
    return {"folder": folder, "names": request.param, "data": data}


def run(*words: object) -> str:
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_head_has_as_many_maps_and_every_reader_takes_the_file(trained_on):
    weights = read_checkpoint(trained_on["folder"] / "work/epoch_1.pth")["state_dict"]
    assert len(weights["head.final_layer.weight"]) == len(trained_on["names"])


def test_it_is_tested_exported_and_found_again(trained_on, people, options):
    folder, names = trained_on["folder"], trained_on["names"]
    data, weights = ("--data", trained_on["data"]), folder / "work/epoch_1.pth"
    told = run("tools/test.py", CONFIG, weights, *data, "--work-dir", folder / "t",
               "--cfg-options", *options)  # fmt: skip
    assert "coco/AP " in told
    run("export2onnx.py", CONFIG, weights, *data, "--output", folder / "net.onnx")
    pipeline = load_pipeline(None, None, folder / "net.onnx")
    assert pipeline.spec.keypoint_names == names
    image = sorted((people / "val/images").iterdir())[0]
    found = pipeline(load_rgb(image), np.array([[0, 0, 64, 128]]))
    assert found.keypoints.shape == (1, len(names), 2)


def test_its_landmarks_are_judged_end_to_end(trained_on):
    folder, names = trained_on["folder"], trained_on["names"]
    val = read_own_data(trained_on["data"]).val.annotations
    labels = json.loads(val.read_text())
    files = {image["id"]: image["file_name"] for image in labels["images"]}
    key = f"lmk_{len(names)}pts"
    records = [
        {"img_path": files[p["image_id"]], key: p["keypoints"], "bbox": p["bbox"], "score": 0.9}
        for p in labels["annotations"]
    ]
    (folder / "found.json").write_text(json.dumps(records))
    told = run("tools/eval_e2e.py", folder / "found.json", val,
               "--data", trained_on["data"])  # fmt: skip
    assert "AP     1.0000" in told
    for name in names:
        assert name in told
