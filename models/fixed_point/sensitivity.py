"""How far an error in each channel and each weight moves the heatmaps."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from models.fixed_point.network import FixedPointNetwork, RoundedConv
from utils.onnx_graph.graph import Graph
from utils.quantization.observe import Observed
from utils.quantization.plan import RoundingPlan
from utils.quantization.quantizer import Prepared

BATCH = 8
SHARPNESS = 10.0  # of where a map says the joint is, as in LocatedHeatmapLoss
EXACT = 2**30  # steps of rounding in the largest number: float32 cannot tell it from none


@dataclass(frozen=True)
class Sensitivity:
    """Mean square of how far the answer moves, for errors of mean square 1.

    Attributes:
        activations: tensor to float64 (C,), summed over the channel's places that are not 0, which
            no rounding changes.
        weights: of each convolution, in the graph's order, float64 (O, I), summed over the kernel.
            Shifts of a channel's mean do not count: the bias takes them back.
    """

    activations: dict[str, torch.Tensor]
    weights: list[torch.Tensor]


def sensitivity(
    graph: Graph, observed: Mapping[str, Observed], images: Sequence[np.ndarray]
) -> Sensitivity:
    """Send random errors of the heatmaps back through the float network.

    Errors count where they move a joint: maps are drawn from the Fisher information of squared
    error and of the place, joints count by the square of their peak.

    Args:
        graph: the float network.
        observed: statistics of the tensors that will be rounded.
        images: float32 (1, 3, H, W) each.

    Returns:
        For one image, on average.
    """
    network = FixedPointNetwork(_unrounded(graph, observed))
    activations: dict[str, torch.Tensor] = {}
    means: dict[RoundedConv, torch.Tensor] = {}
    for name, step in network.stored.items():
        step.register_forward_hook(functools.partial(_watch, activations, name))
    for conv in network.convs:
        conv.register_forward_pre_hook(functools.partial(_note_mean, means))
    weights = [torch.zeros(conv.weight.shape[:2], dtype=torch.float64) for conv in network.convs]
    generator = torch.Generator().manual_seed(0)
    for first in range(0, len(images), BATCH):
        batch = torch.from_numpy(np.concatenate(images[first : first + BATCH]))
        network.zero_grad()
        _random_error(network(batch), generator).backward()
        for found, conv in zip(weights, network.convs, strict=True):
            found += _of_weights(conv, means[conv]).square().sum((2, 3))
    count = len(images)
    return Sensitivity(
        {name: found / count for name, found in activations.items()},
        [found / count for found in weights],
    )


def _unrounded(graph: Graph, observed: Mapping[str, Observed]) -> Prepared:
    """The network with steps too fine to be seen."""
    plan = RoundingPlan({}, {})
    for name, each in observed.items():
        plan.activations[name] = (max(each.largest, 1e-6) / EXACT, 32)
    for node in graph.of("Conv"):
        largest = np.abs(graph.constants[node.inputs[1]]).max()
        plan.weights[node.inputs[1]] = (np.array(largest / EXACT, np.float32), 32)
    return Prepared(graph, plan, observed, {}, graph)


def _watch(
    found: dict[str, torch.Tensor],
    name: str,
    step: torch.nn.Module,
    inputs: tuple,
    output: torch.Tensor,
) -> None:
    axes = [axis for axis in range(output.ndim) if axis != 1]
    counted = output.detach() != 0

    def add(grad: torch.Tensor) -> None:
        found[name] = found.get(name, 0) + (grad.square() * counted).sum(axes).double()

    output.register_hook(add)


def _note_mean(means: dict, conv: RoundedConv, inputs: tuple[torch.Tensor, ...]) -> None:
    means[conv] = inputs[0].detach().mean((0, 2, 3))


def _random_error(maps_BKHW: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A sum whose gradient has the Fisher information of the maps as its covariance."""
    maps = maps_BKHW.flatten(2)
    exact = maps.detach()
    places = (SHARPNESS * exact).softmax(2)
    drawn = torch.multinomial(places.flatten(0, 1), 1, generator=generator)
    chosen = maps.gather(2, drawn.reshape(*maps.shape[:2], 1)).squeeze(2)
    place = SHARPNESS * (chosen - (places * maps).sum(2))
    height = 2**0.5 * (torch.randn(maps.shape, generator=generator) * maps).sum(2)
    return (exact.amax(2).clamp(0, 1) * (place + height)).sum()


def _of_weights(conv: RoundedConv, mean_C: torch.Tensor) -> torch.Tensor:
    """The gradient of the weights, less what goes by way of the output's mean."""
    grad = (conv.weight.grad / conv.weight_unit.detach()).double()
    if conv.bias is None:
        return grad
    outputs, inputs = grad.shape[:2]
    mean_OI = mean_C.reshape(conv.groups, inputs).repeat_interleave(outputs // conv.groups, 0)
    of_bias = (conv.bias.grad / conv.bias_unit).double()
    return grad - mean_OI[:, :, None, None] * of_bias[:, None, None, None]
