"""Training that keeps channels of like range, for chips with one step for all of them."""

from collections.abc import Iterator

import torch
from mmcv.cnn import ConvModule
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

_Pair = tuple[nn.Conv2d, _BatchNorm]


@HOOKS.register_module()
class EvenRangesHook(Hook):
    """Pull the channels of each convolution, its BatchNorm folded in, towards one range.

    After a step with rate lr, the logarithm of each channel's range goes towards the layer's mean
    by lr * strength of its distance, by way of the BatchNorm's scale; apart from the gradient, as
    AdamW decays weights. Adam moves a scale by about lr a step, so a channel that the loss wants
    elsewhere stays about a factor of exp(1 / strength) away.

    Args:
        strength: above 0.
    """

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength
        self.pairs: list[_Pair] = []

    def before_train(self, runner: Runner) -> None:
        """Find the convolutions."""
        self.pairs = list(folded_pairs(runner.model))

    @torch.no_grad()
    def after_train_iter(self, runner: Runner, **step: object) -> None:
        """Pull, whatever the step was, in all processes alike: their statistics differ."""
        if not self.pairs:
            return
        share = self.strength * runner.optim_wrapper.get_lr()["lr"][0]
        ranges = [folded_ranges(*pair) for pair in self.pairs]
        logs = torch.cat(ranges).clamp(min=1e-12).log()
        all_reduce(logs, "mean")
        for (_, norm), own in zip(self.pairs, logs.split([*map(len, ranges)]), strict=True):
            norm.weight.mul_(torch.exp(share * (own.mean() - own)))


def folded_pairs(model: nn.Module) -> Iterator[_Pair]:
    """Yield each convolution that a BatchNorm with a scale follows.

    Args:
        model: any network of mmcv's ``ConvModule`` and of sequences.

    Yields:
        Convolution and BatchNorm.
    """
    for module in model.modules():
        found: list[nn.Module] = []
        if isinstance(module, ConvModule) and module.with_norm:
            found = [module.conv, module.norm]
        elif isinstance(module, nn.Sequential):
            found = list(module)
        for conv, norm in zip(found, found[1:], strict=False):
            is_pair = isinstance(conv, nn.Conv2d) and isinstance(norm, _BatchNorm)
            if is_pair and norm.affine:
                yield conv, norm


def folded_ranges(conv: nn.Conv2d, norm: _BatchNorm) -> torch.Tensor:
    """Largest weight of each output channel once the BatchNorm is folded in, float (O,).

    Args:
        conv: the convolution.
        norm: what follows it, with running statistics.

    Returns:
        Magnitudes.
    """
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return conv.weight.flatten(1).abs().amax(dim=1) * scale.abs()
