"""BatchNorm un-folded: statistics measured on real crops, with the same output as before.

A folded network laid onto BatchNorm layers with mean 0 and variance 1 computes the same in
evaluation, but its first training step destroys it: the layers then normalise by what they see.
"""

import torch
from torch import nn

from models.checkpoints.layers import evaluating, layers_of


@torch.no_grad()
def unfold(network: nn.Module, images_BCHW: torch.Tensor) -> int:
    """Give each BatchNorm its own mean and variance and let weight and bias undo them.

    With weight sqrt(var + eps) and bias b + mean the layer still adds b alone.

    Args:
        network: heatmap network whose BatchNorm layers behind convolutions normalise nothing
            (mean 0, variance 1); changed in place.
        images_BCHW: float, normalised crops, some dozens; they pass through once.

    Returns:
        How many layers were un-folded.
    """
    size = (images_BCHW.shape[3], images_BCHW.shape[2])
    norms = [layer.norm for layer in layers_of(network, size) if layer.norm is not None]

    def measure(norm: nn.BatchNorm2d, args: tuple[torch.Tensor]) -> None:
        added = norm.bias - norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
        variance, mean = torch.var_mean(args[0], dim=(0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(added + mean)

    handles = [norm.register_forward_pre_hook(measure) for norm in norms]
    with evaluating(network, handles):
        network(images_BCHW)
    return len(norms)
