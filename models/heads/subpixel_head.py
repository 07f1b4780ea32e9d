"""A heatmap head that doubles rows and columns by moving channels, not by interpolating."""

from collections.abc import Sequence

import torch
from mmpose.registry import MODELS
from torch.nn import functional as F  # noqa: N812

from models.heads.heatmap_head import KneronHeatmapHead

PLACES = 4  # of a 2x2 block


@MODELS.register_module()
class KneronSubpixelHead(KneronHeatmapHead):
    """Predict four values a joint and coarse pixel: the 2x2 block of the heatmap there.

    One 1x1 convolution, run in one part a joint because KL520's DepthToSpace takes 1x4xHxW only:
    the parts are slices of the weights, so the graph holds no Slice. DepthToSpace and the last
    Concat end the network: a host can do both, exactly, where a chip's tools refuse them.

    Args:
        in_channels: channels of the features.
        out_channels: joints.
        kwargs: as mmpose's ``HeatmapHead``, without deconvolutions.

    Source: Shi et al., arXiv:1609.05158, section 2 (sub-pixel convolution).
    """

    def __init__(
        self, in_channels: int | Sequence[int], out_channels: int, **kwargs: object
    ) -> None:
        super().__init__(in_channels, PLACES * out_channels, **kwargs)
        self.out_channels = out_channels

    def forward(self, feats: tuple[torch.Tensor]) -> torch.Tensor:
        """Return heatmaps (B, K, 2H, 2W) of the last features (B, C, H, W)."""
        x_BCHW = feats[-1]
        layer = self.final_layer
        parts = zip(layer.weight.split(PLACES), layer.bias.split(PLACES), strict=True)
        blocks = [F.pixel_shuffle(F.conv2d(x_BCHW, weight, bias), 2) for weight, bias in parts]
        return torch.cat(blocks, dim=1)
