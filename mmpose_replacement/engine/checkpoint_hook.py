"""When checkpoints of before are removed: once the new one is on the disk."""

import os
from typing import Any

from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


class _Patient:
    """A file backend of mmengine's that keeps in mind what it shall remove."""

    def __init__(self, backend: Any) -> None:
        self._backend, self.outdated = backend, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self.outdated.append(path)


@HOOKS.register_module()
class KneronCheckpointHook(CheckpointHook):
    """mmengine's hook, which removes the old best checkpoint before it writes the new one.

    Here a disk that is full, or a kill between the two, costs no checkpoint.
    """

    def before_train(self, runner: Runner) -> None:
        """Find the folder; see mmengine's."""
        super().before_train(runner)
        self.file_backend = _Patient(self.file_backend)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self._remove_outdated()

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        super()._save_checkpoint_with_step(runner, step, meta)
        self._remove_outdated()

    def _remove_outdated(self) -> None:
        while self.file_backend.outdated:
            path = self.file_backend.outdated.pop()
            if os.path.isfile(path):
                os.remove(path)
