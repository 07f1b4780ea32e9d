"""A heatmap head that doubles rows and columns by moving channels, not by interpolating."""

from typing import Any

import torch
from mmpose.registry import MODELS
from torch import nn
from torch.nn import functional as F  # noqa: N812

from models.heads.heatmap_head import KneronHeatmapHead

PLACES = 4  # of a 2x2 block


class SubpixelConv(nn.Conv2d):
    """Compute four values a joint and pixel, and put them side by side as a 2x2 block.

    One 1x1 convolution, run in one part a joint because KL520's DepthToSpace takes 1x4xHxW only:
    the parts are slices of the weights, so the graph holds no Slice. DepthToSpace and the last
    Concat end the network: a host can do both, exactly, where a chip's tools refuse them.

    Args:
        in_channels: channels of the features.
        num_keypoints: maps out.

    Source: Shi et al., arXiv:1609.05158, section 2 (sub-pixel convolution).
    """

    def __init__(self, in_channels: int, num_keypoints: int) -> None:
        super().__init__(in_channels, PLACES * num_keypoints, kernel_size=1)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return maps (B, num_keypoints, 2H, 2W)."""
        parts = zip(self.weight.split(PLACES), self.bias.split(PLACES), strict=True)
        blocks = [F.pixel_shuffle(F.conv2d(x_BCHW, weight, bias), 2) for weight, bias in parts]
        return torch.cat(blocks, dim=1)


@MODELS.register_module()
class KneronSubpixelHead(KneronHeatmapHead):
    """Predict heatmaps of twice the features' rows and columns.

    Args:
        in_channels: channels of the features.
        out_channels: joints.
        kwargs: as mmpose's ``HeatmapHead``; give ``deconv_out_channels=None``.
    """

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__(in_channels, out_channels, **kwargs)
        self.final_layer = SubpixelConv(in_channels, out_channels)
