"""Sums, factors and means that stand alone, in the operators that every table takes."""

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.reorder import is_dense, is_depthwise

EPSILON = 1e-8  # of the BatchNormalization made here; its variance makes up for it


def affine_to_norm(graph: Graph, _: str | None) -> int:
    """Put Add, Sub, Mul, Div by one number a channel into the Conv before, or make it a layer.

    The layer is a BatchNormalization of mean 0 and variance 1: all chips have it, while KL520 has
    no Mul and neither KL520 nor KL720 has Div.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("Add", "Sub", "Mul", "Div"):
        found = _scale_shift(graph, node)
        if found is None:
            continue
        name, scale, shift = found
        maker = graph.producers().get(name)
        alone = len(graph.readers()[name]) == 1 and name not in graph.kept
        if alone and maker and (is_dense(graph, maker) or is_depthwise(graph, maker)):
            _into_conv(graph, maker, scale, shift)
            graph.replace_reads(node.output, name)
        else:
            _as_norm(graph, node, name, scale, shift)
        count += 1
    return count


def _scale_shift(graph: Graph, node: Node) -> tuple[str, np.ndarray, np.ndarray] | None:
    """Return the other operand, and float (C,) of scale * x + shift that the node computes."""
    index = 1 if node.inputs[1] in graph.constants else 0
    value, name = graph.value(node, index), node.inputs[1 - index]
    shape = graph.shape(name)
    if value is None or name in graph.constants or len(shape) != 4 or shape[1] is None:
        return None
    # along channels alone: (C, 1, 1), (1, C, 1, 1) or one number
    wide = value.reshape((1,) * (4 - value.ndim) + value.shape) if value.ndim <= 4 else value
    if wide.shape not in ((1, 1, 1, 1), (1, shape[1], 1, 1)) or value.dtype != np.float32:
        return None
    if node.op == "Div" and (index == 0 or not value.all()):
        return None
    given = np.broadcast_to(wide.ravel(), shape[1]).astype(np.float64)
    one, zero = np.ones(shape[1]), np.zeros(shape[1])
    scale, shift = {
        "Add": (one, given),
        "Sub": (one, -given) if index else (-one, given),
        "Mul": (given, zero),
        "Div": (1 / given if node.op == "Div" else one, zero),
    }[node.op]
    return name, scale, shift


def _into_conv(graph: Graph, conv: Node, scale: np.ndarray, shift: np.ndarray) -> None:
    weight = graph.constants[conv.inputs[1]]
    has_bias = len(conv.inputs) > 2 and conv.inputs[2]
    bias = graph.constants[conv.inputs[2]] if has_bias else np.zeros(len(weight))
    values = (weight * scale[:, None, None, None], bias * scale + shift)
    stem = conv.inputs[1]
    conv.inputs[1:] = [graph.constant(stem, v.astype(weight.dtype)) for v in values]


def _as_norm(graph: Graph, node: Node, name: str, scale: np.ndarray, shift: np.ndarray) -> None:
    values = {
        "scale": scale,
        "shift": shift,
        "mean": np.zeros(len(scale)),
        "var": np.full(len(scale), 1 - EPSILON),
    }
    stem = f"{node.output}_norm"
    constants = [graph.constant(f"{stem}_{k}", v.astype(np.float32)) for k, v in values.items()]
    node.op, node.inputs, node.attributes = (
        "BatchNormalization",
        [name, *constants],
        {"epsilon": EPSILON},
    )


def mean_to_global_pool(graph: Graph, _: str | None) -> int:
    """Replace ReduceMean over rows and columns by GlobalAveragePool, with a Reshape if it must.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("ReduceMean"):
        shape, after = graph.shape(node.inputs[0]), graph.sizes(node.output)
        axes = node.attributes.get("axes")
        if len(node.inputs) > 1 and node.inputs[1]:
            value = graph.value(node, 1)
            axes = None if value is None else value.tolist()
        if len(shape) != 4 or axes is None or {a % 4 for a in axes} != {2, 3}:
            continue
        if node.attributes.get("keepdims", 1):
            node.op, node.inputs, node.attributes = "GlobalAveragePool", node.inputs[:1], {}
        elif after:
            stem = f"{node.output}_mean"
            pool = graph.insert(node, "GlobalAveragePool", node.inputs[:1], stem)
            _as_reshape(graph, node, pool.output, after)
        else:
            continue
        count += 1
    return count


def squeeze_to_reshape(graph: Graph, _: str | None) -> int:
    """Replace Squeeze and Unsqueeze by Reshape, of which the chips know more.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("Squeeze", "Unsqueeze"):
        shape = graph.sizes(node.output)
        if shape:
            _as_reshape(graph, node, node.inputs[0], shape)
            count += 1
    return count


def _as_reshape(graph: Graph, node: Node, source: str, shape: tuple[int, ...]) -> None:
    target = graph.constant(f"{node.output}_shape", np.array(shape, np.int64))
    node.op, node.inputs, node.attributes = "Reshape", [source, target], {}
