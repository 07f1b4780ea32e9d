"""Channels picked or put in another order: channel shuffles, and what stands in for them."""

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.slices import slice_bounds


def shuffle_to_gather(graph: Graph, _: str | None) -> int:
    """Replace Reshape, Transpose, Reshape that only reorders channels by one Gather.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    readers, count = graph.readers(), 0
    for first in graph.of("Reshape"):
        middle = _only_reader(graph, readers, first)
        last = _only_reader(graph, readers, middle) if middle else None
        if not middle or not last or (middle.op, last.op) != ("Transpose", "Reshape"):
            continue
        order = _reordered_channels(graph, first, middle, last)
        if order is not None:
            pick = add_gather(graph, first, first.inputs[0], order, f"{last.output}_shuffle")
            graph.replace_reads(last.output, pick)
            count += 1
    return count


def _only_reader(graph: Graph, readers: dict[str, list[Node]], node: Node) -> Node | None:
    found = readers.get(node.output, [])
    alone = len(found) == 1 and node.output not in graph.kept
    return found[0] if alone and found[0].inputs[0] == node.output else None


def _reordered_channels(graph: Graph, first: Node, middle: Node, last: Node) -> np.ndarray | None:
    """Return the input channel of every output channel, or None where pixels move as well."""
    shape, split = graph.shape(first.inputs[0]), graph.shape(first.output)
    # the batch may be open: with all other sizes fixed it is what it was
    if len(shape) < 3 or len(split) < 4 or None in (*shape[1:], *split[1:]):
        return None
    channels, groups, each = shape[1], split[1], split[2]
    if channels is None or groups is None or each is None or groups * each != channels:
        return None
    if shape[2:] != split[3:] or shape[1:] != graph.shape(last.output)[1:]:
        return None
    perm = middle.attributes.get("perm", [])
    if perm[:3] != [0, 2, 1] or perm[3:] != list(range(3, len(split))):
        return None
    return np.arange(channels).reshape(groups, each).T.ravel()


def add_gather(graph: Graph, before: Node, source: str, order: np.ndarray, stem: str) -> str:
    """Pick channels in front of a node; return the new tensor.

    Args:
        graph: changed in place.
        before: the node that the Gather goes in front of.
        source: the tensor that is picked from.
        order: int (N,), channels of the source.
        stem: what the new tensor's name begins with.

    Returns:
        Name of the new tensor.
    """
    indices = graph.constant(f"{stem}_order", np.asarray(order, np.int64))
    node = graph.insert(before, "Gather", [source, indices], stem, axis=1)
    shape = graph.shape(source)
    graph.shapes[node.output] = (shape[0], len(order), *shape[2:])
    return node.output


def picked_channels(graph: Graph, node: Node) -> np.ndarray | None:
    """Return the input channels that a Gather or Slice along axis 1 gives out, in their order.

    Args:
        graph: the graph.
        node: a Gather or Slice.

    Returns:
        Int (N,); None where channels are not fixed, or something else is picked.
    """
    shape = graph.shape(node.inputs[0])
    if len(shape) != 4 or shape[1] is None:
        return None
    if node.op == "Gather":
        order = graph.value(node, 1)
        along_channels = node.attributes.get("axis", 0) in (1, -3)
        return order % shape[1] if along_channels and order is not None and order.ndim else None
    bounds = slice_bounds(graph, node) if node.op == "Slice" else None
    return np.arange(*bounds[1]) if bounds and set(bounds) == {1} else None


def pick_in_conv(graph: Graph, npu: str | None) -> int:
    """Let a dense Conv that reads picked channels read the tensor that they are picked from.

    Reordering is free; leaving channels out costs multiplications by zero and is done for KL520
    alone, which has no Slice.

    Args:
        graph: changed in place.
        npu: the chip, or None for PC runtimes.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("Gather", "Slice"):
        order = picked_channels(graph, node)
        if order is None or order.ndim != 1:
            continue
        channels = graph.size(node.inputs[0], 1)
        is_order = np.array_equal(np.sort(order), np.arange(channels))
        if not is_order and (npu != "520" or len(set(order)) < len(order)):
            continue
        for reader in graph.readers().get(node.output, []):
            weight = graph.value(reader, 1) if reader.op == "Conv" else None
            if weight is None or reader.attributes.get("group", 1) != 1:
                continue
            wide = np.zeros((weight.shape[0], channels, *weight.shape[2:]), weight.dtype)
            wide[:, order] = weight
            reader.inputs[:2] = [node.inputs[0], graph.constant(reader.inputs[1], wide)]
            count += 1
    return count


def pick_by_conv(graph: Graph, npu: str | None) -> int:
    """Replace picked channels by a 1x1 Conv of zeros and ones: every chip has it, and it is exact.

    Slice is replaced on KL520 alone.

    Args:
        graph: changed in place.
        npu: the chip, or None for PC runtimes.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("Gather", "Slice"):
        order = picked_channels(graph, node)
        if order is None or order.ndim != 1 or (node.op == "Slice" and npu != "520"):
            continue
        channels, kind = graph.size(node.inputs[0], 1), graph.dtype(node.inputs[0])
        if kind.kind != "f":  # a Conv takes no integers
            continue
        weight = np.zeros((len(order), channels, 1, 1), kind)
        weight[np.arange(len(order)), order] = 1
        name = graph.constant(f"{node.output}_weight", weight)
        node.op, node.inputs, node.attributes = "Conv", [node.inputs[0], name], {}
        node.attributes["kernel_shape"] = [1, 1]
        count += 1
    return count
