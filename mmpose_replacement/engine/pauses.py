"""Where a training may stop and go on: inside an epoch, and before an epoch's validation.

Checkpoints inside an epoch are made every few minutes, and when the training is told to end.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import torch
from mmengine.dist import all_reduce, broadcast_object_list, is_distributed, is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, LOOPS
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader, Sampler

from mmpose_replacement.engine.checkpoint_hook import KneronCheckpointHook
from mmpose_replacement.report.curves import read_scalars
from utils.processes import PARENT

SIGNALS = (signal.SIGINT, signal.SIGTERM)
TALK_EVERY = 10  # steps after which several processes agree on whether to end


@LOOPS.register_module()
class PoseTrainLoop(EpochBasedTrainLoop):
    """mmengine's loop over epochs, which can begin inside one, or with the validation of one."""

    def run(self) -> nn.Module:
        """Train; an epoch whose validation was cut off is validated first.

        Returns:
            The network.
        """
        self.runner.call_hook("before_train")
        if self.is_unjudged():
            self.runner.val_loop.run()
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            if self._is_due():
                self.runner.val_loop.run()
        self.runner.call_hook("after_train")
        return self.runner.model

    def is_unjudged(self) -> bool:
        """Tell whether a resumed training had ended within the validation of an epoch."""
        is_at_end = 0 < self._epoch <= self._max_epochs
        is_at_end = is_at_end and self._iter == self._epoch * len(self.dataloader)
        if not is_at_end or not self._is_due():
            return False
        records = read_scalars(Path(self.runner.work_dir).glob("*"))
        scores = [each for each in records if "loss" not in each and each["step"] == self._epoch]
        keepers = [hook for hook in self.runner.hooks if isinstance(hook, KneronCheckpointHook)]
        is_kept = all(
            hook.has_kept(self.runner.message_hub, each) for hook in keepers for each in scores[-1:]
        )
        found = [not scores or not is_kept]
        broadcast_object_list(found)  # the first process alone writes records
        return found[0]

    def _is_due(self) -> bool:
        self._decide_current_val_interval()
        return (
            self.runner.val_loop is not None
            and self._epoch >= self.val_begin
            and (self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs)
        )

    def run_epoch(self) -> None:
        """Do the steps of an epoch that have not been done."""
        first = self._iter - self._epoch * len(self.dataloader)
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        with _skipping(self.dataloader, first):
            for batch_idx, data_batch in enumerate(self.dataloader, start=first):
                self.run_iter(batch_idx, data_batch)
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1


class _Rest(Sampler):
    """What a sampler draws after a number of samples."""

    def __init__(self, sampler: Sampler, skipped: int) -> None:
        self.sampler, self.skipped = sampler, skipped

    def __iter__(self) -> Iterator[int]:
        return islice(iter(self.sampler), self.skipped, None)

    def __len__(self) -> int:
        return len(self.sampler)  # the epoch keeps its length


@contextmanager
def _skipping(loader: DataLoader, num_batches: int) -> Iterator[None]:
    """Leave out the first batches of an epoch without loading them."""
    batches = loader.batch_sampler
    sampler = batches.sampler
    if num_batches:
        batches.sampler = _Rest(sampler, num_batches * batches.batch_size)
    try:
        yield
    finally:
        batches.sampler = sampler


@HOOKS.register_module()
class PauseHook(Hook):
    """Save inside an epoch, as ``iter_<steps>.pth``; an epoch's own checkpoint replaces it.

    Args:
        minutes: between two such checkpoints; None: only when the training is told to end, by
            Ctrl-C or SIGTERM. A second Ctrl-C ends it at once.
    """

    priority = "VERY_LOW"  # after the schedulers' and the moving average's own step

    def __init__(self, minutes: float | None = None) -> None:
        self.minutes = minutes
        self._told = 0  # number of the signal
        self._before: dict[int, object] = {}
        self._saved: Path | None = None

    def before_train(self, runner: Runner) -> None:
        """Start the clock, and answer signals after the step that they meet."""
        self._due = self._next()
        resumed = Path(runner._load_from) if runner._resume and runner._load_from else None
        home = Path(runner.work_dir).resolve()
        if resumed and resumed.stem.startswith("iter_") and resumed.resolve().parent == home:
            self._saved = resumed
        if threading.current_thread() is threading.main_thread():
            self._before = {each: signal.signal(each, self._tell) for each in SIGNALS}

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Save if it is time.

        Args:
            runner: the training.
            batch_idx: number of the step in its epoch.
            data_batch: what it was trained on.
            outputs: its losses.

        Raises:
            KeyboardInterrupt: the training was told to end, by Ctrl-C.
            SystemExit: by SIGTERM.
        """
        told = self._agree(batch_idx)
        if not told and time.monotonic() < self._due:
            return
        self._save(runner)
        self._due = self._next()
        if told:
            self._release()
            raise KeyboardInterrupt if told == signal.SIGINT else SystemExit(128 + told)

    def after_train_epoch(self, runner: Runner) -> None:
        """Remove what the epoch's checkpoint has made old."""
        if self._saved and Path(runner.work_dir, f"epoch_{runner.epoch + 1}.pth").is_file():
            self._saved.unlink(missing_ok=True)
            self._saved = None

    def after_train(self, runner: Runner) -> None:
        """Leave signals to whoever answered them before."""
        self._release()

    def _tell(self, number: int, frame: object) -> None:
        if self._told == number == signal.SIGINT and PARENT not in os.environ:
            self._release()
            raise KeyboardInterrupt
        self._told = number

    def _release(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _agree(self, batch_idx: int) -> int:
        """Return the signal that any of the processes was sent, the same in all of them."""
        if not is_distributed():
            return self._told
        if batch_idx % TALK_EVERY:
            return 0
        told = torch.tensor(self._told, device="cuda" if torch.cuda.is_available() else "cpu")
        all_reduce(told, op="max")
        return int(told)

    def _next(self) -> float:
        return time.monotonic() + 60 * self.minutes if self.minutes else float("inf")

    def _save(self, runner: Runner) -> None:
        if not is_main_process():
            return
        path = Path(runner.work_dir, f"iter_{runner.iter + 1}.pth")
        runner.save_checkpoint(str(path.parent), path.name, by_epoch=False)
        if self._saved and self._saved != path:
            self._saved.unlink(missing_ok=True)
        self._saved = path
