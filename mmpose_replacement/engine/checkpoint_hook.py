"""When checkpoints of before are removed: once the new one is on the disk."""

import os
from pathlib import Path
from typing import Any

from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub
from mmengine.registry import HOOKS
from mmengine.runner import Runner


def follow(hub: MessageHub, folder: Path) -> None:
    """Let a training that goes on in another folder, or after a move, find its checkpoints.

    Args:
        hub: what it remembers; the best and the last checkpoint are looked up in the folder where
            they are no longer what is remembered, and a lost best one is forgotten with its score.
        folder: where it goes on.
    """
    for key, value in list(hub.runtime_info.items()):
        if not key.startswith(("best_ckpt", "last_ckpt")) or not value:
            continue
        here = folder / Path(value).name
        if here.is_file():
            hub.update_info(key, str(here))
        elif not Path(value).is_file():
            hub.pop_info(key)
            hub.pop_info(key.replace("best_ckpt", "best_score"))


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

    Here a disk that is full, or a kill between the two, costs no checkpoint; nor does a training
    that goes on elsewhere: what lies in another folder stays.
    """

    def before_train(self, runner: Runner) -> None:
        """Find the folder; see mmengine's."""
        follow(runner.message_hub, Path(self.out_dir or runner.work_dir))
        super().before_train(runner)
        # so that a best one found before the next epoch's checkpoint is noted in this one
        self.last_ckpt = runner.message_hub.runtime_info.get("last_ckpt")
        self.file_backend = _Patient(self.file_backend)

    def has_kept(self, hub: MessageHub, scores: dict) -> bool:
        """Tell whether a validation's best checkpoint was written, or is not to be.

        Args:
            hub: what the training remembers.
            scores: of the validation.

        Returns:
            Whether the score is no better than the best one so far.
        """
        for key, rule in zip(self.key_indicators or (), self.rules or (), strict=True):
            best = hub.runtime_info.get("best_score", self.init_value_map[rule])
            if key in scores and self.is_better_than[key](scores[key], best):
                return False
        return True

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self._remove_outdated()

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        super()._save_checkpoint_with_step(runner, step, meta)
        self._remove_outdated()

    def _remove_outdated(self) -> None:
        while self.file_backend.outdated:
            path = self.file_backend.outdated.pop()
            if os.path.isfile(path) and os.path.samefile(os.path.dirname(path), self.out_dir):
                os.remove(path)
