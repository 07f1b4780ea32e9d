"""train.py --qat: what it begins with, what it leaves, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from mmpose_replacement.config.load import load_config
from mmpose_replacement.qat.setup import use_fixed_point
from models.checkpoints.weights import read_checkpoint
from models.fixed_point.prepared_file import read_prepared
from prepostprocess.metadata import FIXED_POINT
from utils.onnx_graph.graph import Graph
from utils.quantization.observe import TensorRunner

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
TWICE = ("max_epochs=2", "train_cfg.val_interval=1", "preprocess=kneron_520")


@pytest.fixture(scope="session")
def config(tmp_path_factory) -> Path:
    """Two epochs teach nothing: a teacher without peaks still counts here."""
    path = tmp_path_factory.mktemp("config") / "unsure.py"
    path.write_text(f'_base_ = "{QUICKSTART}"\nmodel = dict(head=dict(teacher_power=0.0))\n')
    return path


@pytest.fixture(scope="session")
def rounded(tmp_path_factory, trained, train_quietly, config) -> Path:
    folder = tmp_path_factory.mktemp("rounded")
    flags = ("--qat", "520", "--load-from", str(trained / "epoch_2.pth"), "--no-validate")
    train_quietly(folder, *flags, also=TWICE, config=config)
    return folder


def test_it_leaves_a_file_in_fixed_point(rounded):
    model = onnx.load(rounded / "kl520_8bit.onnx")
    notes = {note.key: json.loads(note.value) for note in model.metadata_props}
    assert notes[FIXED_POINT] == "520"
    assert notes["decoder"]
    assert len(notes["keypoint_names"]) == 17
    records = json.loads((rounded / "kl520_8bit.json").read_text())
    assert records["trained"] == "epoch_2.pth"
    assert {each["bits"] for each in records["tensors"]} == {8}


def test_the_float_twin_holds_the_same_weights(rounded):
    exact = onnx.load(rounded / "kl520_float.onnx")
    fixed = onnx.load(rounded / "kl520_8bit.onnx")
    assert not [node for node in exact.graph.node if "Quantize" in node.op_type]
    image = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3, 128, 64)).astype(np.float32)
    ours, theirs = (TensorRunner(Graph(m), ["heatmaps"]).run(image) for m in (exact, fixed))
    assert np.corrcoef(ours["heatmaps"].ravel(), theirs["heatmaps"].ravel())[0, 1] > 0.5


def test_its_own_float_network_teaches(rounded):
    lines = [line for path in rounded.glob("*/vis_data/scalars.json") for line in open(path)]
    losses = [json.loads(line) for line in lines if "loss_teacher" in line]
    assert losses
    for each in losses:
        assert each["loss"] == pytest.approx(each["loss_teacher"])
        assert each["loss_kpt"] == 0


def test_a_resumed_run_is_the_same_run(rounded, train_quietly, config, tmp_path):
    for name in ("epoch_1.pth", "start_kl520.onnx", "exact_kl520.onnx"):
        (tmp_path / name).write_bytes((rounded / name).read_bytes())
    train_quietly(tmp_path, "--qat", "520", "--resume", "--no-validate", also=TWICE, config=config)
    ours, theirs = (
        read_checkpoint(folder / "epoch_2.pth")["state_dict"] for folder in (tmp_path, rounded)
    )
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, rtol=0, atol=0)
    names = ("kl520_8bit.onnx", "kl520_float.onnx")
    assert all((tmp_path / n).read_bytes() == (rounded / n).read_bytes() for n in names)


def test_a_run_that_was_killed_as_it_wrote_its_file_writes_it(
    rounded, train_quietly, config, tmp_path
):
    folder = shutil.copytree(rounded, tmp_path / "copy")
    (folder / "kl520_8bit.onnx").unlink()
    flags = ("--qat", "520", "--resume", "--no-validate")
    train_quietly(folder, *flags, also=TWICE, config=config)
    written = (folder / "kl520_8bit.onnx").read_bytes()
    assert written == (rounded / "kl520_8bit.onnx").read_bytes()
    with pytest.raises(SystemExit, match="training must have epochs left"):
        train_quietly(folder, *flags, also=TWICE, config=config)


REFUSED = {
    "no start": ((), r"start_kl720\.onnx: --qat must begin with a trained network, got none"),
    "amp": (("--amp",), r"--amp needs a GPU|--qat excludes --amp"),
    "compile": (("--compile",), r"--qat excludes --amp and --compile"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case, train_quietly, tmp_path):
    flags, message = REFUSED[case]
    with pytest.raises(SystemExit, match=message):
        train_quietly(tmp_path, "--qat", "720", *flags)


@pytest.mark.parametrize("count", [31, 32])
def test_it_begins_with_what_the_crops_teach_where_they_are_enough(
    count, trained, tmp_path, monkeypatch
):
    crops = torch.rand(count, 3, 128, 64, generator=torch.Generator().manual_seed(0)) - 0.5
    monkeypatch.setattr("mmpose_replacement.qat.setup.training_crops", lambda *_: crops)
    config = load_config(QUICKSTART, ["preprocess=kneron_520"])
    config.merge_from_dict({"load_from": f"{trained}/epoch_2.pth", "work_dir": str(tmp_path)})
    use_fixed_point(config, "520")
    start = read_prepared(tmp_path / "start_kl520.onnx")
    off_grid = 0.0
    for node in start.graph.of("Conv"):
        numbers = start.graph.constants[node.inputs[1]] / start.plan.weights[node.inputs[1]][0]
        off_grid = max(off_grid, float(np.abs(numbers - numbers.round()).max()))
    assert off_grid == pytest.approx(0 if count == 32 else 0.5, abs=0.01)
