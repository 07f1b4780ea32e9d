"""benchmarks/gpu/pack.py: people in few bytes, with labels that train.py reads."""

import json
from pathlib import Path

import numpy as np
from scripts import load_script

from prepostprocess.image import load_rgb

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"


def test_people_are_cut_out_and_can_be_trained_on(people, train_quietly, options, tmp_path, capsys):
    folder = tmp_path / "packed"
    words = [str(CONFIG), str(folder), "--megabytes", "1", "--most", "8"]
    load_script(ROOT / "benchmarks/gpu/pack.py").main(
        [*words, "--cfg-options", f"data_root={people}/"]
    )
    assert "8 people in 0." in capsys.readouterr().out
    packed = json.loads((folder / "train.json").read_text())
    originals = json.loads((people / "train/annotations.json").read_text())["annotations"]
    for image, person, original in zip(
        packed["images"], packed["annotations"], originals, strict=False
    ):
        pixels = load_rgb(folder / "train" / image["file_name"])
        assert pixels.shape[:2] == (image["height"], image["width"])
        points = np.reshape(person["keypoints"], (-1, 3))
        shown = points[:, 2] > 0
        assert shown.sum() == original["num_keypoints"]
        place = (points[shown, :2] - person["bbox"][:2]) / person["bbox"][2:]
        before = np.reshape(original["keypoints"], (-1, 3))[shown, :2]
        expected = (before - original["bbox"][:2]) / original["bbox"][2:]
        np.testing.assert_allclose(place, expected, atol=2e-3)
    assert (folder / "val.json").read_bytes() == (people / "val/annotations.json").read_bytes()
    train_quietly(tmp_path / "run", "--data", str(folder / "data.yaml"), "--no-validate")
    assert "on 8 people for 1 epochs" in capsys.readouterr().out
