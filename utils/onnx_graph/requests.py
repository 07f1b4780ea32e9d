"""Rewrites made on request alone: what goes in, what comes out, how weights and products lie.

Source: the flags of Kneron's onnx2onnx.py and what its converter does for them.
"""

from collections.abc import Callable
from math import prod

import numpy as np
import onnx

from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.slices import add_concat, add_slice

TAIL_OPERATORS = {"Reshape", "Identity", "Transpose", "Flatten", "Dropout", "Squeeze", "Unsqueeze"}
TAIL_OPERATORS |= {"Softmax", "Expand"}
LUMA = (0.299, 0.587, 0.114)  # of R, G, B: ITU-R BT.601


def bgr(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let a network that was trained on RGB take BGR, or the other way round.

    The first convolution's weights are reordered; where the input feeds something else, a 1x1 Conv
    that reorders the channels is put in front.
    """
    return _edit_input(model, 3, _reverse_channels)


def centre_pixels(model: onnx.ModelProto) -> onnx.ModelProto:
    """Add 0.5 to the input: a network trained on 0..1 then takes the chip's pixels/256 - 0.5."""
    return _edit_input(
        model, 3, lambda graph, name: _mix(graph, name, np.eye(3), np.full(3, 0.5), "plus_half")
    )


def rgba2yynn(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let a network for luminance and near infrared (Y, Y, N, N) take R, G, B, N."""
    mix = np.zeros((4, 4))
    mix[:2, :3] = LUMA
    mix[2:, 3] = 1
    return _edit_input(model, 4, lambda graph, name: _mix(graph, name, mix, None, "yynn"))


def eliminate_tail(model: onnx.ModelProto) -> onnx.ModelProto:
    """Take the operators off the end that only the host needs to run; its program does them then.

    Raises: ValueError: nothing else would be left.
    """
    graph = Graph(model)
    made = onnx.ModelProto()
    made.CopyFrom(graph.to_model())
    del made.graph.output[:]
    makers = graph.producers()
    for name in graph.outputs:
        while (node := makers.get(name)) and node.op in TAIL_OPERATORS:
            name = node.inputs[0]
        if name not in makers:
            raise ValueError(
                f"output '{name}' must come from more than {', '.join(sorted(TAIL_OPERATORS))}, "
                "but the whole path to it would go. Leave --eliminate-tail-unsupported out."
            )
        if name not in {value.name for value in made.graph.output}:
            kind = onnx.helper.np_dtype_to_tensor_dtype(graph.dtype(name))
            sizes = list(graph.shape(name)) or None
            value = onnx.helper.make_tensor_value_info(name, kind, sizes)
            made.graph.output.append(value)
    shortened = Graph(made)
    shortened.remove_dead_ends()
    return shortened.to_model()


def duplicate_shared_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give every node constants of its own: toolchains before 0.18.2 want them so."""
    graph = Graph(model)
    seen: set[str] = set()
    for node in graph.nodes:
        for position, name in enumerate(node.inputs):
            if name in graph.constants:
                if name in seen:
                    node.inputs[position] = graph.constant(name, graph.constants[name])
                seen.add(name)
    return graph.to_model()


def opt_matmul(model: onnx.ModelProto) -> onnx.ModelProto:
    """Split a product of several matrices into single ones, for chips that multiply two at a time.

    Of each MatMul whose both factors have the same leading sizes, every pair becomes a MatMul of
    its own, and the results are joined.
    """
    graph = Graph(model)
    for node in graph.of("MatMul"):
        first, second = graph.sizes(node.inputs[0]), graph.shape(node.inputs[1])
        if first[:-2] == second[:-2] and prod(first[:-2]) > 1:
            graph.replace_reads(node.output, _multiply_apart(graph, node, *node.inputs))
            graph.remove([node])
    graph.refresh()
    return graph.to_model()


def _multiply_apart(graph: Graph, node: Node, first: str, second: str) -> str:
    """Multiply along the first axis that has more than one entry, one after another."""
    shape = graph.sizes(first)
    axis = next((i for i, size in enumerate(shape[:-2]) if size > 1), None)
    if axis is None:
        product = graph.insert(node, "MatMul", [first, second], f"{node.output}_one").output
        graph.shapes[product] = (*shape[:-1], graph.shape(second)[-1])
        return product
    parts = []
    for i in range(shape[axis]):
        pair = (add_slice(graph, node, name, {axis: (i, i + 1)}) for name in (first, second))
        parts.append(_multiply_apart(graph, node, *pair))
    return add_concat(graph, node, parts, axis, f"{node.output}_all")


def _edit_input(
    model: onnx.ModelProto, channels: int, edit: Callable[[Graph, str], None]
) -> onnx.ModelProto:
    graph = Graph(model)
    shape = graph.shape(graph.inputs[0]) if len(graph.inputs) == 1 else ()
    if len(shape) != 4 or shape[1] != channels:
        found = [graph.shape(name) for name in graph.inputs]
        raise ValueError(
            f"network must have one input of {channels} channels, got inputs of shape {found}. "
            "Leave the flag out."
        )
    edit(graph, graph.inputs[0])
    graph.refresh()
    return graph.to_model()


def _reverse_channels(graph: Graph, name: str) -> None:
    readers = graph.readers()[name]
    found = [graph.value(node, 1) if node.op == "Conv" else None for node in readers]
    weights = [weight for weight in found if weight is not None and weight.shape[1] == 3]
    if len(weights) < len(readers):
        _mix(graph, name, np.eye(3)[::-1], None, "reversed")
        return
    for node, weight in zip(readers, weights, strict=True):
        node.inputs[1] = graph.constant(f"{node.inputs[1]}_reversed", weight[:, ::-1].copy())


def _mix(graph: Graph, name: str, mix: np.ndarray, bias: np.ndarray | None, stem: str) -> None:
    """Put a 1x1 Conv behind an input."""
    readers = graph.readers()[name]
    kind = graph.dtype(name)
    constants = [graph.constant(f"{stem}_w", mix.astype(kind)[:, :, None, None])]
    if bias is not None:
        constants.append(graph.constant(f"{stem}_b", bias.astype(kind)))
    made = graph.insert(graph.nodes[0], "Conv", [name, *constants], stem)
    for node in readers:
        node.inputs = [made.output if given == name else given for given in node.inputs]
