"""What a training does with every checkpoint that it writes or loads."""

import logging
from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer, print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from models.checkpoints.joints import carry_joints, in_order, joints_of
from models.checkpoints.load import carried, carried_line
from models.checkpoints.normalisation import own_word, word_of
from models.checkpoints.weights import check_weights, weights_of


def plain(value: Any) -> Any:
    """Turn arrays in nested lists and mappings into lists; an empty one is a pickle with code."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    return value


@HOOKS.register_module()
class CheckpointFileHook(Hook):
    """Keep checkpoint files free of Python objects, and check every file that a Runner loads.

    Args:
        allow_new_layers: see ``check_weights``; for ``--load-from``, not for resuming or testing.
    """

    priority = "VERY_HIGH"  # before EMAHook, which reads the converted names

    def __init__(self, *, allow_new_layers: bool = False) -> None:
        self.allow_new_layers = allow_new_layers

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write log buffers and what is said of the file as plain values.

        Args:
            runner: the training.
            checkpoint: what will be saved; changed in place.
        """
        hub = checkpoint["message_hub"]
        hub["log_scalars"] = {
            name: {"values": values.tolist(), "counts": counts.tolist()}
            for name, buffer in hub["log_scalars"].items()
            for values, counts in [buffer.data]
        }
        hub["runtime_info"] = plain(hub["runtime_info"])
        checkpoint["meta"] = plain(checkpoint["meta"])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Replace ``checkpoint['state_dict']`` by checked weights, and report what matched.

        Args:
            runner: the training.
            checkpoint: what was read; changed in place.
        """
        network = getattr(runner.model, "module", runner.model)
        path = runner._load_from
        weights, warnings, lines = weights_of(checkpoint), [], []
        if self.allow_new_layers:  # not to resume: the training goes on as it was
            ours = in_order(runner.train_dataloader.dataset.metainfo)
            weights, warnings = carry_joints(network, weights, joints_of(checkpoint), ours)
        match = check_weights(network, weights, path, allow_new_layers=self.allow_new_layers)
        if self.allow_new_layers:
            word = word_of(checkpoint)
            weights = carried(network, weights, word)
            lines = carried_line(path, word, own_word(network))
        checkpoint["state_dict"] = weights
        for line in warnings:
            print_log(line, logger="current", level=logging.WARNING)
        for line in lines:
            print_log(line, logger="current", level=logging.INFO)
        print_log(f"{path}: weights {match.summary()}", logger="current", level=logging.INFO)
        for name in match.missing:
            print_log(f"  newly initialised: {name}", logger="current", level=logging.INFO)
        scalars = checkpoint.get("message_hub", {}).get("log_scalars", {})
        for name, history in scalars.items():
            if isinstance(history, dict):
                scalars[name] = HistoryBuffer(history["values"], history["counts"])
