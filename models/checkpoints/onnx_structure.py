"""Convolutions of an ONNX graph, told apart by where they stand: names in such files mean nothing.

Two keys place a convolution. The upward one is a digest of its own form and of the upward keys of
the nearest convolutions before it; the downward one looks the other way. What lies between (sums,
activations, splits, shuffles, resizing) is looked through, so exporters may write it as they like.
A convolution that runs in parts is seen as the one that it is.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx

from models.checkpoints.graph_parts import join_parts, known_values

INPUT, OUTPUT = "input", "output"  # keys of the ends of a graph


@dataclass(frozen=True)
class Norm:
    """A BatchNormalization that stands behind a convolution; arrays are float32 (C,)."""

    weight: np.ndarray
    bias: np.ndarray
    mean: np.ndarray
    var: np.ndarray
    epsilon: float


@dataclass(frozen=True)
class Convolution:
    """One convolution of a graph.

    Attributes:
        name: of its output in the file, for messages.
        result: the tensor with its bias and norm applied.
        weight: float32 (C_out, C_in / groups, kh, kw).
        bias: float32 (C_out,): its own and that of an Add directly behind it.
        norm: the BatchNormalization directly behind it, or None where it is folded.
        key: upward and downward digest.
    """

    name: str
    result: str
    weight: np.ndarray
    bias: np.ndarray
    norm: Norm | None
    key: tuple[str, str]


def read_convolutions(model: onnx.ModelProto, path: object) -> list[Convolution]:
    """Take the convolutions out of a graph, in its order.

    Args:
        model: a valid model with its weights inside.
        path: the file, for messages.

    Returns:
        One entry a convolution.

    Raises:
        ValueError: a quantised graph, one without convolutions, or weights that an input changes.
    """
    kinds = {node.op_type for node in model.graph.node}
    if any("Quantize" in kind or "Integer" in kind for kind in kinds):
        raise ValueError(
            f"{path}: weights must be in float, but this network is quantised. Import the network "
            "that it was made from."
        )
    nodes, constants = join_parts(model.graph, known_values(model))
    convs = [node for node in nodes if node.op_type == "Conv"]
    if not convs:
        raise ValueError(f"{path}: network must have convolutions, got none. Check the file.")
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in nodes:
        for name in node.input:
            users.setdefault(name, []).append(node)
    keys = _keys(model.graph, nodes, constants, path)
    return [
        _convolution(node, constants, users, keys[index], path) for index, node in enumerate(convs)
    ]


def _convolution(
    node: onnx.NodeProto,
    constants: dict[str, np.ndarray],
    users: dict[str, list[onnx.NodeProto]],
    key: tuple[str, str],
    path: object,
) -> Convolution:
    weight = _constant(node.input[1], constants, path).astype(np.float32)
    bias = np.zeros(len(weight), np.float32)
    if len(node.input) > 2 and node.input[2]:
        bias = bias + _constant(node.input[2], constants, path)
    norm, result = None, node.output[0]
    after = users.get(result, [])
    if len(after) == 1 and after[0].op_type == "Add":
        added = [constants[name] for name in after[0].input if name in constants]
        if len(added) == 1 and added[0].size == len(weight):
            bias, result = bias + added[0].reshape(-1), after[0].output[0]
    elif len(after) == 1 and after[0].op_type == "BatchNormalization":
        values = [
            _constant(name, constants, path).astype(np.float32) for name in after[0].input[1:]
        ]
        epsilon = next((a.f for a in after[0].attribute if a.name == "epsilon"), 1e-5)
        norm, result = Norm(*values, epsilon), after[0].output[0]
    return Convolution(node.output[0], result, weight, bias.astype(np.float32), norm, key)


def _constant(name: str, constants: dict[str, np.ndarray], path: object) -> np.ndarray:
    if name not in constants:
        raise ValueError(
            f"{path}: weights must be stored in the file, but '{name}' depends on "
            "the input. Export the network again with its weights as constants."
        )
    return constants[name]


def _keys(
    graph: onnx.GraphProto,
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray],
    path: object,
) -> list[tuple[str, str]]:
    """Return the upward and downward key of each convolution."""
    convs = [node for node in nodes if node.op_type == "Conv"]
    forms = {
        node.output[0]: _form(node, _constant(node.input[1], constants, path)) for node in convs
    }
    inputs = {value.name for value in graph.input} - set(constants)
    steps = [
        (node, node.input[:1] if node.op_type == "Conv" else node.input, node.output)
        for node in nodes
    ]
    upward = _digests(steps, forms, {name: INPUT for name in inputs})
    backward = [(node, targets, sources) for node, sources, targets in reversed(steps)]
    downward = _digests(backward, forms, {value.name: OUTPUT for value in graph.output})
    return [(upward[node.output[0]], downward[node.output[0]]) for node in convs]


def _digests(
    steps: Iterable[tuple[onnx.NodeProto, Iterable[str], Iterable[str]]],
    forms: dict[str, str],
    ends: dict[str, str],
) -> dict[str, str]:
    """Walk along the steps and digest each convolution's form with the keys of its nearest ones.

    Args:
        steps: node, the tensors that it is reached from and those that it leads to, in order.
        forms: form of each convolution by the name of its output.
        ends: the tensors where the walk begins, and their keys.

    Returns:
        The key of each convolution by the name of its output.
    """
    near = {name: frozenset([key]) for name, key in ends.items()}
    found = {}
    for node, sources, targets in steps:
        reached = frozenset().union(*(near.get(name, frozenset()) for name in sources))
        if node.op_type == "Conv":
            text = forms[node.output[0]] + "".join(sorted(reached))
            key = hashlib.sha256(text.encode()).hexdigest()
            found[node.output[0]], reached = key, frozenset([key])
        for name in targets:
            near[name] = near.get(name, frozenset()) | reached
    return found


def _form(node: onnx.NodeProto, weight: np.ndarray) -> str:
    """Say what a convolution is like by itself: shape of its weights, stride, groups."""
    values = {attribute.name: attribute for attribute in node.attribute}
    stride = tuple(values["strides"].ints) if "strides" in values else (1, 1)
    group = values["group"].i if "group" in values else 1
    return f"{tuple(weight.shape)} stride {stride} group {group};"
