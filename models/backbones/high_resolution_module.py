"""One high-resolution module: blocks on parallel resolutions, then an exchange between all.

Source: arXiv:2104.06403, section 3.1; arithmetic of the fuse step as in the published code, which
the published weights need.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from models.backbones.batch_norm import BatchNorm2d, TwiceCountedBatchNorm2d
from models.backbones.blocks import ConditionalChannelWeighting, ShuffleUnit
from models.backbones.layers import mix_and_join, mix_halves


class HighResolutionModule(nn.Module):
    """Blocks at every resolution followed by an exchange between the resolutions.

    Args:
        in_channels: channels of each resolution, finest first.
        num_blocks: blocks in a row.
        module_type: "LITE" (conditional channel weighting) or "NAIVE" (shuffle units).
        reduce_ratio: channel reduction of the weighting; NAIVE has none.
        with_fuse: whether the resolutions are exchanged at the end.
        shuffle: how halves are mixed, see ``layers.mix_halves``.
        pool: how maps are averaged down, see ``blocks.CrossResolutionWeighting``.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        *,
        num_blocks: int,
        module_type: str,
        reduce_ratio: int,
        with_fuse: bool,
        shuffle: str,
        pool: str,
    ) -> None:
        super().__init__()
        self.is_naive = module_type == "NAIVE"
        self.num_blocks = num_blocks
        self.shuffle = shuffle
        if self.is_naive:
            self.layers = nn.ModuleList(
                nn.ModuleList(ShuffleUnit(count) for _ in range(num_blocks))
                for count in in_channels
            )
        else:
            self.layers = nn.ModuleList(
                ConditionalChannelWeighting(in_channels, reduce_ratio=reduce_ratio, pool=pool)
                for _ in range(num_blocks)
            )
        if with_fuse:
            self.fuse_layers = nn.ModuleList(
                nn.ModuleList(
                    _exchange_path(in_channels, source, target)
                    for source in range(len(in_channels))
                )
                for target in range(len(in_channels))
            )
        else:
            self.fuse_layers = None

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Process maps of shape (B, C_i, H_i, W_i), finest first; same shapes out."""
        kept, active = zip(*(x.chunk(2, dim=1) for x in maps), strict=True)
        new = self._process(0, active)
        for number in range(1, self.num_blocks):
            parts = zip(kept, active, new, strict=True)
            kept, active = zip(*(mix_halves(*each, self.shuffle) for each in parts), strict=True)
            new = self._process(number, active)
        parts = zip(kept, active, new, strict=True)
        maps = [mix_and_join(*each, self.shuffle) for each in parts]
        return maps if self.fuse_layers is None else self._fuse(maps)

    def _process(self, number: int, halves: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Run one block on the half it processes, at every resolution."""
        if self.is_naive:
            return [units[number](x) for units, x in zip(self.layers, halves, strict=True)]
        return self.layers[number](halves)

    def _fuse(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Sum over all sources for every target.

        The published code counts source 0 twice, and adds in place: target 0's finished sum is
        what the other targets take for source 0. Its weights were trained so.
        """
        fused = [torch.add(self._from_coarser(0, maps), maps[0], alpha=2)]
        for target, paths in enumerate(self.fuse_layers[1:], start=1):
            total = torch.add(maps[target], paths[0](fused[0]), alpha=2)
            for source in range(1, target):
                total += paths[source](maps[source])
            if target + 1 < len(maps):
                total += self._from_coarser(target, maps)
            fused.append(total)
        return [torch.relu(total) for total in fused]

    def _from_coarser(self, target: int, maps: list[torch.Tensor]) -> torch.Tensor:
        """Sum what the coarser resolutions give to a target, doubling the size after each.

        Two doublings by nearest neighbours are one by 4, so the sums are the published ones; they
        are made where maps are small.
        """
        paths = self.fuse_layers[target]
        total = paths[-1](maps[-1])
        for source in range(len(maps) - 2, target, -1):
            total = _double_size(total) + paths[source](maps[source])
        return _double_size(total)


def _double_size(x_BCHW: torch.Tensor) -> torch.Tensor:
    """Repeat every row and column; (B, C, 2H, 2W)."""
    return F.interpolate(x_BCHW, scale_factor=2, mode="nearest")


def _exchange_path(channels: Sequence[int], source: int, target: int) -> nn.Module | None:
    """Make the path between two resolutions; None for the same, coarser ones without enlarging."""
    if source == target:
        return None
    if source > target:
        return nn.Sequential(
            nn.Conv2d(channels[source], channels[target], 1, bias=False),
            BatchNorm2d(channels[target]),
        )
    norm = TwiceCountedBatchNorm2d if source == 0 else BatchNorm2d
    last = target - source - 1
    return nn.Sequential(
        *(
            strided_step(
                channels[source],
                channels[target] if step == last else channels[source],
                with_relu=step != last,
                norm=norm,
            )
            for step in range(target - source)
        )
    )


def strided_step(
    in_channels: int,
    out_channels: int,
    *,
    stride: int = 2,
    with_relu: bool = True,
    norm: type[nn.BatchNorm2d] = BatchNorm2d,
) -> nn.Sequential:
    """Make a depthwise 3x3 and a 1x1 convolution, each with BatchNorm, as one numbered sequence.

    Args:
        in_channels: of the input.
        out_channels: of the result.
        stride: of the depthwise convolution.
        with_relu: end with a ReLU.
        norm: class of the BatchNorm layers.

    Returns:
        The layers, numbered as in the published checkpoints.
    """
    layers = [
        nn.Conv2d(
            in_channels, in_channels, 3, stride=stride, padding=1, groups=in_channels, bias=False
        ),
        norm(in_channels),
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
        norm(out_channels),
    ]
    return nn.Sequential(*layers, *([nn.ReLU()] if with_relu else []))
