"""An ONNX model as the rules see it: nodes with shapes and readers, and what is folded away."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from utils.onnx_graph.npu.constants import find_tensors
from utils.onnx_graph.npu.load import load_model
from utils.onnx_graph.npu.node import NodeView, Tensors
from utils.onnx_graph.npu.risk import Spread, find_spreads
from utils.onnx_graph.npu.rules.axes import pads_by_axis, permutation

COMPUTE = {"Conv", "ConvTranspose", "Gemm", "MatMul", "MaxPool", "AveragePool"}
COMPUTE |= {"GlobalAveragePool", "GlobalMaxPool"}
NEUTRAL = {"Add": 0, "Sub": 0, "Mul": 1, "Div": 1}  # operand that changes nothing
NORMALIZED = {"Conv", "ConvTranspose", "Gemm"}  # take a following BatchNormalization into weights


@dataclass(frozen=True)
class GraphView:
    """A model ready to be judged.

    Attributes:
        name: file name, for the report.
        opset: version of ONNX's own operators.
        nodes: all nodes in the file's (topological) order.
        folded: node name to the reason why it costs nothing at run time.
        inputs: names of the inputs that are data.
        outputs: names of the outputs.
        tensors: shapes and constants.
        spreads: name of a convolution's output to how unevenly its weights reach.
    """

    name: str
    opset: int
    nodes: tuple[NodeView, ...]
    folded: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Tensors
    spreads: Mapping[str, Spread]


def read_graph(source: Path | str | bytes, name: str | None = None) -> GraphView:
    """Read and prepare a model.

    Args:
        source: path of an ONNX file or its bytes.
        name: shown in reports; the file's name if left out.

    Returns:
        The graph.

    Raises:
        FileNotFoundError: no such file.
        NpuCheckError: the file is broken, incomplete, or has no fixed shapes.
    """
    shown = name or ("model" if isinstance(source, bytes) else Path(source).name)
    model = load_model(source)
    tensors = find_tensors(model, shown)
    opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    nodes = _views(model.graph, opsets, tensors)
    outputs = tuple(value.name for value in model.graph.output)
    initialized = {tensor.name for tensor in model.graph.initializer}
    inputs = tuple(v.name for v in model.graph.input if v.name not in initialized)
    folded = _find_folded(nodes, outputs)
    opset, spreads = opsets.get("ai.onnx", 0), find_spreads(source)
    return GraphView(shown, opset, nodes, folded, inputs, outputs, tensors, spreads)


def _views(
    graph: onnx.GraphProto, opsets: dict[str, int], tensors: Tensors
) -> tuple[NodeView, ...]:
    readers: dict[str, set[str]] = {value.name: {"output"} for value in graph.output}
    for node in graph.node:
        for name in _all_inputs(node):
            readers.setdefault(name, set()).add(node.op_type)
    names = _unique_names(graph.node)
    tail = _tail(graph.node)
    views = []
    for index, node in enumerate(graph.node):
        domain = node.domain or "ai.onnx"
        reading = {op for output in node.output for op in readers.get(output, ())}
        views.append(
            NodeView(
                name=names[index],
                op=node.op_type if domain == "ai.onnx" else f"{domain}::{node.op_type}",
                opset=opsets.get(domain, 0),
                attributes={a.name: _attribute(a) for a in node.attribute},
                inputs=tuple(node.input),
                outputs=tuple(node.output),
                tensors=tensors,
                reader_ops=tuple(sorted(reading)),
                tail=tail[index],
            )
        )
    return tuple(views)


def _all_inputs(node: onnx.NodeProto) -> list[str]:
    """Return the tensors a node reads, those read inside its subgraphs included."""
    names = [n for n in node.input if n]
    for attribute in node.attribute:
        for graph in [attribute.g, *attribute.graphs]:
            for inner in graph.node:
                names += _all_inputs(inner)
    return names


def _attribute(attribute: onnx.AttributeProto) -> object:
    found = helper.get_attribute_value(attribute)
    return found.decode(errors="replace") if isinstance(found, bytes) else found


def _unique_names(nodes: Sequence[onnx.NodeProto]) -> list[str]:
    counts = Counter(node.name for node in nodes)
    return [
        node.name
        if node.name and counts[node.name] == 1
        else f"{node.name or node.op_type}#{index}"
        for index, node in enumerate(nodes)
    ]


def _tail(nodes: Sequence[onnx.NodeProto]) -> list[bool]:
    """Say of each node whether no heavy operator reads what it computes, however indirectly."""
    heavy: set[str] = set()  # tensors that a heavy operator depends on
    tail = []
    for node in reversed(nodes):
        leads = node.op_type in COMPUTE or any(o in heavy for o in node.output)
        if leads:
            heavy |= set(_all_inputs(node))
        tail.append(not leads)
    return tail[::-1]


def _find_folded(nodes: tuple[NodeView, ...], outputs: tuple[str, ...]) -> dict[str, str]:
    producers = {o: node for node in nodes for o in node.outputs if o}
    reads = Counter(n for node in nodes for n in node.inputs if n)
    reads.update(outputs)
    needed = _needed(nodes, outputs)
    folded = {}
    for node in nodes:
        if not any(o in needed for o in node.outputs):
            folded[node.name] = "dead end: no output depends on it"
        elif all(o in node.tensors.constants for o in node.outputs if o):
            folded[node.name] = "constant: computed before the network runs"
        elif reason := _no_operation(node):
            folded[node.name] = f"does nothing: {reason}"
        elif node.op == "BatchNormalization" and not node.attributes.get("training_mode", 0):
            before = producers.get(node.inputs[0])
            alone = reads[node.inputs[0]] == 1
            if before is not None and before.op in NORMALIZED and alone and before.is_constant(1):
                folded[node.name] = f"fused into the {before.op} before it"
    return folded


def _needed(nodes: tuple[NodeView, ...], outputs: tuple[str, ...]) -> set[str]:
    """Return the tensors that the outputs depend on; subgraphs keep all that stands before them."""
    if any(node.op in ("If", "Loop", "Scan") for node in nodes):
        return {o for node in nodes for o in node.outputs}
    needed = set(outputs)
    for node in reversed(nodes):
        if any(o in needed for o in node.outputs):
            needed |= set(node.inputs)
    return needed


def _no_operation(node: NodeView) -> str:
    """Return why a node changes nothing, or "" if it does something."""
    if node.op == "Identity":
        return "Identity"
    if node.op == "Dropout" and not _trains(node):
        return "Dropout is off at inference"
    if node.op == "Concat" and len(node.inputs) == 1:
        return "Concat of one"
    shape = node.shape_in(0)
    if shape is None or shape != node.shape_out():
        return ""
    if node.op in ("Reshape", "Flatten"):
        return "same shape before and after"
    if node.op == "Transpose" and permutation(node) == tuple(range(len(shape))):
        return "axes stay in place"
    if node.op == "Pad" and set(sum((pads_by_axis(node) or {0: (1, 1)}).values(), ())) <= {0}:
        return "pads of 0"
    if node.op in ("MaxPool", "AveragePool") and set(sum(node.window()[:2], ())) == {1}:
        return "window 1x1"
    if node.op in NEUTRAL and node.is_constant(1):
        value = node.value(1)
        if value is not None and np.all(value == NEUTRAL[node.op]):
            return f"{node.op} {NEUTRAL[node.op]}"
    return ""


def _trains(node: NodeView) -> bool:
    mode = node.value(2)
    return node.has_input(2) and (mode is None or bool(mode))
