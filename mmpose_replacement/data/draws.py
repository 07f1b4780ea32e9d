"""Random draws that a training can repeat: after a resume they are those of an unbroken run."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmpose.registry import DATASETS
from torch.utils.data import Dataset, get_worker_info


@DATASETS.register_module()
class RepeatableDataset(Dataset):
    """A data set whose draws for a sample follow from seed, epoch and the sample's number alone.

    So they depend neither on what was drawn before, nor on the number of loader processes.

    Args:
        dataset: any data set with transforms that draw from ``numpy.random``, ``random`` or, in a
            loader process, ``torch``.
    """

    def __init__(self, dataset: dict | Dataset) -> None:
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        # shared: loader processes live through all epochs
        self._seed_and_epoch = torch.zeros(2, dtype=torch.int64).share_memory_()

    def begin(self, seed: int, epoch: int) -> None:
        """Begin an epoch.

        Args:
            seed: of the training, 0 to 2^32 - 1.
            epoch: from 0.
        """
        self._seed_and_epoch.copy_(torch.tensor([seed, epoch]))

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict:
        words = [*self._seed_and_epoch.tolist(), index]
        np.random.seed(words)
        random.seed(repr(words))
        if get_worker_info() is not None:  # else torch's draws are the network's
            torch.manual_seed(random.getrandbits(63))
        return self.dataset[index]

    def __getattr__(self, name: str) -> object:
        if name == "dataset":  # not there yet, while it is unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)


@HOOKS.register_module()
class RepeatableDrawsHook(Hook):
    """Let all draws follow from the training's seed and from how far it has come."""

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the data set the epoch."""
        runner.train_dataloader.dataset.begin(runner.seed, runner.epoch)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Seed what the network draws in this process.

        Args:
            runner: the training.
            batch_idx: number of the step in its epoch.
            data_batch: what it is trained on.
        """
        words = np.random.SeedSequence((runner.seed, runner.iter, get_rank()))
        torch.manual_seed(int(words.generate_state(1)[0]))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let what augmentation draws follow from a seed, and leave the training's own draws alone.

    Args:
        seed: 0 to 2^32 - 1.
    """
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
