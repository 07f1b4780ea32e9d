"""An old checkpoint goes when the new one is there, and not before."""

import logging
from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub

from mmpose_replacement.engine.checkpoint_hook import KneronCheckpointHook, follow


class Runner(SimpleNamespace):
    """What the hook asks of a runner; a full disk is a switch."""

    def save_checkpoint(self, out_dir, filename, *args, **kwargs):
        if self.is_full:
            raise OSError(28, "No space left on device", filename)
        (self.folder / filename).write_text("weights")


@pytest.fixture
def training(tmp_path):
    runner = Runner(
        folder=tmp_path,
        work_dir=str(tmp_path),
        epoch=0,
        iter=0,
        is_full=False,
        logger=logging.getLogger("test"),
        message_hub=MessageHub(f"test {tmp_path}"),
    )
    hook = KneronCheckpointHook(interval=1, max_keep_ckpts=2, save_best="AP", rule="greater")
    hook.before_train(runner)

    def epoch(score: float) -> set[str]:
        runner.epoch += 1
        hook._save_checkpoint_with_step(runner, runner.epoch, {})
        hook._save_best_checkpoint(runner, {"AP": score})
        return {path.name for path in tmp_path.glob("*.pth")}

    return runner, epoch


def test_the_best_and_the_last_two_are_kept(training):
    _, epoch = training
    assert epoch(0.1) == {"epoch_1.pth", "best_AP_epoch_1.pth"}
    assert epoch(0.3) == {"epoch_1.pth", "epoch_2.pth", "best_AP_epoch_2.pth"}
    assert epoch(0.2) == {"epoch_2.pth", "epoch_3.pth", "best_AP_epoch_2.pth"}


def test_a_training_that_goes_on_elsewhere_leaves_what_is_there(training, tmp_path):
    runner, epoch = training
    epoch(0.1)
    runner.work_dir = runner.folder = tmp_path / "elsewhere"
    runner.folder.mkdir()
    hook = KneronCheckpointHook(interval=1, max_keep_ckpts=2, save_best="AP", rule="greater")
    hook.before_train(runner)
    runner.epoch = 2
    hook._save_best_checkpoint(runner, {"AP": 0.2})
    assert (tmp_path / "best_AP_epoch_1.pth").is_file()
    assert (runner.folder / "best_AP_epoch_2.pth").is_file()


def test_a_folder_that_was_moved_keeps_its_best(training, tmp_path):
    runner, epoch = training
    epoch(0.3)
    runner.folder = tmp_path.rename(tmp_path.with_name("moved"))
    follow(runner.message_hub, runner.folder)
    best = str(runner.folder / "best_AP_epoch_1.pth")
    assert runner.message_hub.get_info("best_ckpt") == best
    (runner.folder / "best_AP_epoch_1.pth").unlink()
    follow(runner.message_hub, runner.folder)
    assert "best_ckpt" not in runner.message_hub.runtime_info
    assert "best_score" not in runner.message_hub.runtime_info
    runner.folder.rename(tmp_path)


def test_a_full_disk_costs_no_checkpoint(training, tmp_path):
    runner, epoch = training
    epoch(0.1)
    before = epoch(0.2)
    runner.is_full = True
    with pytest.raises(OSError, match="No space left"):
        epoch(0.3)
    assert {path.name for path in tmp_path.glob("*.pth")} == before
