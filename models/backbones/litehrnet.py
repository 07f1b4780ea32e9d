"""Lite-HRNet, its naive forms and its NPU forms, from one description of stages.

Source: Yu et al., "Lite-HRNet: A Lightweight High-Resolution Network", arXiv:2104.06403.
State-dict names equal those of mmpose's LiteHRNet and of the authors' checkpoints.
"""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.backbones.blocks import IterativeHead, Stem
from models.backbones.high_resolution_module import HighResolutionModule, strided_step
from models.backbones.layers import POOLS, SHUFFLES, HalvingConv, spatial_size

MODULE_TYPES = ("LITE", "NAIVE")
STAGE_KEYS = (
    "num_modules",
    "num_branches",
    "num_blocks",
    "module_type",
    "with_fuse",
    "reduce_ratios",
    "num_channels",
)
INIT = (
    {"type": "Normal", "std": 0.001, "layer": ["Conv2d"]},
    {"type": "Constant", "val": 1, "layer": ["_BatchNorm", "GroupNorm"]},
)


@MODELS.register_module()
class KneronLiteHRNet(BaseModule):
    """Lite-HRNet backbone; returns the finest map only.

    Args:
        extra: the network, in mmpose's words: ``stem`` (stem_channels, out_channels,
            expand_ratio), ``num_stages``, ``stages_spec`` with one entry a stage for each of
            ``num_modules num_branches num_blocks module_type with_fuse reduce_ratios
            num_channels``, and ``with_head`` (the iterative head).
        in_channels: channels of the image.
        shuffle: "channel" (the paper's channel shuffle), "swap" (the next block takes the other
            half of the channels) or "add" (it takes the sum of both): neither has a Reshape or a
            Transpose in the graph, see ``layers.mix_halves``.
        pool: "average" (the paper's average pooling between resolutions) or "conv" (learned
            2x2 depthwise convolutions of stride 2 that begin as the mean): no AveragePool in the
            graph.
        norm_eval: keep BatchNorm in evaluation mode while training.
        init_cfg: mmengine's weight initialisation.
    Raises: ValueError: a stage description that does not fit together, or an unknown word.

    Source: arXiv:2104.06403; ``shuffle`` and ``pool`` are ours, after the operator tables of
    Kneron's toolchain manual (Reshape, Transpose and large AveragePool not on the KL720 of 2022).
    """

    def __init__(
        self,
        extra: dict,
        in_channels: int = 3,
        *,
        shuffle: str = "channel",
        pool: str = "average",
        norm_eval: bool = False,
        init_cfg: dict | Sequence[dict] | None = INIT,
    ) -> None:
        super().__init__(init_cfg=list(init_cfg) if isinstance(init_cfg, tuple) else init_cfg)
        _require_choice("shuffle", shuffle, SHUFFLES)
        _require_choice("pool", pool, POOLS)
        _check_stages(extra)
        self.norm_eval = norm_eval
        self.stem = Stem(in_channels, **extra["stem"], shuffle=shuffle)
        self.num_stages = extra["num_stages"]
        previous = [extra["stem"]["out_channels"]]
        for stage in range(self.num_stages):
            spec = {key: extra["stages_spec"][key][stage] for key in STAGE_KEYS}
            channels = list(spec["num_channels"])
            self.add_module(f"transition{stage}", _transition(previous, channels))
            modules = (
                HighResolutionModule(
                    channels,
                    num_blocks=spec["num_blocks"],
                    module_type=spec["module_type"].upper(),
                    reduce_ratio=spec["reduce_ratios"],
                    with_fuse=spec["with_fuse"],
                    shuffle=shuffle,
                    pool=pool,
                )
                for _ in range(spec["num_modules"])
            )
            self.add_module(f"stage{stage}", nn.Sequential(*modules))
            previous = channels
        if extra["with_head"]:
            self.head_layer = IterativeHead(previous)
        else:
            self.head_layer = None

    def init_weights(self) -> None:
        """Initialise by ``init_cfg``; learned pooling begins as the mean."""
        super().init_weights()
        for module in self.modules():
            if isinstance(module, HalvingConv):
                module.init_as_mean()

    def forward(self, image_BCHW: torch.Tensor) -> tuple[torch.Tensor]:
        """Return a tuple with one map (B, num_channels[-1][0], H/4, W/4).

        Raises: ValueError: H or W is no multiple of 32 (the resolutions would not fit together).
        """
        height, width = spatial_size(image_BCHW)
        if height % 32 or width % 32:
            raise ValueError(
                f"input height and width must be multiples of 32, got {height}x{width}. Change "
                "input_size in the config's codec."
            )
        maps = [self.stem(image_BCHW)]
        for stage in range(self.num_stages):
            transition = self.get_submodule(f"transition{stage}")
            # a resolution that is new in this stage is made from the coarsest one before
            sources = maps + [maps[-1]] * (len(transition) - len(maps))
            maps = [
                x if step is None else step(x) for step, x in zip(transition, sources, strict=True)
            ]
            maps = self.get_submodule(f"stage{stage}")(maps)
        if self.head_layer is not None:
            maps = self.head_layer(maps)
        return (maps[0],)

    def train(self, mode: bool = True) -> "KneronLiteHRNet":
        """Set training mode; BatchNorm stays in evaluation mode with ``norm_eval``."""
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self


def _transition(previous: Sequence[int], channels: Sequence[int]) -> nn.ModuleList:
    """Make the steps from one stage's resolutions to the next; None where nothing changes."""
    steps: list[nn.Module | None] = []
    for i, count in enumerate(channels):
        if i < len(previous):
            same = previous[i] == count
            steps.append(None if same else strided_step(previous[i], count, stride=1))
        else:
            num_halvings = i + 1 - len(previous)
            outputs = [previous[-1]] * (num_halvings - 1) + [count]
            steps.append(nn.Sequential(*(strided_step(previous[-1], out) for out in outputs)))
    return nn.ModuleList(steps)


def _require_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse a word that is not one of the choices."""
    if value not in choices:
        raise ValueError(f"backbone {name} must be one of {', '.join(choices)}, got {value!r}.")


def _check_stages(extra: dict) -> None:
    """Refuse a network description that does not fit together."""
    for key in ("stem", "num_stages", "stages_spec", "with_head"):
        if key not in extra:
            raise ValueError(f"backbone extra must have '{key}', got only {sorted(extra)}.")
    spec, num_stages = extra["stages_spec"], extra["num_stages"]
    for key in STAGE_KEYS:
        if len(spec.get(key, ())) != num_stages:
            raise ValueError(
                f"backbone stages_spec.{key} must have one entry for each of the {num_stages} "
                f"stages, got {spec.get(key)}."
            )
    for stage in range(num_stages):
        _require_choice("module_type", spec["module_type"][stage].upper(), MODULE_TYPES)
        channels = spec["num_channels"][stage]
        if len(channels) != spec["num_branches"][stage] or any(count % 2 for count in channels):
            raise ValueError(
                f"backbone stages_spec.num_channels[{stage}] must be "
                f"{spec['num_branches'][stage]} even numbers, got {tuple(channels)}."
            )
