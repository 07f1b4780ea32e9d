"""What a person sees of a training: a live bar and curves as an image."""

import logging
import resource
import sys
import time
from pathlib import Path

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from tqdm import tqdm

from mmpose_replacement.report.curves import draw_curves, read_scalars, write_scalars


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Show a bar an epoch: loss, learning rate, time left for all, share of waiting, memory.

    In a terminal the bar stands for LoggerHook's lines, which then go to the log file alone;
    elsewhere (a file, a pipe) the lines are printed and there is no bar.
    """

    priority = "VERY_LOW"  # after the hooks that compute times and log values

    def __init__(self) -> None:
        self.is_live = sys.stderr.isatty() and is_main_process()
        self.bar: tqdm | None = None
        self.started_at = 0.0
        self.first_iter = 0

    def before_train(self, runner: Runner) -> None:
        """Start the clock, and leave the console to the bar."""
        self.started_at, self.first_iter = time.monotonic(), runner.iter
        if self.is_live:
            for handler in runner.logger.handlers:
                if not isinstance(handler, logging.FileHandler):
                    handler.addFilter(lambda record: "Epoch(train)" not in record.getMessage())

    def before_train_epoch(self, runner: Runner) -> None:
        """Open this epoch's bar."""
        self.bar = tqdm(
            total=len(runner.train_dataloader),
            desc=f"epoch {runner.epoch + 1}/{runner.max_epochs}",
            unit="batch",
            disable=not self.is_live,
            leave=False,
            dynamic_ncols=True,
        )

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Advance the bar.

        Args:
            runner: the training.
            batch_idx: number of the step in its epoch.
            data_batch: what it was trained on.
            outputs: its losses.
        """
        if not self.is_live:
            return
        done = runner.iter + 1 - self.first_iter
        rest = runner.max_iters - runner.iter - 1
        seconds = (time.monotonic() - self.started_at) / done * rest
        self.bar.set_postfix_str(
            f"loss {float(outputs['loss']):.2e}, lr {runner.optim_wrapper.get_lr()['lr'][0]:.1e}, "
            f"all done in {tqdm.format_interval(seconds)}, waits for data {_data_share(runner)}, "
            f"{_memory()}",
            refresh=False,
        )
        self.bar.update()

    def after_train_epoch(self, runner: Runner) -> None:
        """Close this epoch's bar."""
        self.bar.close()


def _data_share(runner: Runner) -> str:
    """Share of the iteration that was spent waiting for data, over the last 20 iterations."""
    scalars = runner.message_hub.log_scalars
    if "train/time" not in scalars:
        return "0 %"
    return f"{scalars['train/data_time'].mean(20) / scalars['train/time'].mean(20):.0%}"


def _memory() -> str:
    """Peak memory so far: the GPU's where there is one, else this process's."""
    if torch.cuda.is_available():
        return f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB on the GPU"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"


@HOOKS.register_module()
class CurvesHook(Hook):
    """Draw the scalars of the run as ``curves.png`` and write them as ``scalars.csv`` at its end.

    Source of the numbers: the JSON lines that mmengine's LocalVisBackend writes.
    """

    priority = "LOWEST"

    def after_train(self, runner: Runner) -> None:
        """Write both files into the work directory."""
        if not is_main_process():
            return
        folder = Path(runner.work_dir)
        # a resumed run shows what went before it; another earlier run in the folder is not its own
        records = read_scalars(folder.glob("*") if runner._resume else [Path(runner.log_dir)])
        if records:
            write_scalars(records, folder / "scalars.csv")
            score = runner.cfg.default_hooks.checkpoint.get("save_best")
            draw_curves(records, score, folder / "curves.png")
