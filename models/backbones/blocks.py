"""The blocks of Lite-HRNet: stem, conditional channel weighting, shuffle unit, iterative head.

Source: Yu et al., "Lite-HRNet: A Lightweight High-Resolution Network", arXiv:2104.06403.
Attribute names follow the published checkpoints.
"""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmengine.model import BaseModule
from torch import nn
from torch.nn import functional as F  # noqa: N812

from models.backbones.layers import (
    NORM,
    RELU,
    SIGMOID,
    HalvingConv,
    average_to,
    depthwise,
    join_halves,
    pointwise,
    spatial_size,
)


class Stem(BaseModule):
    """Reduce an image to a quarter of its size: a 3x3 convolution, then a strided shuffle block.

    Args:
        in_channels: channels of the image.
        stem_channels: channels after the first convolution.
        out_channels: channels out.
        expand_ratio: hidden channels of the processed half, relative to ``stem_channels``.
        shuffle: how halves are joined, see ``join_halves``.

    As in the published code, mmengine initialises the four convolutions named here by mmcv's rule
    (Kaiming) and all others by the backbone's ``init_cfg``: a BaseModule hands that on.
    """

    def __init__(
        self,
        in_channels: int,
        stem_channels: int,
        out_channels: int,
        expand_ratio: float,
        *,
        shuffle: str,
    ) -> None:
        super().__init__()
        self.shuffle = shuffle
        self.conv1 = ConvModule(in_channels, stem_channels, 3, stride=2, padding=1, norm_cfg=NORM)
        half_channels = stem_channels // 2
        hidden_channels = round(stem_channels * expand_ratio)
        processed = half_channels if stem_channels == out_channels else stem_channels
        self.branch1 = nn.Sequential(
            depthwise(half_channels, stride=2),
            pointwise(half_channels, out_channels - processed, RELU),
        )
        self.expand_conv = pointwise(half_channels, hidden_channels, RELU)
        self.depthwise_conv = depthwise(hidden_channels, stride=2)
        self.linear_conv = pointwise(hidden_channels, processed, RELU)

    def forward(self, image_BCHW: torch.Tensor) -> torch.Tensor:
        """Return features (B, out_channels, H/4, W/4)."""
        first, second = self.conv1(image_BCHW).chunk(2, dim=1)
        second = self.linear_conv(self.depthwise_conv(self.expand_conv(second)))
        return join_halves(self.branch1(first), second, self.shuffle)


class SpatialWeighting(nn.Module):
    """Scale every channel by a gate in (0, 1) computed from its mean over the image.

    Source: arXiv:2104.06403, section 3.3 (the function G over one resolution).
    """

    def __init__(self, channels: int, *, ratio: int = 4) -> None:
        super().__init__()
        self.conv1 = ConvModule(channels, channels // ratio, 1, act_cfg=RELU)
        self.conv2 = ConvModule(channels // ratio, channels, 1, act_cfg=SIGMOID)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Gate ``x_BCHW``; same shape out."""
        mean_BC11 = F.adaptive_avg_pool2d(x_BCHW, 1)
        return x_BCHW * self.conv2(self.conv1(mean_BC11))


class CrossResolutionWeighting(nn.Module):
    """Scale every position of every resolution by gates computed from all resolutions together.

    Args:
        channels: channels of each resolution, finest first; each half the size of the one before.
        ratio: all channels / hidden channels (rounded down).
        pool: "average" (the paper) or "conv" (a cascade of ``HalvingConv``).

    Source: arXiv:2104.06403, section 3.3 (the function H across resolutions).
    """

    def __init__(self, channels: Sequence[int], *, ratio: int, pool: str) -> None:
        super().__init__()
        self.channels = list(channels)
        total_channels = sum(channels)
        self.conv1 = pointwise(total_channels, total_channels // ratio, RELU)
        self.conv2 = pointwise(total_channels // ratio, total_channels, SIGMOID)
        if pool == "conv":
            last = len(channels) - 1
            self.pools = nn.ModuleList(
                nn.Sequential(*(HalvingConv(count) for _ in range(last - i)))
                for i, count in enumerate(channels[:-1])
            )
        else:
            self.pools = None

    def forward(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Gate the maps, one of shape (B, C_i, H_i, W_i) a resolution; same shapes out."""
        smallest_hw = spatial_size(maps[-1])
        if self.pools is None:
            pooled = [average_to(x, smallest_hw) for x in maps[:-1]]
        else:
            pooled = [pool(x) for pool, x in zip(self.pools, maps[:-1], strict=True)]
        gates = self.conv2(self.conv1(torch.cat([*pooled, maps[-1]], dim=1)))
        gates = gates.split(self.channels, dim=1)
        finer = [
            x * F.interpolate(gate, size=spatial_size(x), mode="nearest")
            for x, gate in zip(maps[:-1], gates[:-1], strict=True)
        ]
        return [*finer, maps[-1] * gates[-1]]


class ConditionalChannelWeighting(nn.Module):
    """The Lite-HRNet block: weighting across resolutions, depthwise 3x3, weighting across space.

    Args:
        in_channels: channels of each resolution, finest first; the block takes half of them.
        reduce_ratio: channel reduction of the cross-resolution weighting.
        pool: see ``CrossResolutionWeighting``.

    Source: arXiv:2104.06403, figure 2(b); ``HighResolutionModule`` splits and mixes the halves.
    """

    def __init__(self, in_channels: Sequence[int], *, reduce_ratio: int, pool: str) -> None:
        super().__init__()
        halves = [channels // 2 for channels in in_channels]
        self.cross_resolution_weighting = CrossResolutionWeighting(
            halves, ratio=reduce_ratio, pool=pool
        )
        self.depthwise_convs = nn.ModuleList(depthwise(channels) for channels in halves)
        self.spatial_weighting = nn.ModuleList(SpatialWeighting(channels) for channels in halves)

    def forward(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Process half the channels, (B, C_i / 2, H_i, W_i) a resolution; same shapes out."""
        weighted = self.cross_resolution_weighting(maps)
        layers = zip(self.depthwise_convs, self.spatial_weighting, strict=True)
        return [gate(conv(x)) for x, (conv, gate) in zip(weighted, layers, strict=True)]


class ShuffleUnit(nn.Module):
    """The naive block: a stride-1 ShuffleNetV2 unit on one resolution.

    Source: Ma et al., "ShuffleNet V2", arXiv:1807.11164, figure 3(c); ``HighResolutionModule``
    splits and mixes the halves.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch2 = nn.Sequential(
            pointwise(half, half, RELU), depthwise(half), pointwise(half, half, RELU)
        )

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Process half the channels; same shape out."""
        return self.branch2(x_BCHW)


class IterativeHead(nn.Module):
    """Carry the coarsest features to the finest: project, enlarge, add to the next, repeat.

    Source: the published Lite-HRNet code (the paper does not describe it).
    """

    def __init__(self, in_channels: Sequence[int]) -> None:
        super().__init__()
        coarse_first = list(in_channels)[::-1]
        outputs = [*coarse_first[1:], coarse_first[-1]]
        self.projects = nn.ModuleList(
            DepthwiseSeparableConvModule(
                channels, out, 3, padding=1, norm_cfg=NORM, dw_act_cfg=None
            )
            for channels, out in zip(coarse_first, outputs, strict=True)
        )

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return one map a resolution, finest first; the finest holds something of all."""
        projected: list[torch.Tensor] = []
        for x, project in zip(maps[::-1], self.projects, strict=True):
            if projected:
                x = x + F.interpolate(
                    projected[-1], size=spatial_size(x), mode="bilinear", align_corners=True
                )
            projected.append(project(x))
        return projected[::-1]
