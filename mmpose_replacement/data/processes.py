"""Loader processes that end with their training, and by no signal that is meant for it."""

import atexit
import os
import signal
from collections.abc import Callable

import torch


class WorkerStart:
    """What a loader process does first: it leaves signals to the training.

    Terminals and schedulers send Ctrl-C and SIGTERM to all processes at once; the step that is
    being done would miss its data.

    Args:
        also: what it does then, called with its number.
    """

    def __init__(self, also: Callable[[int], None] | None) -> None:
        self.also = also
        self.ending = torch.zeros(1, dtype=torch.uint8).share_memory_()
        atexit.register(self.ending.fill_, 1)  # then the SIGTERM of a parent that goes counts

    def __call__(self, worker: int) -> None:
        """Set the process up."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._answer)
        if self.also:
            self.also(worker)

    def _answer(self, number: int, frame: object) -> None:
        if self.ending[0]:
            os._exit(0)
