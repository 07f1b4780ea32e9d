"""mmpose's own configs: judged, timed and exported as they are, or refused in one line."""

import subprocess
import sys
from pathlib import Path

import mmpose
import numpy as np
import onnxruntime
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from mmpose.utils import register_all_modules

from models.export.metadata import keypoints_of
from utils.config_reader.foreign import load_network

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(mmpose.__file__).parent / ".mim/configs/body_2d_keypoint"
HANDS = FOLDER.parent / "hand_2d_keypoint/topdown_heatmap"
LITE = FOLDER / "topdown_heatmap/coco/td-hm_litehrnet-18_8xb64-210e_coco-256x192.py"


def run(*words: object) -> subprocess.CompletedProcess:
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_network_of_mmposes_is_exported_with_its_own_answer(tmp_path):
    torch.manual_seed(0)
    register_all_modules()
    config = Config.fromfile(LITE)
    theirs = MODELS.build(config.model).eval()
    torch.save({"state_dict": theirs.state_dict()}, tmp_path / "theirs.pth")
    done = run("export2onnx.py", LITE, tmp_path / "theirs.pth", "--output", tmp_path / "n.onnx")
    assert done.returncode == 0, done.stderr
    image = np.random.default_rng(0).normal(size=(1, 3, 256, 192)).astype(np.float32)
    with torch.inference_mode():
        expected = theirs.head(theirs.backbone(torch.from_numpy(image))).numpy()
    session = onnxruntime.InferenceSession(tmp_path / "n.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"input": image})[0], expected, atol=1e-4)
    notes = session.get_modelmeta().custom_metadata_map
    assert notes["preprocess"] == '"float"'
    assert notes["decoder"] == '"quarter"'


def test_other_keypoints_come_from_a_data_file(tmp_path):
    (tmp_path / "labels.json").write_text("{}")
    labels = "{annotations: labels.json, images: .}"
    names = [f"point_{i}" for i in range(21)]
    data = tmp_path / "hand.yaml"
    data.write_text(f"train: {labels}\nval: {labels}\nkeypoints: [{', '.join(names)}]\n")
    name = "coco_wholebody_hand/td-hm_litehrnet-w18_8xb32-210e_coco-wholebody-hand-256x256.py"
    config = load_network(HANDS / name, data=data)
    assert keypoints_of(config) == tuple(names)
    assert config.model.head.out_channels == 21
    assert config.test_dataloader.dataset.ann_file == str(tmp_path / "labels.json")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("topdown_regression/coco/td-reg_mobilenetv2_rle-pretrained-8xb64-210e_coco-256x192.py",
         "must have a HeatmapHead"),
        ("topdown_heatmap/mpii/td-hm_litehrnet-18_8xb64-210e_mpii-256x256.py",
         "must have COCO's 17 keypoints"),
    ],
    ids=["regression", "MPII"],
)  # fmt: skip
def test_others_are_refused(name, message):
    done = run("tools/npu_check.py", FOLDER / name, "--npu", "720")
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
