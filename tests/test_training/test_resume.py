"""A training that was killed and resumed is, bit by bit, the one that was never killed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mmpose_replacement.engine.finite_loss import FiniteLossHook
from mmpose_replacement.engine.pauses import PauseHook
from models.checkpoints.weights import read_checkpoint

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
LOADERS = ("train_dataloader.num_workers=2", "train_dataloader.persistent_workers=True")
DRAWS = ("train_dataloader.dataset.pipeline.2.prob=0.5", "max_epochs=3")
KINDS = [
    pytest.param(("--ema",), LOADERS, id="two loader processes, moving average"),
    pytest.param((), (), id="one process", marks=pytest.mark.slow),
    pytest.param((), ("crop_cache={cache}",), id="cache of crops", marks=pytest.mark.slow),
]


def assert_same(ours: object, theirs: object, place: str = "") -> None:
    """Compare nested containers of tensors, bit by bit."""
    assert type(ours) is type(theirs), place
    if isinstance(ours, torch.Tensor):
        assert ours.dtype == theirs.dtype, place
        assert torch.equal(ours, theirs), place
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), place
        for key in ours:
            assert_same(ours[key], theirs[key], f"{place}.{key}")
    elif isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs), place
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(one, other, f"{place}[{i}]")
    else:
        assert ours == theirs, place


def state(path: Path) -> dict:
    """All that a training goes on from; not the log, which holds times."""
    checkpoint = read_checkpoint(path)
    names = ("state_dict", "ema_state_dict", "optimizer", "param_schedulers")
    kept = {name: checkpoint[name] for name in names if name in checkpoint}
    return {**kept, "seed": checkpoint["meta"]["seed"], "iter": checkpoint["meta"]["iter"]}


@pytest.mark.parametrize(("flags", "also"), KINDS)
def test_resumed_is_unbroken(train_quietly, tmp_path, flags, also):
    also = (*DRAWS, *(text.format(cache=tmp_path / "crops") for text in also))
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train_quietly(whole, "--no-validate", *flags, also=also)
    broken.mkdir()
    shutil.copy(whole / "epoch_2.pth", broken)
    # the seed is the checkpoint's: who gives none gets another one at each start
    train_quietly(broken, "--no-validate", "--resume", *flags, "--seed", "9", also=also)
    assert_same(state(broken / "epoch_3.pth"), state(whole / "epoch_3.pth"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_inside_an_epoch_is_unbroken(train_quietly, tmp_path, monkeypatch, capsys, number):
    also, flags = (*DRAWS, *LOADERS), ("--no-validate", "--ema")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train_quietly(whole, *flags, also=also)
    steps = read_checkpoint(whole / "epoch_2.pth")["meta"]["iter"] // 2
    end_at = steps + steps // 2
    plain = FiniteLossHook.after_train_iter

    def end(hook, runner, *args, **kwargs):
        plain(hook, runner, *args, **kwargs)
        if runner.iter + 1 == end_at:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(FiniteLossHook, "after_train_iter", end)
    with pytest.raises(SystemExit) as caught:
        train_quietly(broken, *flags, also=also)
    assert caught.value.code == 128 + number
    assert f"--resume goes on from {broken}/iter_{end_at}.pth" in capsys.readouterr().err
    monkeypatch.undo()
    train_quietly(broken, *flags, "--resume", also=also)
    assert_same(state(broken / "epoch_3.pth"), state(whole / "epoch_3.pth"))
    assert not list(broken.glob("iter_*.pth"))  # the epoch's checkpoint has replaced it


def test_interrupted_shows_its_curves_to_the_last_validation(train_quietly, tmp_path, monkeypatch):
    plain = FiniteLossHook.after_train_iter

    def end(hook, runner, *args, **kwargs):
        plain(hook, runner, *args, **kwargs)
        if runner.epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(FiniteLossHook, "after_train_iter", end)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train_quietly(tmp_path, also=("max_epochs=2", "train_cfg.val_interval=1"))
    assert (tmp_path / "curves.png").exists()
    assert "coco/AP" in (tmp_path / "scalars.csv").read_text()


def test_the_checkpoint_inside_an_epoch_goes_whatever_way_its_folder_is_written(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for name in ("iter_3.pth", "epoch_1.pth"):
        (tmp_path / "runs" / name).touch()
    hook = PauseHook()
    runner = SimpleNamespace(
        _load_from="runs/iter_3.pth", _resume=True, work_dir=str(tmp_path / "runs"), epoch=0
    )
    hook.before_train(runner)
    hook.after_train_epoch(runner)
    hook.after_train(runner)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["epoch_1.pth"]


def test_saved_every_so_often(train_quietly, tmp_path, monkeypatch):
    saved = []
    plain = PauseHook._save
    monkeypatch.setattr(
        PauseHook, "_save", lambda hook, runner: (plain(hook, runner), saved.append(hook._saved))
    )
    train_quietly(tmp_path, "--no-validate", "--save-every", "1e-9")
    assert len(saved) == read_checkpoint(tmp_path / "epoch_1.pth")["meta"]["iter"]
    assert not list(tmp_path.glob("iter_*.pth"))  # the epoch's checkpoint has replaced them


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--gpus", "2")], ids=["one process", "two processes"])
def test_killed_at_random_moments_is_unbroken(people, options, tmp_path, more):
    """Up to 20 kills, until a run of 12 epochs of a few steps comes to its end."""
    also = [*options, *DRAWS, *LOADERS, "max_epochs=12"]

    def command(folder: Path) -> list[str]:
        flags = ["--no-validate", "--ema", "--seed", "3", "--deterministic", "--resume", *more]
        script = [sys.executable, "train.py", str(QUICKSTART), "--work-dir", str(folder)]
        return [*script, *flags, "--cfg-options", *also]

    quiet = dict(cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    subprocess.run(command(tmp_path / "whole"), check=True, **quiet)
    duration = time.monotonic() - began
    generator, kills = random.Random(0), 0
    for _ in range(20):
        with subprocess.Popen(command(tmp_path / "broken"), **quiet) as process:
            try:
                process.wait(generator.uniform(0.3, 1.0) * duration)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
        time.sleep(1)  # children of a killed parent end within half a second
    else:
        subprocess.run(command(tmp_path / "broken"), check=True, **quiet)
    assert kills > 0
    print(f"{kills} kills in runs of {duration:.0f} s")
    assert_same(state(tmp_path / "broken/epoch_12.pth"), state(tmp_path / "whole/epoch_12.pth"))
