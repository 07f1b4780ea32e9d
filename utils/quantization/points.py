"""Where a chip rounds: which tensors of a graph are stored in fixed point, and which share a step.

A convolution's sum is rounded once, behind its bias and a Relu that follows it. What only moves
numbers (Slice, nearest Resize, Reshape, Transpose) passes on what is there.
"""

from dataclasses import dataclass

import numpy as np

from utils.onnx_graph.graph import Graph, Node

MOVES = (
    "Slice",
    "Split",
    "Reshape",
    "Transpose",
    "Identity",
    "DepthToSpace",
    "Squeeze",
    "Unsqueeze",
)
COMPUTES = (
    "Conv",
    "Relu",
    "Add",
    "Mul",
    "Sigmoid",
    "Concat",
    "GlobalAveragePool",
    "AveragePool",
    "MaxPool",
    "Resize",
)


@dataclass(frozen=True)
class Points:
    """The tensors that are rounded.

    Attributes:
        rounded: in the order of the graph, the input first.
        sums: those of them that are sums, behind their Relu, and the outputs.
    """

    rounded: tuple[str, ...]
    sums: tuple[str, ...]


def find_points(graph: Graph, source: object) -> Points:
    """List the tensors that a chip stores in fixed point.

    Args:
        graph: a float graph whose BatchNormalization is folded.
        source: the file, for messages.

    Returns:
        The tensors.

    Raises:
        ValueError: a graph that is quantised already or not in float32, an operator without a
            rule, or a convolution whose weights are computed.
    """
    kinds = {node.op for node in graph.nodes}
    if any("Quantize" in kind for kind in kinds):
        raise ValueError(f"{source}: network must be in float, but it is quantised already.")
    unknown = sorted(kinds - set(MOVES) - set(COMPUTES))
    if unknown:
        raise ValueError(
            f"{source}: network must have operators whose rounding is known, got "
            f"{', '.join(unknown)}. Export it with export2onnx.py --npu CHIP first."
        )
    _check_numbers(graph, source)
    users = graph.readers()
    rounded, sums = [*graph.inputs], set(graph.outputs)
    for node in graph.nodes:
        if moves(node):
            continue
        after = users.get(node.output, [])
        is_before_relu = len(after) == 1 and after[0].op == "Relu"
        if not is_before_relu or node.output in graph.outputs:
            rounded.append(node.output)
        if node.op == "Add" and not is_before_relu:
            sums.add(node.output)
        elif node.op == "Add":
            sums.add(after[0].output)
    return Points(tuple(rounded), tuple(name for name in rounded if name in sums))


def _check_numbers(graph: Graph, source: object) -> None:
    for name in graph.inputs:
        if graph.dtype(name) != np.float32:
            raise ValueError(
                f"{source}: network must be in float32, got input '{name}' in {graph.dtype(name)}. "
                "Export it in single precision."
            )
    for node in graph.of("Conv"):
        for name in filter(None, node.inputs[1:]):
            if name not in graph.constants:
                raise ValueError(
                    f"{source}: weights must be constants, got '{name}' of Conv '{node.output}', "
                    "which is computed. Run tools/onnx2onnx.py on the file first."
                )


def moves(node: Node) -> bool:
    """Tell whether a node's outputs hold the very numbers of its first input."""
    return node.op in MOVES or (node.op == "Resize" and node.attributes.get("mode") == "nearest")
