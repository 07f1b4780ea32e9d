"""The cures are true: each network below is cured as its verdict says, and computes the same."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.tables import load_table
from utils.onnx_graph.npu.verdict import judge


def node(op: str, inputs: str, output: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(op, inputs.split(), output.split(), **attributes)


def build(nodes: list, x_shape: list[int], constants: dict[str, np.ndarray]) -> bytes:
    sides = [
        helper.make_tensor_value_info("x", 1, x_shape),
        helper.make_tensor_value_info("y", 1, [None] * 4),
    ]
    weights = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "g", sides[:1], sides[1:], weights)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    del proto.graph.output[0].type.tensor_type.shape.dim[:]
    proto = onnx.shape_inference.infer_shapes(proto, data_prop=True)
    rank = len(ReferenceEvaluator(proto).run(None, {"x": np.zeros(x_shape, np.float32)})[0].shape)
    if len(proto.graph.output[0].type.tensor_type.shape.dim) != rank:
        for _ in range(rank):
            proto.graph.output[0].type.tensor_type.shape.dim.add()
    return proto.SerializeToString()


def eye(rows, size=1) -> np.ndarray:
    """1x1 Conv weights that pick the channels ``rows`` of 8."""
    return np.eye(8, dtype=np.float32)[rows].reshape(len(rows), 8, size, size)


def mean(k: int) -> np.ndarray:
    return np.full((8, 1, k, k), 1 / k**2, np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


NEAREST = dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
CORNERS = dict(mode="linear", coordinate_transformation_mode="align_corners")
GENERATOR = np.random.default_rng(0)
DENSE = GENERATOR.standard_normal((5, 8 * 4 * 3)).astype(np.float32)
BLOCK = np.zeros((32, 8, 2, 2), np.float32)  # SpaceToDepth(2): channel (i*2+j)*8+c takes pixel i, j
for i in range(2):
    for j in range(2):
        BLOCK[(i * 2 + j) * 8 + np.arange(8), np.arange(8), i, j] = 1
SHUFFLE_BLOCK = np.zeros((8, 2, 2, 2), np.float32)  # pixel_shuffle(2) of 8 channels to 2
for c in range(8):
    SHUFFLE_BLOCK[c, c // 4, c % 4 // 2, c % 2] = 1
REST = {"scale": np.ones(8, np.float32), "zero": np.zeros(8, np.float32)}
SHAPE = [1, 8, 16, 12]

# name: chip, table, words of the cure, shape of x, (nodes, constants) before, the same after
CASES = {
    "pooling 8x8 as convolutions": (
        "520", "2022-11", "a depthwise Conv with weights 1/(k*k)", [1, 8, 64, 48],
        ([node("AveragePool", "x", "y", kernel_shape=[8, 8], strides=[8, 8])], {}),
        ([node("Conv", "x a", "h", strides=[4, 4], group=8),
          node("Conv", "h b", "y", strides=[2, 2], group=8)], {"a": mean(4), "b": mean(2)}),
    ),
    "global pooling in stages": (
        "520", "2026-03", "a mean in stages: pool 4x4 with stride 4", [1, 8, 64, 48],
        ([node("GlobalAveragePool", "x", "y")], {}),
        ([node("AveragePool", "x", "h", kernel_shape=[4, 4], strides=[4, 4]),
          node("GlobalAveragePool", "h", "y")], {}),
    ),
    "channel shuffle": (
        "720", "2026-03", "one 1x1 Conv with a permutation matrix", SHAPE,
        ([node("Reshape", "x a", "h"), node("Transpose", "h", "k", perm=[0, 2, 1, 3, 4]),
          node("Reshape", "k b", "l"), node("Conv", "l w", "y")],
         {"a": ints(1, 2, 4, 16, 12), "b": ints(1, 8, 16, 12), "w": eye(range(8))}),
        ([node("Conv", "x w", "y")], {"w": eye([0, 4, 1, 5, 2, 6, 3, 7])}),
    ),
    "split as slices": (
        "720", "2026-03", "one Slice per output, exact", SHAPE,
        ([node("Split", "x", "a b", axis=1), node("Concat", "b a", "y", axis=1)], {}),
        ([node("Slice", "x 0 4 1", "a"), node("Slice", "x 4 8 1", "b"),
          node("Concat", "b a", "y", axis=1)],
         {"0": ints(0), "4": ints(4), "8": ints(8), "1": ints(1)}),
    ),
    "split as convolutions": (
        "520", "2026-03", "one 1x1 Conv per output whose weights select its channels", SHAPE,
        ([node("Split", "x", "a b", axis=1), node("Concat", "b a", "y", axis=1)], {}),
        ([node("Conv", "x u", "a"), node("Conv", "x v", "b"), node("Concat", "b a", "y", axis=1)],
         {"u": eye(range(4)), "v": eye(range(4, 8))}),
    ),
    "nearest in two steps": (
        "720", "2026-03", "two nodes, rows then columns", SHAPE,
        ([node("Resize", "x  s", "y", **NEAREST)], {"s": floats(1, 1, 4, 4)}),
        ([node("Resize", "x  s", "h", **NEAREST), node("Resize", "h  t", "y", **NEAREST)],
         {"s": floats(1, 1, 4, 1), "t": floats(1, 1, 1, 4)}),
    ),
    "linear in two steps": (
        "720", "2026-03", "two nodes, rows then columns", SHAPE,
        ([node("Resize", "x  s", "y", **CORNERS)], {"s": floats(1, 1, 2, 2)}),
        ([node("Resize", "x  s", "h", **CORNERS), node("Resize", "h  t", "y", **CORNERS)],
         {"s": floats(1, 1, 2, 1), "t": floats(1, 1, 1, 2)}),
    ),
    "constant factor as normalisation": (
        "520", "2026-03", "a constant per channel: BatchNormalization", SHAPE,
        ([node("Mul", "x k", "y")], {"k": np.arange(8, dtype=np.float32).reshape(8, 1, 1)}),
        ([node("BatchNormalization", "x k zero zero scale", "y", epsilon=0.0)],
         {"k": np.arange(8, dtype=np.float32), **REST}),
    ),
    "pooling 5x5 as two of 3x3": (
        "720", "2022-11", "a chain of 3x3 poolings with stride 1", SHAPE,
        ([node("MaxPool", "x", "y", kernel_shape=[5, 5], pads=[2] * 4)], {}),
        ([node("MaxPool", "x", "h", kernel_shape=[3, 3], pads=[1] * 4),
          node("MaxPool", "h", "y", kernel_shape=[3, 3], pads=[1] * 4)], {}),
    ),
    "channels last in two swaps": (
        "720", "2026-03", "several Transposes", SHAPE,
        ([node("Transpose", "x", "h", perm=[0, 2, 3, 1]),
          node("MaxPool", "h", "y", kernel_shape=[3, 3])], {}),
        ([node("Transpose", "x", "a", perm=[0, 2, 1, 3]),
          node("Transpose", "a", "h", perm=[0, 1, 3, 2]),
          node("MaxPool", "h", "y", kernel_shape=[3, 3])], {}),
    ),
    "flatten and product as a convolution": (
        "520", "2026-03", "a Conv whose kernel is the map in place", [1, 8, 4, 3],
        ([node("Flatten", "x", "h"), node("Gemm", "h w", "y", transB=1)], {"w": DENSE}),
        ([node("Conv", "x w", "y")], {"w": DENSE.reshape(5, 8, 4, 3)}),
    ),
    "magnitude": (
        "720", "2026-03", "Relu(x) + Relu(-x)", SHAPE,
        ([node("Abs", "x", "y")], {}),
        ([node("Neg", "x", "m"), node("Relu", "m", "n"), node("Relu", "x", "p"),
          node("Add", "n p", "y")], {}),
    ),
    "maximum of two": (
        "720", "2026-03", "Relu(a - b) + b", SHAPE,
        ([node("Neg", "x", "m"), node("Max", "x m", "y")], {}),
        ([node("Neg", "x", "m"), node("Sub", "x m", "d"), node("Relu", "d", "r"),
          node("Add", "r m", "y")], {}),
    ),
    "hard sigmoid": (
        "520", "2026-03", "Clip(alpha*x + beta, 0, 1)", SHAPE,
        ([node("HardSigmoid", "x", "y", alpha=0.25, beta=0.5)], {}),
        ([node("BatchNormalization", "x a b zero scale", "h", epsilon=0.0),
          node("Clip", "h 0 1", "y")],
         {"a": np.full(8, 0.25, np.float32), "b": np.full(8, 0.5, np.float32), **REST,
          "0": np.float32(0), "1": np.float32(1)}),
    ),
    "space to depth": (
        "720", "2026-03", "a Conv with one-hot weights, kernel and stride of the block", SHAPE,
        ([node("SpaceToDepth", "x", "y", blocksize=2)], {}),
        ([node("Conv", "x w", "y", strides=[2, 2])], {"w": BLOCK}),
    ),
    "depth to space": (
        "720", "2026-03", "ConvTranspose with one-hot weights", SHAPE,
        ([node("DepthToSpace", "x", "y", blocksize=2, mode="CRD")], {}),
        ([node("ConvTranspose", "x w", "y", strides=[2, 2])], {"w": SHUFFLE_BLOCK}),
    ),
}  # fmt: skip


def with_gaps(made: tuple) -> tuple:
    """Give Resize its left-out region of interest."""
    nodes, constants = made
    for each in nodes:
        if each.op_type == "Resize":
            x, scales = each.input
            del each.input[:]
            each.input.extend([x, "", scales])
    return nodes, constants


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cure_is_exact_and_runs_on_the_npu(case):
    chip, table, words, shape, before, after = case
    sources = [build(made[0], shape, made[1]) for made in (with_gaps(before), with_gaps(after))]
    ill, well = (judge(read_graph(s), chip, load_table(table)) for s in sources)
    assert any(words in v.cure for v in ill.verdicts)
    assert ill.summary.nodes["CPU"] + ill.summary.nodes["disputed"] > 0
    assert (well.summary.nodes["CPU"], well.summary.nodes["disputed"]) == (0, 0)
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    old, new = (
        ReferenceEvaluator(onnx.load_model_from_string(s)).run(None, {"x": x})[0] for s in sources
    )
    # Sums of up to 3,072 float32 terms in another order.
    np.testing.assert_allclose(new.reshape(old.shape), old, atol=1e-5)
