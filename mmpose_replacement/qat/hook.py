"""The files that a training with rounding leaves: in fixed point, and its float twin."""

import copy
import logging
from dataclasses import replace
from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmpose_replacement.data.crops import training_crops
from models.checkpoints.weights import read_checkpoint, weights_of
from models.fixed_point.network import FixedPointNetwork
from models.fixed_point.prepared_file import float_model
from utils.onnx_graph.file import write_model
from utils.quantization.observe import observe
from utils.quantization.quantizer import write_down, write_records

PREFIX = "backbone.network."


@HOOKS.register_module()
class FixedPointFileHook(Hook):
    """Write the best network, or the last where none was evaluated, once training is over.

    In the work directory: ``kl720_8bit.onnx`` with its records ``kl720_8bit.json``, and
    ``kl720_float.onnx``, the same weights before rounding.

    Args:
        chip: its number.
    """

    priority = "LOWEST"  # behind the hook that writes checkpoints

    def __init__(self, chip: str) -> None:
        self.chip = chip

    def is_done(self, runner: Runner) -> bool:
        """Tell whether the file is there, which comes after the last epoch."""
        return self._target(runner).is_file()

    def _target(self, runner: Runner) -> Path:
        return Path(runner.work_dir, f"kl{self.chip}_8bit.onnx")

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Write the files."""
        info = runner.message_hub.runtime_info
        source = Path(info.get("best_ckpt") or info["last_ckpt"])
        weights = weights_of(read_checkpoint(source))
        network: FixedPointNetwork = copy.deepcopy(
            getattr(runner.model, "module", runner.model).backbone.network
        ).cpu()
        network.load_state_dict(
            {k.removeprefix(PREFIX): v for k, v in weights.items() if k.startswith(PREFIX)}
        )
        crops = [crop[None] for crop in training_crops(runner.cfg).numpy()]
        prepared = network.to_prepared()
        observed = observe(prepared.graph, list(prepared.plan.activations), crops)
        found = write_down(replace(prepared, observed=observed), self.chip, crops)
        target = self._target(runner)
        plain = target.with_name(f"kl{self.chip}_float.onnx")
        write_model(found.model, target)
        write_model(float_model(prepared), plain)
        write_records(
            target.with_suffix(".json"),
            found,
            {"chip": self.chip, "trained": source.name, "crops": len(crops)},
        )
        print_log(
            f"{target}: KL{self.chip} in fixed point, from {source.name}; {plain}: the same "
            "weights before rounding",
            logger="current",
            level=logging.INFO,
        )
