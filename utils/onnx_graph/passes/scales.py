"""Factors that are powers of two, carried into the weights around them: exact, and a node less.

Every tensor t has a whole exponent s(t); the graph holds t * 2**-s(t) in its place. Most operators
need one exponent for all that they join; constant weights free an output from its input; all else,
and the graph's inputs and outputs, needs s = 0. A factor of 2**k is superfluous wherever
s(output) = s(input) + k agrees with the rest.
"""

import math
from collections.abc import Hashable

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.reorder import is_dense
from utils.onnx_graph.passes.slices import concat_axis

# f(2**s * x) = 2**s * f(x), where x are all inputs ...
JOINING = {"Add", "Concat", "Max", "Mean", "Min", "Sub", "Sum"}
# ... or some of them
HOMOGENEOUS = {
    **dict.fromkeys(
        (
            "Abs", "AveragePool", "DepthToSpace", "Div", "Dropout", "Expand", "Flatten", "Gather",
            "GlobalAveragePool", "GlobalMaxPool", "Identity", "LeakyRelu", "MaxPool", "Neg",
            "PRelu", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Reshape",
            "Resize", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose",
            "Unsqueeze", "Upsample",
        ),
        {0},
    ),
    "Pad": {0, 2},
    "Where": {1, 2},
}  # fmt: skip
FILLS = ("value", "extrapolation_value")  # attributes that put a number beside the data
SCALE_FREE = {"ArgMax", "ArgMin", "Shape", "Size"}  # give out the same whatever the exponent is
BILINEAR = {"Conv", "ConvTranspose", "Gemm", "MatMul", "Mul"}  # with or without a summand

# exponents of constants, in multiples of those of the node's input and output
FACTOR, DIVISOR, SUMMAND, MEAN = (1, -1), (-1, 1), (0, -1), (-1, 0)
MAX_SPREAD = 32  # of exponents that hang together; those of float32 reach from -126 to 127
ZERO = None  # the slot whose exponent is 0

Slot = Hashable  # a tensor's name; (node, index of input) of a constant, which may be copied
Joined = dict[str, list[tuple[Slot, int]]]  # a tensor to its parts, each with its channels


def carry_scales(graph: Graph, npu: str | None) -> int:
    """Take out Mul and Div by powers of two wherever weights can take their factors in.

    Parts of a Concat that only dense convolutions read may differ in their exponents on a PC; on
    a chip they share 8 bits, of which the smaller part would lose some.

    Args:
        graph: changed in place.
        npu: the chip, or None for PC runtimes.

    Returns:
        How many places were changed.
    """
    powers = {node: power for node in graph.nodes if (power := _power(graph, node)) is not None}
    if not powers:
        return 0
    joined = _joined(graph) if npu is None else {}
    exponents = _demands(graph, joined)
    gone = []
    for node, power in powers.items():
        (data,) = _variable(graph, node)
        if exponents.tie(node.inputs[data], node.output, power):
            gone.append((node, data))
    if gone:
        _scale_constants(graph, exponents, joined)
    for node, data in gone:
        graph.replace_reads(node.output, node.inputs[data])
    return len(gone)


class _Exponents:
    """Groups of slots whose exponents are known relative to one another."""

    def __init__(self) -> None:
        self._groups: dict[Slot, dict[Slot, int]] = {}

    def group(self, slot: Slot) -> dict[Slot, int]:
        """Return the slots of a group with their exponents, up to a summand they all share."""
        return self._groups.setdefault(slot, {slot: 0})

    def tie(self, first: Slot, second: Slot, power: int = 0) -> bool:
        """Demand s(second) = s(first) + power if that agrees with all before; say if it does."""
        one, other = self.group(first), self.group(second)
        shift = one[first] + power - other[second]
        if one is other:
            return shift == 0
        if len(one) < len(other):
            one, other, shift = other, one, -shift
        moved = {slot: exponent + shift for slot, exponent in other.items()}
        both = {*one.values(), *moved.values()}
        if max(both) - min(both) > MAX_SPREAD:
            return False
        one.update(moved)
        self._groups.update(dict.fromkeys(moved, one))
        return True

    def of(self, slot: Slot) -> int:
        """Return an exponent; in a group without ZERO the lowest and the highest lie around 0."""
        group = self.group(slot)
        middle = (min(group.values()) + max(group.values())) // 2
        return group[slot] - group.get(ZERO, middle)


def _joined(graph: Graph) -> Joined:
    """Return what is joined along channels and read by nothing but dense convolutions."""
    readers, found = graph.readers(), {}
    for node in graph.of("Concat"):
        shapes = [graph.shape(name) for name in node.inputs]
        if any(len(shape) < 3 or shape[1] is None for shape in shapes):
            continue
        dense = all(is_dense(graph, reader) for reader in readers.get(node.output, []))
        if dense and concat_axis(graph, node) == 1 and node.output not in graph.kept:
            slots = [_slot(graph, node, index) for index in range(len(node.inputs))]
            found[node.output] = [
                (slot, graph.size(name, 1)) for slot, name in zip(slots, node.inputs, strict=True)
            ]
    return found


def _demands(graph: Graph, joined: Joined) -> _Exponents:
    """Tie the exponents that must be equal whatever becomes of the factors."""
    exponents = _Exponents()
    for name in [*graph.inputs, *graph.kept]:
        exponents.tie(ZERO, name)
    for node in graph.nodes:
        if node.op in SCALE_FREE or node.output in joined or _roles(graph, node):
            continue
        slots = {i: _slot(graph, node, i) for i, name in enumerate(node.inputs) if name}
        alike = set(slots) if node.op in JOINING else HOMOGENEOUS.get(node.op, set())
        if node.op == "Mul":
            # one operand is the other's factor: a gate, if it is known to be one
            alike = {1} if ZERO in exponents.group(slots[0]) else {0}
        elif any(node.attributes.get(word) for word in FILLS):
            alike = set()
        for index, slot in slots.items():
            exponents.tie(node.output if index in alike else ZERO, slot)
        # where a second output is no part of the data, it is no number either: a mask, positions
        if not alike or node.op == "Split":
            for name in filter(None, node.outputs):
                exponents.tie(node.output if alike else ZERO, name)
    return exponents


def _slot(graph: Graph, node: Node, index: int) -> Slot:
    name = node.inputs[index]
    return (node, index) if name in graph.constants else name


def _variable(graph: Graph, node: Node) -> list[int]:
    return [i for i, name in enumerate(node.inputs) if name and name not in graph.constants]


def _roles(graph: Graph, node: Node) -> dict[int, tuple[int, int]]:
    """Return how the constants of a node free its output from its input; {} if they do not."""
    variable = _variable(graph, node)
    if len(variable) != 1 or any(node.outputs[1:]):
        return {}
    (data,) = variable
    if node.op in BILINEAR and data < 2:
        return {1 - data: FACTOR, 2: SUMMAND}
    if node.op == "Div" and data == 0:
        return {1: DIVISOR}
    if node.op == "BatchNormalization" and data == 0 and not node.attributes.get("training_mode"):
        return {1: FACTOR, 2: SUMMAND, 3: MEAN}
    return {}


def _power(graph: Graph, node: Node) -> int | None:
    """Return k of a Mul by 2**k, or of a Div by 2**-k, that leaves the shape as it is."""
    if node.op not in ("Mul", "Div") or not _roles(graph, node):
        return None
    (data,) = _variable(graph, node)
    value, shape = graph.constants[node.inputs[1 - data]], graph.shape(node.inputs[data])
    if value.dtype not in (np.float32, np.float64) or not value.size or np.ptp(value):
        return None
    if value.ndim and not (shape and shape == graph.shape(node.output)):
        return None
    mantissa, exponent = math.frexp(value.flat[0])
    power = exponent - 1 if node.op == "Mul" else 1 - exponent
    return power if mantissa == 0.5 else None


def _scale_constants(graph: Graph, exponents: _Exponents, joined: Joined) -> None:
    """Give every constant the exponent that its readers need; those that need the same share it."""
    made: dict[tuple[str, bytes], str] = {}
    for node in graph.nodes:
        roles = _roles(graph, node)
        for index, name in enumerate(node.inputs):
            if name not in graph.constants:
                continue
            if index in roles:
                power = _in_role(graph, node, roles[index], exponents, joined)
            else:
                power = np.asarray(-exponents.of((node, index)))
            if power.any():
                key = (name, power.tobytes())
                if key not in made:
                    value = np.asarray(np.ldexp(graph.constants[name], power))
                    made[key] = graph.constant(name, value)
                node.inputs[index] = made[key]


def _in_role(
    graph: Graph, node: Node, role: tuple[int, int], exponents: _Exponents, joined: Joined
) -> np.ndarray:
    """Return the exponents for a constant, one or one for every input channel of a Conv."""
    before, after = role
    (data,) = _variable(graph, node)
    result = after * exponents.of(node.output)
    if not before:
        return np.asarray(result)
    name = node.inputs[data]
    if name not in joined:
        return np.asarray(result + before * exponents.of(name))
    slots, channels = zip(*joined[name], strict=True)
    columns = np.repeat([exponents.of(slot) for slot in slots], channels)
    axes = graph.constants[node.inputs[1]].ndim - 2
    return result + before * columns.reshape(-1, *[1] * axes)
