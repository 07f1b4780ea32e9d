"""A fixed-point network written as ONNX: QuantizeLinear and DequantizeLinear around each rounding.

Run without graph optimisation, the file computes what the integer network does: weights and
activations are integers times steps, and float32 holds the sums of such products.
"""

import numpy as np
import onnx

from utils.onnx_graph.graph import Graph, Node
from utils.quantization.plan import RoundingPlan
from utils.quantization.schemes import quantize

OPSET = 13  # the first whose DequantizeLinear takes a step for each channel
WIDE = "com.microsoft::"  # 16 bits: ONNX's own operators have them from opset 21 only
INTEGERS = {8: np.int8, 16: np.int16, 32: np.int32}


def write_fixed_point(graph: Graph, plan: RoundingPlan) -> onnx.ModelProto:
    """Insert the rounding of a plan into a network.

    Args:
        graph: the float network, opset 13 at least; changed in place.
        plan: its steps.

    Returns:
        The model.
    """
    for node in list(graph.of("Conv")):
        round_weights(graph, node, plan)
    for name, (step, bits) in plan.activations.items():
        _round_tensor(graph, name, step, bits)
    graph.remove_dead_ends()  # the float weights
    model = graph.to_model()
    if any(bits == 16 for _, bits in (*plan.activations.values(), *plan.weights.values())):
        model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    return model


def _op(kind: str, bits: int) -> str:
    return f"{WIDE if bits == 16 else ''}{kind}Linear"


def round_weights(graph: Graph, node: Node, plan: RoundingPlan) -> None:
    """Let a convolution read rounded weights and a rounded bias.

    Args:
        graph: changed in place.
        node: the convolution; its input is the float one.
        plan: the steps.
    """
    name = node.inputs[1]
    step, bits = plan.weights[name]
    shape = (-1, 1, 1, 1) if step.ndim else ()
    whole = quantize(graph.constants[name], step.reshape(shape), bits)
    node.inputs[1] = _dequantized(graph, node, whole, step, bits, "weight")
    if len(node.inputs) > 2 and node.inputs[2]:
        of_input = plan.activations[stored_tensor(graph, node.inputs[0], plan)][0]
        bias = graph.constants[node.inputs[2]]
        products = np.broadcast_to(step * np.float32(of_input), bias.shape)
        # the accumulator's own step; of 16-bit products it is so small that a bias may not fit
        bias_step = np.maximum(products, np.abs(bias) / 2**30).astype(np.float32)
        whole = quantize(bias, bias_step, 32)
        node.inputs[2] = _dequantized(graph, node, whole, bias_step, 32, "bias")


def round_input(graph: Graph, node: Node, plan: RoundingPlan) -> None:
    """Let one node alone read its first input rounded.

    Args:
        graph: changed in place.
        node: a reader of a tensor that is rounded, or holds the numbers of one.
        plan: the steps.
    """
    step, bits = plan.activations[stored_tensor(graph, node.inputs[0], plan)]
    scale = graph.constant("step", np.array(step, np.float32))
    zero = graph.constant("zero", np.zeros((), INTEGERS[bits]))
    fixed = graph.insert(node, _op("Quantize", bits), [node.inputs[0], scale, zero], "fixed")
    rounded = graph.insert(node, _op("Dequantize", bits), [fixed.output, scale, zero], "rounded")
    node.inputs[0] = rounded.output


def stored_tensor(graph: Graph, name: str, plan: RoundingPlan) -> str:
    """Find the rounded tensor whose numbers a tensor holds.

    Args:
        graph: the network.
        name: a tensor of it.
        plan: the steps.

    Returns:
        The tensor itself, or the one that slices and the like were fed with.
    """
    producers = graph.producers()
    while name not in plan.activations:
        name = producers[name].inputs[0]
    return name


def _dequantized(
    graph: Graph, before: Node, whole: np.ndarray, step: np.ndarray, bits: int, stem: str
) -> str:
    kind = INTEGERS[bits]
    zero = np.zeros(step.shape, kind)
    inputs = [
        graph.constant(f"{stem}_fixed", whole.astype(kind)),
        graph.constant(f"{stem}_step", step),
        graph.constant(f"{stem}_zero", zero),
    ]
    axis = {"axis": 0} if step.ndim else {}
    return graph.insert(before, _op("Dequantize", bits), inputs, f"{stem}_rounded", **axis).output


def _round_tensor(graph: Graph, name: str, step: float, bits: int) -> None:
    readers = [node for node in graph.nodes if name in node.inputs]
    rounded = graph.name(f"{name}_rounded")
    scale = graph.constant("step", np.array(step, np.float32))
    zero = graph.constant("zero", np.zeros((), INTEGERS[bits]))
    fixed = graph.name(f"{name}_fixed")
    source = name
    if name in graph.outputs:  # the file's output keeps its name
        source = graph.name(f"{name}_exact")
        maker = graph.producers()[name]
        maker.outputs = [source if each == name else each for each in maker.outputs]
        rounded = name
    producer = graph.producers().get(source)
    place = 0 if producer is None else graph.nodes.index(producer) + 1
    graph.nodes[place:place] = [
        Node(_op("Quantize", bits), [source, scale, zero], [fixed]),
        Node(_op("Dequantize", bits), [fixed, scale, zero], [rounded]),
    ]
    if rounded != name:
        for node in readers:
            node.inputs = [rounded if each == name else each for each in node.inputs]
