"""The end of a training whose loss is no number any more."""

from itertools import islice

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

MOST_NAMED = 8  # images


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """End a training at a loss that is infinite or no number, before a checkpoint is written.

    Losses are kept and read together: a GPU waits for each reading.
    """

    interval = 50 if torch.cuda.is_available() else 1  # iterations

    def __init__(self) -> None:
        self._kept: list[tuple[int, float, torch.Tensor]] = []  # step of the epoch, rate, loss

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Keep the loss, and look at those kept now and then.

        Args:
            runner: the training.
            batch_idx: number of the step in its epoch.
            data_batch: what it was trained on.
            outputs: its losses.

        Raises: ValueError: one is infinite or not a number.
        """
        rate = runner.optim_wrapper.get_lr()["lr"][0]
        self._kept.append((batch_idx, rate, outputs["loss"].detach()))
        if len(self._kept) >= self.interval:
            self._look(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at the rest, before the checkpoint is written.

        Raises: ValueError: a loss is infinite or not a number.
        """
        self._look(runner)

    def _look(self, runner: Runner) -> None:
        kept, self._kept = self._kept, []
        if not kept or torch.isfinite(torch.stack([loss for _, _, loss in kept])).all():
            return
        batch_idx, rate, loss = next(one for one in kept if not torch.isfinite(one[2]))
        step = runner.epoch * len(runner.train_dataloader) + batch_idx + 1
        raise ValueError(
            f"loss must be finite, got {loss:g} in iteration {step} at learning rate {rate:.3g}, "
            f"on {_images(runner, batch_idx)}. Look at these, or lower "
            "optim_wrapper.optimizer.lr; --resume goes on from the last checkpoint."
        )


def _images(runner: Runner, batch_idx: int) -> str:
    """Name the images of this process's batch; the sampler gives the same order again."""
    loader = runner.train_dataloader
    first = batch_idx * loader.batch_size
    batch = islice(iter(loader.sampler), first, first + loader.batch_size)
    paths = list(dict.fromkeys(loader.dataset.get_data_info(index)["img_path"] for index in batch))
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(paths[:MOST_NAMED]) + more
