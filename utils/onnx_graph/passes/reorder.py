"""Put channels in another order by editing the weights of the Conv that they come from."""

from collections.abc import Callable

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.slices import slice_bounds

# operators that treat every channel alike and on its own
CARRIES = {
    "AveragePool", "BatchNormalization", "Cast", "Clip", "Dropout", "Elu", "Erf", "Exp",
    "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu",
    "MaxPool", "Neg", "Relu", "Resize", "Sigmoid", "Softplus", "Sqrt", "Tanh",
}  # fmt: skip
MEETS = {"Add", "Sub", "Mul", "Div"}  # two operands, channel by channel
Edits = list[Callable[[], None]]


def is_depthwise(graph: Graph, node: Node) -> bool:
    """Say whether a node is a Conv that gives one channel for each, with constant weights.

    Args:
        graph: the graph.
        node: one of its nodes.

    Returns:
        Whether it is one.
    """
    weight = graph.value(node, 1) if node.op == "Conv" else None
    group = node.attributes.get("group", 1)
    return (
        weight is not None
        and weight.shape[:2] == (group, 1)
        and graph.shape(node.inputs[0])[1:2] == (group,)
        and all(name in graph.constants for name in node.inputs[1:])
    )


def carries(graph: Graph, node: Node) -> bool:
    """Say whether a node gives out its first input's channels in the order it reads them.

    Args:
        graph: the graph.
        node: one of its nodes.

    Returns:
        Whether it does.
    """
    before, after = graph.shape(node.inputs[0]), graph.shape(node.output)
    if len(node.outputs) != 1 or len(before) != 4 or before[:2] != after[:2] or not before[1]:
        return False
    constant = all(name in graph.constants for name in node.inputs[1:] if name)
    return constant and (node.op in CARRIES or is_depthwise(graph, node))


def is_dense(graph: Graph, node: Node) -> bool:
    """Say whether a node is a Conv of one group with constant weights.

    Args:
        graph: the graph.
        node: one of its nodes.

    Returns:
        Whether it is one.
    """
    constant = all(name in graph.constants for name in node.inputs[1:])
    return node.op == "Conv" and node.attributes.get("group", 1) == 1 and constant


def meets(graph: Graph, node: Node) -> bool:
    """Say whether a node puts two maps together channel by channel.

    Args:
        graph: the graph.
        node: one of its nodes.

    Returns:
        Whether it does.
    """
    shapes = [graph.shape(name) for name in node.inputs if name not in graph.constants]
    rank_4 = [len(shape) for shape in shapes] == [4, 4]
    return node.op in MEETS and rank_4 and shapes[0][1] == shapes[1][1]


def permuted(graph: Graph, name: str, axis: int, order: np.ndarray) -> str:
    """Store a constant whose entry order[i] along an axis is entry i of a given one.

    Args:
        graph: changed in place.
        name: of the constant.
        axis: along which entries move.
        order: int (N,), new places of its entries.

    Returns:
        Name of the new constant.
    """
    value = graph.constants[name]
    return graph.constant(name, np.take(value, np.argsort(order), axis))


def spread_columns(graph: Graph, node: Node, order: np.ndarray) -> str:
    """Store the weights of a dense Conv for an input whose channel i lies at order[i].

    Args:
        graph: changed in place.
        node: the Conv.
        order: int (N,), places of the input's channels.

    Returns:
        Name of the new weights.
    """
    return permuted(graph, node.inputs[1], 1, order)


def reorderings(graph: Graph, name: str, move: np.ndarray, num_readers: int) -> Edits | None:
    """Find the edits that bring channel j of a tensor to move[j], and nothing else about.

    Args:
        graph: it is not edited yet.
        name: a tensor.
        move: where each channel goes.
        num_readers: how many inputs of nodes read it.
    Returns: the edits; None where another reader, or its maker, needs the order it has.
    """
    if num_readers != 1 or name in graph.kept:
        return None
    maker = graph.producers().get(name)
    if maker is None:
        return None
    if is_dense(graph, maker):
        return [lambda: _move_filters(graph, maker, move)]
    source = maker.inputs[0]
    if maker.op == "Slice":
        return _within_slice(graph, maker, move)
    readers = graph.readers()
    if meets(graph, maker):
        found: Edits = []
        for side in maker.inputs:
            edits = reorderings(graph, side, move, len(readers[side]))
            if edits is None:
                return None
            found += edits
        return found
    if not carries(graph, maker):
        return None
    edits = reorderings(graph, source, move, len(readers.get(source, [])))
    if edits is not None and maker.op in ("Conv", "BatchNormalization"):
        edits.append(lambda: _move_filters(graph, maker, move))
    return edits


def _within_slice(graph: Graph, node: Node, move: np.ndarray) -> Edits | None:
    """Reorder within the stretch that a Slice cuts, if all others cut elsewhere."""
    source = node.inputs[0]
    bounds = slice_bounds(graph, node)
    readers = graph.readers()[source]
    others = [slice_bounds(graph, n) if n.op == "Slice" else None for n in readers if n is not node]
    if not bounds or set(bounds) != {1} or source in graph.kept:
        return None
    start, end = bounds[1]
    for other in others:
        if other is None or set(other) != {1} or (other[1][0] < end and start < other[1][1]):
            return None
    whole = np.arange(graph.size(source, 1))
    whole[start:end] = start + move
    return reorderings(graph, source, whole, 1)


def _move_filters(graph: Graph, node: Node, move: np.ndarray) -> None:
    for index in range(1, len(node.inputs)):
        node.inputs[index] = permuted(graph, node.inputs[index], 0, move)
