"""Equalisation that is learnt: each channel's range where rounding moves the heatmaps least."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch

from models.fixed_point.sensitivity import Sensitivity, sensitivity
from utils.onnx_graph.graph import Graph
from utils.quantization.cures.channels import FIXED, ChannelClasses
from utils.quantization.cures.equalize import lay_out, scale_channels
from utils.quantization.observe import Observed
from utils.quantization.plan import RoundingPlan

_SEEN = 64  # crops that sensitivities are taken from
STEPS, RATE = 200, 0.03  # of Adam, on logarithms of factors
PEAKED = 16.0  # exponent of the norm that stands for the largest of a range
# Of numbers that share a step: largest, felt, taken, given (see ``_Noise``) and bits.
_Group = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]


def balance_channels(
    graph: Graph,
    plan: RoundingPlan,
    observed: Mapping[str, Observed],
    images: Sequence[np.ndarray],
) -> None:
    """Scale classes of channels (see ``ChannelClasses``) so that rounding costs least.

    Rounding to a step adds an error of mean square step**2 / 12 to each number. What that does to
    the heatmaps is added up over all channels and weights, to first order, and lowered by Adam.

    Args:
        graph: changed in place; gives the same answers in float.
        plan: how many bits a tensor has, and which weights share a step.
        observed: statistics of the tensors that are rounded.
        images: float32 (1, 3, H, W) each; the first 64 are looked at.

    Source:
        Derived here; the classes' factors are those of ``equalize``.
    """
    classes = ChannelClasses(graph)
    felt = sensitivity(graph, observed, images[:_SEEN])
    noise = _Noise(_groups(graph, plan, observed, classes, felt))
    logs = torch.zeros(classes.count, dtype=torch.float64, requires_grad=True)
    moving = torch.ones_like(logs)
    moving[FIXED] = 0
    optimiser = torch.optim.Adam([logs], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        optimiser.zero_grad()
        noise(logs * moving).log().backward()
        optimiser.step()
        schedule.step()
    scale_channels(graph, classes, (logs * moving).exp().detach().numpy())


class _Noise:
    """Mean square error of the answer, as a function of the logarithms of the classes' factors.

    All numbers lie in one row: ``largest`` magnitude (its logarithm), how far an error is ``felt``,
    the class whose factor it is multiplied by (``taken``) and divided by (``given``), and the
    ``group`` that shares its step.
    """

    def __init__(self, groups: Iterable[_Group]) -> None:
        rows, levels = [], []
        for largest, felt, taken, given, bits in groups:
            group = np.full(largest.shape, len(levels))
            rows.append([each.ravel() for each in (largest, felt, taken, given, group)])
            levels.append(2 ** (bits - 1) - 1)
        largest, felt, *indices = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        self.largest = torch.from_numpy(np.log(np.maximum(largest, 1e-12)))
        self.felt = torch.from_numpy(felt)
        self.taken, self.given, self.group = (torch.from_numpy(each) for each in indices)
        self.levels = torch.tensor(levels, dtype=torch.float64)

    def __call__(self, logs: torch.Tensor) -> torch.Tensor:
        change = logs[self.taken] - logs[self.given]
        reach = PEAKED * (self.largest + change)
        zeros = torch.zeros_like(self.levels)
        top = zeros.scatter_reduce(0, self.group, reach.detach(), "amax", include_self=False)
        total = zeros.index_add(0, self.group, (reach - top[self.group]).exp())
        step = ((top + total.log()) / PEAKED).exp() / self.levels
        felt = zeros.index_add(0, self.group, self.felt * (-2 * change).exp())
        return (step.square() / 12) @ felt


def _groups(
    graph: Graph,
    plan: RoundingPlan,
    observed: Mapping[str, Observed],
    classes: ChannelClasses,
    found: Sensitivity,
) -> Iterator[_Group]:
    for name, felt in found.activations.items():
        given = classes.of[name]
        taken, (_, bits) = np.full_like(given, FIXED), plan.activations[name]
        yield observed[name].largest_C, felt.numpy(), taken, given, bits
    for node, felt in zip(graph.of("Conv"), found.weights, strict=True):
        largest = np.abs(graph.constants[node.inputs[1]]).max(axis=(2, 3)).astype(np.float64)
        taken = lay_out(classes.of[node.inputs[0]], node, largest.shape)
        given = np.repeat(classes.of[node.output][:, None], largest.shape[1], axis=1)
        whole = (largest, np.where(largest > 0, felt.numpy(), 0.0), taken, given)
        step, bits = plan.weights[node.inputs[1]]
        for row in zip(*whole, strict=True) if step.ndim else [whole]:
            yield *row, bits
