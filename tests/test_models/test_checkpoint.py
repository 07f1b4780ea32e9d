"""Checkpoint files: every origin is read, code is never run, what does not fit is told."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from torch import nn

from models.checkpoints.load import load_file
from models.checkpoints.weights import check_weights, load_weights, match_weights, read_checkpoint


class Estimator(nn.Module):
    """Small stand-in for a TopdownPoseEstimator: same two parts, same naming."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, channels, 1), nn.BatchNorm2d(channels))
        self.head = nn.Module()
        self.head.final_layer = nn.Conv2d(channels, 17, 1)


def weights(**kwargs) -> dict:
    torch.manual_seed(1)
    return Estimator(**kwargs).state_dict()


FORMS = {
    "ours and mmpose 1.x": lambda w: {"state_dict": w, "meta": {"epoch": 3}},
    "bare": lambda w: w,
    "mmpose 0.x": lambda w: {
        "state_dict": {name.replace("head.", "keypoint_head.", 1): v for name, v in w.items()}
    },
    "from several processes": lambda w: {f"module.{name}": v for name, v in w.items()},
    "old PyTorch, no batch counters": lambda w: {
        name: v for name, v in w.items() if "num_batches" not in name
    },
    "mmengine's log buffers beside": lambda w: {
        "state_dict": w,
        "message_hub": {"log_scalars": {"loss": HistoryBuffer([1.0, 2.0], [1, 1])}},
        "meta": {"dataset_meta": {"sigmas": np.ones(17), "count": np.float64(3)}},
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_reads_files_of_every_origin(tmp_path, form):
    saved = weights()
    torch.save(FORMS[form](saved), tmp_path / "a.pth")
    network = Estimator()
    match = load_weights(network, tmp_path / "a.pth")
    assert not match.missing
    assert not match.unexpected
    for name, value in network.state_dict().items():
        if "num_batches" not in name:
            torch.testing.assert_close(value, saved[name])


def test_a_network_with_another_preprocessor_takes_weights_as_they_are(tmp_path):
    saved = weights()
    meta = {"cfg": "preprocess = 'kneron_720'"}
    torch.save({"state_dict": saved, "meta": meta}, tmp_path / "a.pth")
    network = Estimator()
    network.data_preprocessor = nn.Module()  # mmpose's own says no word
    (line,) = load_file(network, tmp_path / "a.pth")
    assert "data_preprocessor says no word; weights stay as they are" in line
    torch.testing.assert_close(network.backbone[0].weight, saved["backbone.0.weight"])


def test_bare_backbone_is_for_fine_tuning_only(tmp_path):
    backbone = {
        name.removeprefix("backbone."): v
        for name, v in weights().items()
        if name.startswith("backbone.")
    }
    torch.save(backbone, tmp_path / "b.pth")
    with pytest.raises(ValueError, match=r"b\.pth: checkpoint must fit.*2 missing") as err:
        load_weights(Estimator(), tmp_path / "b.pth")
    assert "missing: head.final_layer.bias" in str(err.value)
    renamed = {f"backbone.{name}": v for name, v in backbone.items()}
    match = check_weights(Estimator(), renamed, "b.pth", allow_new_layers=True)
    assert match.missing == ["head.final_layer.weight", "head.final_layer.bias"]


def test_head_of_another_width_is_reported_and_nothing_loaded(tmp_path):
    torch.save(weights(channels=40), tmp_path / "naive.pth")
    network = Estimator(channels=30)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(ValueError, match="nothing was loaded") as err:
        load_weights(network, tmp_path / "naive.pth")
    assert "backbone.0.weight: (40, 3, 1, 1) in the file, (30, 3, 1, 1) here" in str(err.value)
    assert all(torch.equal(v, before[name]) for name, v in network.state_dict().items())


def test_deeper_network_is_refused_although_all_names_are_there():
    deeper = {**weights(), "backbone.2.weight": torch.zeros(1)}
    assert match_weights(Estimator(), deeper).unexpected == ["backbone.2.weight"]
    with pytest.raises(ValueError, match="1 unexpected"):
        check_weights(Estimator(), deeper, "deep.pth", allow_new_layers=True)


class Evil:
    def __reduce__(self):
        return os.system, ("touch {}".format(os.environ["EVIL_MARK"]),)


def test_code_in_a_file_is_refused_and_not_run(tmp_path, monkeypatch):
    mark = tmp_path / "mark"
    monkeypatch.setenv("EVIL_MARK", str(mark))
    torch.save({"state_dict": weights(), "extra": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match=r"evil\.pth: .*Python object \(\S*system\).*not loaded"):
        read_checkpoint(tmp_path / "evil.pth")
    assert not mark.exists()


def test_getattr_in_a_file_gives_nothing(tmp_path):
    class Chain:
        def __reduce__(self):
            return getattr, (np.ndarray, "tofile")

    torch.save({"x": Chain()}, tmp_path / "chain.pth")
    assert not callable(read_checkpoint(tmp_path / "chain.pth")["x"])


@pytest.mark.parametrize("kind", ["cut short", "text", "empty"])
def test_broken_files(tmp_path, kind):
    path = tmp_path / "c.pth"
    torch.save(weights(), path)
    content = {"cut short": path.read_bytes()[:700], "text": b"<html>404</html>", "empty": b""}
    path.write_bytes(content[kind])
    with pytest.raises(ValueError, match=r"c\.pth: checkpoint must be a"):
        read_checkpoint(path)


def test_missing_file_and_web_address():
    with pytest.raises(FileNotFoundError, match="checkpoint must be a file on this machine"):
        read_checkpoint("nowhere.pth")
    with pytest.raises(FileNotFoundError, match="downloaded first"):
        read_checkpoint("https://example.org/a.pth")


def test_no_dictionary(tmp_path):
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="must hold a dictionary of weights, got list"):
        read_checkpoint(Path(tmp_path / "list.pth"))
