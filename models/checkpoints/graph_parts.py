"""What a graph's weights are before anything runs, and convolutions that it runs in parts."""

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator


def known_values(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Read a graph's stored tensors, and compute those that are made from them alone.

    Args:
        model: with its weights inside.

    Returns:
        The value of each such tensor, by name.
    """
    opsets = {"": next(e.version for e in model.opset_import if e.domain in ("", "ai.onnx"))}
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        names = {name for name in node.input if name}
        is_known = names <= set(values) and (names or node.op_type == "Constant")
        if is_known and not node.domain and not any(a.HasField("g") for a in node.attribute):
            values.update(_compute(node, {name: values[name] for name in names}, opsets))
    return values


def _compute(
    node: onnx.NodeProto, feeds: dict[str, np.ndarray], opsets: dict[str, int]
) -> dict[str, np.ndarray]:
    value = onnx.helper.make_empty_tensor_value_info
    names = [name for name in node.output if name]
    graph = onnx.helper.make_graph([node], "one", [*map(value, feeds)], [*map(value, names)])
    return dict(zip(names, ReferenceEvaluator(graph, opsets).run(None, feeds), strict=True))


def join_parts(
    graph: onnx.GraphProto, values: dict[str, np.ndarray]
) -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """Put a convolution back together that runs in parts, each of which gives one channel.

    A part is a Conv with a slice of the weights and a DepthToSpace behind it; a Concat ends them
    (see ``SubpixelConv``). The whole is a Conv of all weights in the Concat's place.

    Args:
        graph: it stays as it is.
        values: the tensors that are known.

    Returns:
        The nodes, to be read and not to be run, and the known tensors with the joined weights.
    """
    makers = {name: node for node in graph.node for name in node.output}
    wholes: dict[str, onnx.NodeProto] = {}
    gone: set[str] = set()
    values = dict(values)
    for node in graph.node:
        blocks = [makers.get(name) for name in node.input] if node.op_type == "Concat" else []
        parts = [_part_before(block, makers, values) for block in blocks]
        if not parts or not all(part and _are_alike(part, parts[0]) for part in parts):
            continue
        whole = onnx.NodeProto()
        whole.CopyFrom(parts[0])
        whole.output[0] = node.output[0]
        for place in range(1, len(whole.input)):
            whole.input[place] = f"{node.output[0]}_joined_{place}"
            values[whole.input[place]] = np.concatenate([values[p.input[place]] for p in parts])
        wholes[node.output[0]] = whole
        gone |= {name for part in (*parts, *blocks) for name in part.output}
    kept = (node for node in graph.node if not gone & set(node.output))
    return [wholes.get(node.output[0], node) for node in kept], values


def _part_before(
    block: onnx.NodeProto | None,
    makers: dict[str, onnx.NodeProto],
    values: dict[str, np.ndarray],
) -> onnx.NodeProto | None:
    """Find the Conv of known weights whose channels a DepthToSpace makes one channel of."""
    if block is None or block.op_type != "DepthToSpace":
        return None
    conv = makers.get(block.input[0])
    if conv is None or conv.op_type != "Conv" or not set(conv.input[1:]) <= set(values):
        return None
    size = next(a.i for a in block.attribute if a.name == "blocksize")
    return conv if len(values[conv.input[1]]) == size**2 else None


def _are_alike(one: onnx.NodeProto, other: onnx.NodeProto) -> bool:
    return (
        one.input[0] == other.input[0]
        and len(one.input) == len(other.input)
        and list(one.attribute) == list(other.attribute)
    )
