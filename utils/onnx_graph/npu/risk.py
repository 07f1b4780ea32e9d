"""What 8 bits may cost a network, from its weights alone: how unevenly their channels reach.

With one step for all weights of a layer, a channel whose weights reach a hundredth of the largest
ones has one or two of 127 integers left. BatchNormalization folded into a convolution is what
spreads them. Source: Nagel et al., arXiv:1906.04721, section 3.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

LEVELS = 127  # of one sign
FEW, SOME = 2, 16  # integers that are left to the least channel: below FEW high, below SOME some


@dataclass(frozen=True)
class Spread:
    """How unevenly the output channels of one convolution reach.

    Attributes:
        ratio: largest weight of all over the largest of the least channel, 1 or more. Channels of
            zeros do not count.
        risk: "high": the least channel keeps fewer than 2 of 127 integers; "some": fewer than 16;
            else "low".
    """

    ratio: float
    risk: str

    @classmethod
    def of(cls, weight: np.ndarray) -> "Spread | None":
        """Look at weights (O, ...); None where all are zero."""
        reach = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
        reach = reach[reach > 0]
        if not reach.size:
            return None
        ratio = float(reach.max() / reach.min())
        left = LEVELS / ratio
        return cls(ratio, "high" if left < FEW else "some" if left < SOME else "low")


def find_spreads(source: Path | str | bytes) -> dict[str, Spread]:
    """Look at the convolutions of a model, BatchNormalization behind them taken in.

    Args:
        source: path of an ONNX file that ``load_model`` has passed, or its bytes.

    Returns:
        Name of a convolution's output to its spread; those with computed weights are left out.
    """
    if isinstance(source, bytes):
        model, folder = onnx.load_model_from_string(source), ""
    else:  # weights beside the file are read one at a time
        model = onnx.load(source, load_external_data=False)
        folder = str(Path(source).parent)
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    norms = {n.input[0]: n for n in model.graph.node if n.op_type == "BatchNormalization"}
    found = {}
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1] not in values:
            continue
        weight = numpy_helper.to_array(values[node.input[1]], folder).astype(np.float64)
        if norm := norms.get(node.output[0]):
            weight = weight * _factors(norm, values, folder).reshape(-1, *[1] * (weight.ndim - 1))
        if spread := Spread.of(weight):
            found[node.output[0]] = spread
    return found


def _factors(
    norm: onnx.NodeProto, values: Mapping[str, onnx.TensorProto], folder: str
) -> np.ndarray:
    """What a BatchNormalization multiplies channels by; 1 where that is computed."""
    if norm.input[1] not in values or norm.input[4] not in values:
        return np.ones(1)
    scale, variance = (numpy_helper.to_array(values[norm.input[i]], folder) for i in (1, 4))
    epsilon = next((a.f for a in norm.attribute if a.name == "epsilon"), 1e-5)
    return scale / np.sqrt(variance.astype(np.float64) + epsilon)


def risk_lines(spreads: Mapping[str, Spread]) -> list[str]:
    """Say in a few lines what the weights of a network risk.

    Args:
        spreads: see ``find_spreads``.

    Returns:
        Lines; none without convolutions.
    """
    if not spreads:
        return []
    counts = {
        risk: sum(s.risk == risk for s in spreads.values()) for risk in ("high", "some", "low")
    }
    worst = sorted(spreads.items(), key=lambda pair: -pair[1].ratio)[:3]
    return [
        f"risk at 8 bits, by the weights alone: {counts['high']} convolutions high, "
        f"{counts['some']} some, {counts['low']} low; channels reach most unevenly in",
        *(f"  {name}: {spread.ratio:.0f}x" for name, spread in worst),
        "A chip with one step a layer (KL520) loses what is high unless channels are evened out, "
        "which tools/quantize.py does; it also measures what is left",
    ]
