"""How long the steps of a training take, and how much of that is waiting for data."""

import contextlib
import statistics
from dataclasses import dataclass

from mmengine.hooks import Hook
from mmengine.runner import Runner


@dataclass(frozen=True)
class Pace:
    """A training's steps.

    Attributes:
        images_per_second: by the median step.
        data_share: part of the time that waited for data, 0 to 1.
        steps: how many steps these figures are of.
    """

    images_per_second: float
    data_share: float
    steps: int


class _EnoughSteps(Exception):  # noqa: N818  (no error)
    """Ends a training that is only looked at."""


class _StepTimes(Hook):
    """Keep what IterTimerHook measures, and end after some steps."""

    priority = "BELOW_NORMAL"  # after IterTimerHook, before checkpoints and loggers

    def __init__(self, warm_up: int, steps: int) -> None:
        self.warm_up, self.steps = warm_up, steps
        self.seconds: list[float] = []
        self.waiting: list[float] = []

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        scalars = runner.message_hub.log_scalars
        if runner.iter >= self.warm_up:
            self.seconds.append(scalars["train/time"].current())
            self.waiting.append(scalars["train/data_time"].current())
        if len(self.seconds) == self.steps:
            raise _EnoughSteps


def measure_pace(runner: Runner, *, warm_up: int = 5, steps: int = 20) -> Pace:
    """Train for a few steps as train.py does, and say how fast it was.

    Args:
        runner: before its first step; not usable afterwards.
        warm_up: steps that are not counted: workers, caches and compilation start in them.
        steps: steps that are.
    Returns: the pace; of fewer steps where the training has fewer.
    Raises: ValueError: the training has no step after the warm-up.
    """
    times = _StepTimes(warm_up, steps)
    runner.register_hook(times)
    with contextlib.suppress(_EnoughSteps):
        runner.train()
    if not times.seconds:
        raise ValueError(
            f"training must have more than {warm_up} steps to be timed, got {runner.iter}. "
            "Use a smaller train_dataloader.batch_size, or more people."
        )
    rate = runner.train_dataloader.batch_size / statistics.median(times.seconds)
    return Pace(rate, sum(times.waiting) / sum(times.seconds), len(times.seconds))
