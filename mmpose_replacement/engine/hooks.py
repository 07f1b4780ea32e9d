"""What a person sees of a training: how far it is, short numbers, and curves as an image."""

import re
import resource
import sys
import time
from pathlib import Path

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, LOG_PROCESSORS
from mmengine.runner import LogProcessor, Runner
from tqdm import tqdm

from mmpose_replacement.report.curves import draw_curves, read_scalars, write_scalars

FIRST_LINE, LINE_SECONDS = 10.0, 60.0  # of a training that writes to a file or a pipe
BAR_SECONDS = 0.5  # between two texts of the bar
LAST_STEPS = 20  # that a figure is the mean of


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Say how far a training is: loss, learning rate, time left for all, share of waiting, memory.

    In a terminal a bar an epoch says it, elsewhere (a file, a pipe) a line about once a minute. All
    lines of LoggerHook are in the log file.
    """

    priority = "VERY_LOW"  # after the hooks that compute times and log values

    def __init__(self) -> None:
        self.is_live = sys.stderr.isatty() and is_main_process()
        self.bar: tqdm | None = None
        self.started_at = self.next_at = 0.0
        self.first_iter = 0

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self.started_at, self.first_iter = time.monotonic(), runner.iter
        self.next_at = self.started_at + (0.0 if self.is_live else FIRST_LINE)

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
        """Advance the bar, or write a line when it is time for one.

        Args:
            runner: the training.
            batch_idx: number of the step in its epoch.
            data_batch: what it was trained on.
            outputs: its losses.
        """
        self.bar.update()
        now = time.monotonic()
        if now < self.next_at or not is_main_process():
            return
        self.next_at = now + (BAR_SECONDS if self.is_live else LINE_SECONDS)
        words = self._words(runner, now - self.started_at)
        if self.is_live:
            self.bar.set_postfix_str(words)
        else:
            runner.logger.info(
                f"epoch {runner.epoch + 1}/{runner.max_epochs}, batch {batch_idx + 1}/"
                f"{len(runner.train_dataloader)}: {words}"
            )

    def _words(self, runner: Runner, seconds: float) -> str:
        """Say how it goes, after so many seconds; the loss is the mean of the last steps."""
        done = runner.iter + 1 - self.first_iter
        rest = seconds / done * (runner.max_iters - runner.iter - 1)
        loss = runner.message_hub.get_scalar("train/loss").mean(LAST_STEPS)
        return (
            f"loss {short(loss)}, lr {short(runner.optim_wrapper.get_lr()['lr'][0])}, "
            f"all done in {tqdm.format_interval(rest)}, waits for data {_data_share(runner)}, "
            f"{_memory()}"
        )

    def after_train_epoch(self, runner: Runner) -> None:
        """Close this epoch's bar."""
        self.bar.close()


def short(value: float) -> str:
    """Write a number for people, with three significant digits."""
    return f"{value:#.3g}".rstrip(".") if abs(value) < 999.5 else f"{value:.0f}"


@LOG_PROCESSORS.register_module()
class ShortLogProcessor(LogProcessor):
    """mmengine's lines with numbers of three significant digits; what is stored stays as it is.

    Args:
        **arguments: mmengine's.
    """

    def __init__(self, **arguments: object) -> None:
        super().__init__(**{**arguments, "num_digits": 12})

    def get_log_after_iter(self, *args: object, **kwargs: object) -> tuple[dict, str]:
        """Return the values of a step, and the line that says them."""
        values, line = super().get_log_after_iter(*args, **kwargs)
        return values, _shortened(line)

    def get_log_after_epoch(self, *args: object, **kwargs: object) -> tuple[dict, str]:
        """Return the values of an evaluation, and the line that says them."""
        values, line = super().get_log_after_epoch(*args, **kwargs)
        return values, _shortened(line)


def _shortened(line: str) -> str:
    return re.sub(r"(?<=: )-?\d+\.\d+(e[-+]\d+)?", lambda found: short(float(found[0])), line)


def _data_share(runner: Runner) -> str:
    """Share of the iteration that was spent waiting for data, over the last steps."""
    scalars = runner.message_hub.log_scalars
    if "train/time" not in scalars:
        return "0 %"
    waited, all_in_all = (
        scalars[f"train/{name}"].mean(LAST_STEPS) for name in ("data_time", "time")
    )
    return f"{100 * waited / all_in_all:.0f} %"


def _memory() -> str:
    """Peak memory so far: the GPU's where there is one, else this process's."""
    if torch.cuda.is_available():
        return f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB on the GPU"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"


@HOOKS.register_module()
class CurvesHook(Hook):
    """Draw the scalars so far as ``curves.png`` and write them as ``scalars.csv``.

    It does so after each validation and at the end, so a long or interrupted run shows its way.
    Source of the numbers: the JSON lines that mmengine's LocalVisBackend writes.
    """

    priority = "LOWEST"

    def after_val_epoch(self, runner: Runner, *args: object, **kwargs: object) -> None:
        """Show what is known by now."""
        self._write(runner)

    def after_train(self, runner: Runner) -> None:
        """Show the whole run, with the steps since the last validation."""
        self._write(runner)

    def _write(self, runner: Runner) -> None:
        if not is_main_process():
            return
        folder = Path(runner.work_dir)
        # a resumed run shows what went before it; another earlier run in the folder is not its own
        records = read_scalars(folder.glob("*") if runner._resume else [Path(runner.log_dir)])
        if records:
            write_scalars(records, folder / "scalars.csv")
            score = runner.cfg.default_hooks.checkpoint.get("save_best")
            draw_curves(records, score, folder / "curves.png")
