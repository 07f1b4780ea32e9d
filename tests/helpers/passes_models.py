"""What the tests of the ONNX passes share: small graphs in ONNX's text form, one pass on them."""

from collections import Counter

import numpy as np
import onnx
import onnx.parser
from onnx import numpy_helper

from utils.onnx_graph.check import largest_gap, random_feeds, run_model
from utils.onnx_graph.graph import Graph
from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.tables import load_table
from utils.onnx_graph.npu.verdict import judge
from utils.onnx_graph.passes.order import PASSES

RUN = {one.name: one.run for one in PASSES}
TABLES = ("2022-11", "2026-03")


def model(
    nodes: str, x: str = "1,8,6,4", weights: dict | None = None, opset: int = 13, outputs: str = "y"
) -> onnx.ModelProto:
    """Input x, constants by name, outputs of unknown shape."""
    ends = ", ".join(f"float[] {name}" for name in outputs.split(","))
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{x}] x) => ({ends}) {{ {nodes} }}'
    )
    parsed = onnx.parser.parse_model(text)
    for value in parsed.graph.output:
        value.type.tensor_type.ClearField("shape")
    for name, value in (weights or {}).items():
        parsed.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return onnx.shape_inference.infer_shapes(parsed, strict_mode=True, data_prop=True)


def half(source: onnx.ModelProto) -> onnx.ModelProto:
    """Return the same model in half precision."""
    made = onnx.ModelProto.FromString(source.SerializeToString())
    for value in [*made.graph.input, *made.graph.output]:
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    for tensor in made.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), tensor.name))
    del made.graph.value_info[:]
    return onnx.shape_inference.infer_shapes(made, strict_mode=True, data_prop=True)


def run_pass(source: onnx.ModelProto, *names: str, npu: str | None = None) -> tuple:
    """Run passes one after another.

    Returns: the new model, how many rewrites, largest difference of the outputs.
    """
    graph = Graph(source)
    count = 0
    for name in names:
        count += RUN[name](graph, npu)
        graph.refresh()
    made = graph.to_model()
    onnx.checker.check_model(made, full_check=True)
    feeds = random_feeds(source)
    return made, count, largest_gap(run_model(source, feeds), run_model(made, feeds))


def ops(source: onnx.ModelProto) -> dict[str, int]:
    """Return how many nodes of each operator there are, Constant left out."""
    return dict(Counter(n.op_type for n in source.graph.node if n.op_type != "Constant"))


def factors(source: onnx.ModelProto) -> int:
    """Count Mul and Div by a constant."""
    known = {tensor.name for tensor in source.graph.initializer}
    nodes = (node for node in source.graph.node if node.op_type in ("Mul", "Div"))
    return sum(not known.isdisjoint(node.input) for node in nodes)


def cpu_nodes(source: onnx.ModelProto, chip: str, table: str) -> list[str]:
    """Return what does not run on the NPU for sure: "operator: rule"."""
    report = judge(read_graph(source.SerializeToString()), chip, load_table(table))
    return [f"{v.op}: {v.rule}" for v in report.verdicts if v.side not in ("NPU", "folded")]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Return seeded normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
