"""The fixed-point network in the place of an estimator's backbone and head."""

from pathlib import Path

import torch
from mmpose.registry import MODELS
from torch import nn

from models.fixed_point.network import FixedPointNetwork
from models.fixed_point.prepared_file import read_prepared


@MODELS.register_module()
class KneronFixedPointNetwork(nn.Module):
    """Give heatmaps as mmpose's backbones give features; the head passes them on.

    Args:
        file: the network as ``write_prepared`` left it.
    """

    def __init__(self, file: str) -> None:
        super().__init__()
        self.network = FixedPointNetwork(read_prepared(Path(file)))

    def forward(self, images_BCHW: torch.Tensor) -> tuple[torch.Tensor]:
        """Return heatmaps (B, K, h, w) of normalised images, as a tuple of one."""
        return (self.network(images_BCHW),)
