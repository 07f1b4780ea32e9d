"""A heatmap loss that says where the peak belongs from the first step on."""

import torch
from mmpose.registry import MODELS
from torch import nn


@MODELS.register_module()
class LocatedHeatmapLoss(nn.Module):
    """Squared error plus the divergence between where two heatmaps say the joint is.

    The squared error of a small peak in a large empty map is nearly as low for no peak at all, so a
    network stays there for hundreds of steps. The second term compares the maps as distributions
    over places, softmax(sharpness x map), whose gradient the empty area does not drown. Both are
    smallest at the same map, the target, so scores keep their meaning and every decoder its input.

    Args:
        sharpness: factor before the softmax; at 10 a peak of height 1 holds most of the mass.

    Source: derived here; the second term is the Kullback-Leibler divergence.
    """

    def __init__(self, *, sharpness: float = 10.0) -> None:
        super().__init__()
        if not sharpness > 0:
            raise ValueError(f"sharpness must be above 0, got {sharpness}. Leave it at 10.")
        self.sharpness = sharpness

    def forward(
        self, output_BKHW: torch.Tensor, target_BKHW: torch.Tensor, weights_BK: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean over all joints; equal parts of a batch average to the whole.

        Args:
            output_BKHW: the network's maps.
            target_BKHW: maps with peaks of height 1.
            weights_BK: 0 for joints that do not count.
        Returns: a scalar.
        """
        output, target = output_BKHW.flatten(2), target_BKHW.flatten(2)
        squared = (output - target).square().sum(dim=2)
        wanted = (self.sharpness * target).log_softmax(dim=2)
        given = (self.sharpness * output).log_softmax(dim=2)
        divergence = (wanted.exp() * (wanted - given)).sum(dim=2)
        return (weights_BK * (squared + divergence)).mean()
