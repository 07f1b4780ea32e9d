"""The networks in weights/: small enough, described, and as good as their card says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from prepostprocess.metadata import read_metadata
from utils.params import read_mapping
from utils.runners.pipeline import load_pipeline

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = sorted((ROOT / "weights").glob("*.onnx"))
DATA = ROOT.parent / "shared/data"
CONFIG = "configs/top_down/lite_hrnet/sample/wider_naive_litehrnet_18_256x192.py"
LEAST_AP = {  # the project's own bars for these networks
    "wider_naive_litehrnet_18_kl720": ("kneron_720", 0.67),
    "wider_naive_litehrnet_18_kl520": ("kneron_520", 0.64),
    "wider_naive_litehrnet_18_kl520_8bit": ("kneron_520", 0.667),
}


@pytest.mark.parametrize("path", WEIGHTS, ids=lambda path: path.stem)
def test_each_file_is_small_described_and_on_the_card(path):
    assert path.stat().st_size <= 8e6
    model = onnx.load(path)
    metadata = read_metadata({note.key: note.value for note in model.metadata_props}, path)
    assert metadata.preprocess
    assert metadata.decoder
    assert metadata.padding
    assert path.name in (ROOT / "weights/README.md").read_text(encoding="utf-8")
    assert load_pipeline(None, None, path, threads=1).spec.input_wh == metadata.input_wh


def test_the_shipped_yaml_names_one_of_them():
    values = read_mapping(ROOT / "utils/lite_hrnet_init_params.yaml")
    assert (ROOT / "utils" / values["model_path"]).resolve() in WEIGHTS


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not here")
@pytest.mark.parametrize("name", LEAST_AP)
def test_ap_on_coco(name, tmp_path):
    word, least = LEAST_AP[name]
    command = [sys.executable, "tools/test.py", CONFIG, f"weights/{name}.onnx"]
    command += ["--boxes", "ground-truth", "--work-dir", str(tmp_path), "--cfg-options"]
    command += [f"preprocess={word}", "codec.decoder=dark", "test_dataloader.num_workers=0"]
    command += ["test_dataloader.persistent_workers=False"]
    environment = {**os.environ, "LITEHRNET_DATA": str(DATA)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["coco/AP"])
    assert json.loads(line.split()[1]) >= least
