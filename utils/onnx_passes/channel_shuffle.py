"""Channel shuffles as one Gather: for PC runtimes, which copy whole channels fast."""

import numpy as np

from utils.onnx_passes.graph import Graph, Node
from utils.onnx_passes.slices import slice_bounds


def shuffle_order(graph: Graph, last: Node) -> tuple[str, np.ndarray] | None:
    """Recognise Reshape, Transpose, Reshape that only permutes channels.

    Args:
        graph: of known shapes.
        last: the second Reshape.
    Returns: the tensor that is shuffled, and int64 (C,), the place of each channel out in it;
        or None.
    """
    makers = graph.producers()
    transpose = makers.get(last.inputs[0])
    first = makers.get(transpose.inputs[0]) if transpose and transpose.op == "Transpose" else None
    if first is None or first.op != "Reshape":
        return None
    source, split, after = first.inputs[0], first.output, last.output
    shape, groups = graph.shape(source), graph.shape(split)
    order = transpose.attributes.get("perm")
    is_channels = len(shape) == 4 and shape == graph.shape(after) and order is not None
    if not is_channels or None in shape[1:] or len(groups) != len(order):
        return None
    fixed = [0, len(groups) - 2, len(groups) - 1]  # batch, rows, columns
    if [order[i] for i in fixed] != fixed or groups[-2:] != shape[2:] or groups[0] != shape[0]:
        return None
    channels = np.arange(shape[1]).reshape(groups[1:-2])
    return source, channels.transpose([axis - 1 for axis in order[1:-2]]).ravel()


def shuffle_to_gather(graph: Graph, _: str | None) -> int:
    """Replace shuffles by a Gather of channels, and a Slice of such a Gather by a shorter one."""
    count = 0
    for node in graph.of("Reshape"):
        if found := shuffle_order(graph, node):
            source, order = found
            _replace(graph, node, source, order)
            count += 1
    makers = graph.producers()
    for node in graph.of("Slice"):
        maker = makers.get(node.inputs[0])
        bounds = slice_bounds(graph, node)
        if maker is None or maker.op != "Gather" or bounds is None:
            continue
        order = graph.value(maker, 1)
        if set(bounds) == {1} and maker.attributes.get("axis", 0) == 1 and order is not None:
            _replace(graph, node, maker.inputs[0], order[slice(*bounds[1])])
            count += 1
    return count


def _replace(graph: Graph, node: Node, source: str, order: np.ndarray) -> None:
    index = graph.constant(f"{node.output}_order", order.astype(np.int64))
    gather = graph.insert(node, "Gather", [source, index], f"{node.output}_gather", axis=1)
    graph.shapes[gather.output] = graph.shape(node.output)
    graph.replace_reads(node.output, gather.output)
