"""Find what a graph computes without its input: constants, their small values, fixed shapes."""

import math
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from utils.onnx_graph.npu.errors import NpuCheckError, first_line
from utils.onnx_graph.npu.load import SMALL_ELEMENTS
from utils.onnx_graph.npu.node import Shape, Tensors

NEVER_CONSTANT = {"If", "Loop", "Scan", "RandomNormal", "RandomUniform"}
NEVER_CONSTANT |= {"RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial", "Dropout"}


def find_tensors(model: onnx.ModelProto, name: str) -> Tensors:
    """Return shapes, constants and small constant values of the main graph.

    Values found (a Shape of a fixed tensor, arithmetic on it) go back into shape inference until
    no shape is gained.

    Args:
        model: with fixed input shapes.
        name: of the file, for messages.

    Returns:
        What is known of each tensor.

    Raises: NpuCheckError: inconsistent shapes, or a graph input without a fixed shape.
    """
    _check_inputs(model, name)
    values: dict[str, np.ndarray] = {}
    shapes = _infer(model, values, name)
    while True:
        constants, values = _fold(model, shapes, name)
        more = _infer(model, values, name)
        if len(more) == len(shapes):
            return Tensors(more, frozenset(constants), values)
        shapes = more


def _check_inputs(model: onnx.ModelProto, name: str) -> None:
    initialized = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name in initialized or not value.type.HasField("tensor_type"):
            continue
        kind = value.type.tensor_type
        dims = [
            d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in kind.shape.dim
        ]
        fixed = kind.HasField("shape") and all(isinstance(d, int) and d > 0 for d in dims)
        if not fixed:
            found = "x".join(str(d) for d in dims) if kind.HasField("shape") else "no shape"
            raise NpuCheckError(
                f"{name}: input '{value.name}' must have a fixed shape, got {found}. "
                "Export with every size a number (batch 1): the NPU compiler takes no other."
            )


def _infer(model: onnx.ModelProto, values: Mapping[str, np.ndarray], name: str) -> dict[str, Shape]:
    """Return all fixed shapes, with computed constants put in place of the nodes that made them."""
    work = onnx.ModelProto()
    work.CopyFrom(model)
    work.ir_version = max(work.ir_version, 4)  # before 4 an initializer had to be an input as well
    given = {tensor.name for tensor in work.graph.initializer}
    nodes = [n for n in work.graph.node if not set(n.output) <= values.keys() | {""}]
    del work.graph.node[:]
    work.graph.node.extend(nodes)
    made = {o for n in work.graph.node for o in n.output}
    new = [k for k in values if k not in given and k not in made]
    work.graph.initializer.extend(numpy_helper.from_array(values[k], k) for k in new)
    try:
        work = onnx.shape_inference.infer_shapes(work, strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError as err:
        raise NpuCheckError(f"{name}: shapes must agree, but: {first_line(err)}") from err
    shapes = {tensor.name: tuple(tensor.dims) for tensor in work.graph.initializer}
    for value in [*work.graph.input, *work.graph.value_info, *work.graph.output]:
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim):
            shapes[value.name] = tuple(d.dim_value for d in kind.shape.dim)
    return shapes


def _fold(
    model: onnx.ModelProto, shapes: Mapping[str, Shape], name: str
) -> tuple[set[str], dict[str, np.ndarray]]:
    """Return the names that do not depend on the input and the values of the small ones."""
    constants = {tensor.name for tensor in model.graph.initializer}
    values = {
        t.name: numpy_helper.to_array(t)
        for t in model.graph.initializer
        if math.prod(t.dims) <= SMALL_ELEMENTS
    }
    own = ("", "ai.onnx")
    opsets = {entry.domain: entry.version for entry in model.opset_import if entry.domain in own}
    for node in model.graph.node:
        if node.domain not in own or node.op_type in NEVER_CONSTANT:
            continue
        if node.op_type in ("Shape", "Size"):
            if node.input[0] in shapes:
                constants |= set(node.output)
                values[node.output[0]] = _shape_value(node, shapes[node.input[0]])
            continue
        names = [n for n in node.input if n]
        if not set(names) <= constants:
            continue
        constants |= {o for o in node.output if o}
        sizes = [math.prod(shapes.get(o, ())) for o in node.output if o]
        if set(names) <= values.keys() and max(sizes) <= SMALL_ELEMENTS:
            values |= _evaluate(node, values, opsets, name)
    return constants, values


def _shape_value(node: onnx.NodeProto, shape: Shape) -> np.ndarray:
    if node.op_type == "Size":
        return np.array(math.prod(shape), np.int64)
    limits = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return np.array(shape[limits.get("start", 0) : limits.get("end", len(shape))], np.int64)


def _evaluate(
    node: onnx.NodeProto, values: Mapping[str, np.ndarray], opsets: dict[str, int], name: str
) -> dict[str, np.ndarray]:
    inputs = {n: values[n] for n in node.input if n}
    graph = helper.make_graph(
        [node],
        "constant",
        [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
            for n, v in inputs.items()
        ],
        [onnx.ValueInfoProto(name=o) for o in node.output if o],
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    try:
        results = ReferenceEvaluator(helper.make_model(graph, opset_imports=imports)).run(
            None, inputs
        )
    except Exception as err:  # the evaluator raises of every kind
        raise NpuCheckError(
            f"{name}: constant node {node.name or node.op_type} must be computable: "
            f"{first_line(err)}"
        ) from err
    outputs = [o for o in node.output if o]
    return {o: v for o, v in zip(outputs, results, strict=True) if isinstance(v, np.ndarray)}
