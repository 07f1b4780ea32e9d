"""`--gpus 2` on a machine without a GPU: two processes are one training."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="is about gloo on CPUs")

# a hook that writes every process's weights, found through PYTHONPATH
HOOK = """
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class DumpWeightsHook(Hook):
    def after_train(self, runner):
        weights = dict(runner.model.module.named_parameters())
        torch.save(weights, f"{runner.work_dir}/rank_{get_rank()}.pth")
"""


def train(folder: Path, config: Path, options: list[str], *flags: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(folder.parent), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "train.py", str(config), "--work-dir", str(folder), "--seed", "3"]
        + ["--no-validate", *flags, "--cfg-options", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def batch(options: list[str], size: int) -> list[str]:
    words = [word for word in options if "batch_size" not in word]
    return [*words, f"train_dataloader.batch_size={size}"]


def test_twenty_steps_equal_one_process_with_the_whole_batch(trained, options, tmp_path):
    """With BatchNorm in evaluation mode the gradient of a batch is the mean of its halves'."""
    # plain SGD: Adam turns the sign of a rounding error in a zero gradient into a whole step
    text = CONFIG.read_text().replace("../../../_base_", str(ROOT / "configs/_base_"))
    text = text.replace("in_channels=3,", "in_channels=3, norm_eval=True,", 1)
    text = text.replace('type="AdamW", lr=6e-3, weight_decay=1e-4', 'type="SGD", lr=1e-2')
    text = text.replace("pipeline=train_pipeline,", "pipeline=train_pipeline, indices=24,")
    config = tmp_path / "sgd.py"
    flags = ("--load-from", str(trained / "epoch_2.pth"))
    # plain shuffling of an even number of people, so that both runs see the same: 12 steps an epoch
    text = text.replace('"KneronImageSampler", window=window', '"DefaultSampler", shuffle=True', 1)
    config.write_text(text)
    more = [*options, "max_epochs=2"]
    more.remove("max_epochs=1")
    train(tmp_path / "one", config, batch(more, 2), *flags)
    train(tmp_path / "two", config, batch(more, 1), *flags, "--gpus", "2")

    from models.checkpoints.weights import read_checkpoint

    one = read_checkpoint(tmp_path / "one/epoch_2.pth")
    two = read_checkpoint(tmp_path / "two/epoch_2.pth")
    start = read_checkpoint(trained / "epoch_2.pth")["state_dict"]
    assert one["meta"]["iter"] == two["meta"]["iter"] >= 20
    moved = 0.0
    for name, value in one["state_dict"].items():
        torch.testing.assert_close(two["state_dict"][name], value, rtol=1e-5, atol=1e-5)
        moved = max(moved, (value - start[name]).abs().max().item())
    assert moved > 1e-3  # they did learn


def test_both_processes_hold_the_same_weights(options, tmp_path):
    """BatchNorm trains on each process's own half; the averaged gradient keeps weights equal."""
    (tmp_path / "dump_weights_hook.py").write_text(HOOK)
    text = CONFIG.read_text().replace("../../../_base_", str(ROOT / "configs/_base_"))
    config = tmp_path / "dumping.py"
    config.write_text(
        text + 'custom_imports = dict(imports=["models", "mmpose_replacement", '
        '"dump_weights_hook"])\ncustom_hooks = [dict(type="DumpWeightsHook")]\n'
    )
    train(tmp_path / "run", config, options, "--gpus", "2")
    first, second = (torch.load(tmp_path / f"run/rank_{rank}.pth") for rank in (0, 1))
    assert first
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
