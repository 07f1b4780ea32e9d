"""A Slice of a Gather as a shorter Gather: PC runtimes then copy no channel twice."""

from utils.onnx_graph.graph import Graph
from utils.onnx_graph.passes.selection import add_gather
from utils.onnx_graph.passes.slices import slice_bounds


def cut_gather(graph: Graph, _: str | None) -> int:
    """Let every Slice of gathered channels gather its own from where they came.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    count = 0
    makers = graph.producers()
    for node in graph.of("Slice"):
        maker, bounds = makers.get(node.inputs[0]), slice_bounds(graph, node)
        if maker is None or maker.op != "Gather" or bounds is None or set(bounds) != {1}:
            continue
        order = graph.value(maker, 1)
        if maker.attributes.get("axis", 0) != 1 or order is None or order.ndim != 1:
            continue
        part = order[slice(*bounds[1])]
        graph.replace_reads(
            node.output, add_gather(graph, node, maker.inputs[0], part, f"{node.output}_gather")
        )
        count += 1
    return count
