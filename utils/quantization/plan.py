"""What is rounded to what: steps of activations and weights of one network on one chip."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from utils.onnx_graph.graph import Graph
from utils.quantization import PERCENTAGE
from utils.quantization.observe import Observed
from utils.quantization.ranges import reach
from utils.quantization.schemes import Scheme, step_of


@dataclass(frozen=True)
class Options:
    """How a network is brought to fixed point.

    Attributes:
        scheme: the chip's.
        method: see ``ranges.reach``.
        percentage: of values that are not clipped, for the method of that name.
        per_channel: steps for each output channel of a convolution's weights.
        wide: tensors of 16 bits instead of 8.
        all_wide: all tensors and weights of 16 bits.
    """

    scheme: Scheme
    method: str = "percentage"
    percentage: float = PERCENTAGE
    per_channel: bool = True
    wide: Collection[str] = field(default_factory=frozenset)
    all_wide: bool = False


@dataclass
class RoundingPlan:
    """Steps and widths.

    Attributes:
        activations: tensor to (step, bits).
        weights: constant to (step of each output channel or one, bits).
    """

    activations: dict[str, tuple[float, int]]
    weights: dict[str, tuple[np.ndarray, int]]


def make_plan(graph: Graph, observed: Mapping[str, Observed], options: Options) -> RoundingPlan:
    """Choose steps.

    Args:
        graph: the float network.
        observed: statistics of the tensors that are rounded.
        options: see there.

    Returns:
        The plan.

    Raises:
        ValueError: a convolution whose weights are all zero.
    """
    activations = {}
    for name, each in observed.items():
        bits = 16 if options.all_wide or name in options.wide else 8
        covered = reach(each, options.method, percentage=options.percentage, bits=bits)
        activations[name] = (float(step_of(covered, bits)), bits)
    weights = {}
    bits = 16 if options.all_wide else 8
    for node in graph.of("Conv"):
        weight = np.abs(graph.constants[node.inputs[1]])
        if not weight.any():
            raise ValueError(
                f"weights of '{node.output}' must not all be zero: there is no range to round to. "
                "Remove that layer."
            )
        largest = weight.max(axis=(1, 2, 3)) if options.per_channel else weight.max()
        # a channel of zeros has no range of its own
        largest = np.where(largest > 0, largest, weight.max())
        weights[node.inputs[1]] = (step_of(largest, bits), bits)
    return RoundingPlan(activations, weights)
