"""What a node costs: multiply-adds and bytes, whatever chip runs it."""

import math

from utils.onnx_graph.npu.node import NodeView

WEIGHTED = {"Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "PRelu"}
WEIGHTED |= {"InstanceNormalization", "LayerNormalization", "Add", "Sub", "Mul", "Div"}


def multiply_adds(node: NodeView) -> int:
    """Return the multiply-adds of a convolution or matrix product; 0 for every other operator."""
    first, second, out = node.shape_in(0), node.shape_in(1), node.shape_out()
    if first is None or second is None or out is None:
        return 0
    if node.op == "Conv":
        return math.prod(out) * math.prod(second[1:])
    if node.op == "ConvTranspose":
        return math.prod(first) * math.prod(second[1:])
    if node.op == "Gemm":
        return math.prod(out) * first[0 if node.attributes.get("transA", 0) else 1]
    if node.op == "MatMul":
        return math.prod(out) * first[-1]
    return 0


def bytes_moved(node: NodeView) -> int:
    """Return the bytes read and written once each at 8 bits: data in, data out, weights.

    A tensor of unknown shape counts nothing.
    """
    names = {*node.data_inputs(), *(o for o in node.outputs if o)}
    if node.op in WEIGHTED:
        names |= {n for n in node.inputs if n}
    return sum(math.prod(node.tensors.shapes[n]) for n in names if n in node.tensors.shapes)
