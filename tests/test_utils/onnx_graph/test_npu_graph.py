"""Reading of ONNX graphs: what is folded, what is constant, what is refused."""

import re
from pathlib import Path

import npu_models
import numpy as np
import onnx
import onnx.parser
import pytest

from utils.onnx_graph.npu.cost import bytes_moved, multiply_adds
from utils.onnx_graph.npu.errors import NpuCheckError
from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.tables import load_table
from utils.onnx_graph.npu.verdict import judge, opset_warning

model = npu_models.model
WEIGHT = "w = ConstantOfShape(s) "
SMALL = "int64[4] s = {8, 8, 1, 1}"
EIGHT = npu_models.EIGHT


def folded(source: bytes) -> dict[str, str]:
    """Operator to the reason why it is folded."""
    graph = read_graph(source)
    return {n.op: graph.folded[n.name] for n in graph.nodes if n.name in graph.folded}


FOLDED = {
    "constant node": (
        model("k = Constant<value_float=2.0>() y = Mul(x, k)"),
        {"Constant": "constant: computed before the network runs"},
    ),
    "arithmetic on a fixed shape": (
        model(
            "n = Shape(x) a = Constant<value_ints=[1]>() b = Gather(n, a)"
            " z = Constant<value_ints=[-1]>() k = Concat<axis=0>(b, z) y = Reshape(x, k)",
            x="2,8,3,5",
        ),
        dict.fromkeys(
            ("Shape", "Constant", "Gather", "Concat"), "constant: computed before the network runs"
        ),
    ),
    "identity": (model("i = Identity(x) y = Relu(i)"), {"Identity": "does nothing: Identity"}),
    "dropout": (
        model("d = Dropout(x) y = Relu(d)"),
        {"Dropout": "does nothing: Dropout is off at inference"},
    ),
    "dropout that trains": (
        model('d = Dropout(x, "", t) y = Relu(d)', fixed="bool t = {1}"),
        {},
    ),
    "dead end": (
        model("d = Sigmoid(x) y = Relu(x)"),
        {"Sigmoid": "dead end: no output depends on it"},
    ),
    "reshape to the same": (
        model("d = Reshape(x, k) y = Relu(d)", "1,8,4,4", "int64[4] k = {1,8,4,-1}"),
        {"Reshape": "does nothing: same shape before and after"},
    ),
    "transpose in place": (
        model("d = Transpose<perm=[0,1,2,3]>(x) y = Relu(d)"),
        {"Transpose": "does nothing: axes stay in place"},
    ),
    "transpose that moves equal sides": (
        model("d = Transpose<perm=[0,1,3,2]>(x) y = Relu(d)", "1,8,4,4"),
        {},
    ),
    "pads of 0": (
        model("d = Pad(x, k) y = Relu(d)", fixed="int64[8] k = {0,0,0,0,0,0,0,0}"),
        {"Pad": "does nothing: pads of 0"},
    ),
    "window of one pixel": (
        model("d = MaxPool<kernel_shape=[1,1]>(x) y = Relu(d)"),
        {"MaxPool": "does nothing: window 1x1"},
    ),
    "concat of one": (
        model("d = Concat<axis=1>(x) y = Relu(d)"),
        {"Concat": "does nothing: Concat of one"},
    ),
    "add 0": (
        model("d = Add(x, k) y = Relu(d)", fixed="float k = {0}"),
        {"Add": "does nothing: Add 0"},
    ),
    "add 1": (model("d = Add(x, k) y = Relu(d)", fixed="float k = {1}"), {}),
    "multiply by 1": (
        model("d = Mul(x, k) y = Relu(d)", fixed="float k = {1}"),
        {"Mul": "does nothing: Mul 1"},
    ),
    "normalisation after a convolution": (
        model(
            WEIGHT + "c = Conv(x, w) y = BatchNormalization(c, k, k, k, k)",
            fixed=f"{SMALL}, {EIGHT}",
        ),
        {
            "ConstantOfShape": "constant: computed before the network runs",
            "BatchNormalization": "fused into the Conv before it",
        },
    ),
    "normalisation that others bypass": (
        model(
            WEIGHT + "c = Conv(x, w) b = BatchNormalization(c, k, k, k, k) y = Add(b, c)",
            fixed=f"{SMALL}, {EIGHT}",
        ),
        {"ConstantOfShape": "constant: computed before the network runs"},
    ),
    "normalisation on its own": (model(npu_models.BN, fixed=EIGHT), {}),
    "random numbers are no constant": (
        model("r = RandomNormal<shape=[1,8,64,48]>() y = Add(x, r)"),
        {},
    ),
}


@pytest.mark.parametrize(("source", "expected"), FOLDED.values(), ids=FOLDED)
def test_what_is_folded(source, expected):
    assert folded(source) == expected


def test_sizes_computed_from_fixed_shapes_are_known():
    # As PyTorch exports an upsampling to the size of another tensor.
    source = model(
        "n = Shape(x) b = Slice(n, u, v) h = Slice(n, v, e) f = Mul(h, t) k = Concat<axis=0>(b, f)"
        ' y = Resize<mode="nearest", coordinate_transformation_mode="asymmetric",'
        ' nearest_mode="floor">(x, "", "", k)',
        fixed="int64[1] u = {0}, int64[1] v = {2}, int64[1] e = {4}, int64[2] t = {2, 1}",
    )
    assert read_graph(source).nodes[-1].shape_out() == (1, 8, 128, 48)


def test_costs_by_hand():
    # 4 outputs x (8 inputs / 2 groups) x 3 x 3 weights at 31 x 23 places
    source = npu_models.conv("3,3", "2,2", channels=4, group=2)
    node = read_graph(source).nodes[-1]
    assert node.shape_out() == (1, 4, 31, 23)
    assert multiply_adds(node) == 4 * 4 * 9 * 31 * 23
    assert bytes_moved(node) == 8 * 64 * 48 + 4 * 4 * 9 + 4 * 31 * 23


COSTS = {
    "ConvTranspose": (npu_models.transposed("2,2"), 8 * 64 * 48 * 8 * 9),
    "MatMul": (model("y = MatMul(x, x)", "1,8,6,6"), 8 * 6 * 6 * 6),
    "Gemm": (
        model(WEIGHT + "y = Gemm<transB=1>(x, w)", "2,8", "int64[2] s = {3, 8}"),
        2 * 3 * 8,
    ),
    "Gemm of a transposed": (
        model(WEIGHT + "y = Gemm<transA=1>(x, w)", "8,2", "int64[2] s = {8, 3}"),
        2 * 3 * 8,
    ),
    "Relu": (model("y = Relu(x)"), 0),
}


@pytest.mark.parametrize(("source", "expected"), COSTS.values(), ids=COSTS)
def test_multiply_adds(source, expected):
    assert multiply_adds(read_graph(source).nodes[-1]) == expected


CROSSINGS = {
    "all on one side": ("a = Relu(x) y = Neg(a)", 0),
    "there and back": ("a = Relu(x) b = Sigmoid(a) y = Relu(b)", 2),
    "one tensor read twice crosses once": (
        "a = Relu(x) b = Sigmoid(a) c = Tanh(a) y = Add(b, c)",
        3,
    ),
    "folded nodes hand on": ("a = Relu(x) i = Identity(a) b = Sigmoid(i) y = Tanh(b)", 1),
    "inputs and outputs are not counted": ("y = Sigmoid(x)", 0),
}


@pytest.mark.parametrize(("node", "expected"), CROSSINGS.values(), ids=CROSSINGS)
def test_crossings_on_520(node, expected):
    report = judge(read_graph(model(node)), "520", load_table("2026-03"))
    assert report.summary.crossings == report.summary.crossings_if_npu == expected


def test_disputed_nodes_have_crossings_of_both_kinds():
    source = model(f'a = Relu(x) r = Resize<{npu_models.NEAREST}>(a, "", k) y = Relu(r)',
                   fixed="float[4] k = {1,1,2,2}")  # fmt: skip
    summary = judge(read_graph(source), "520", load_table("2026-03")).summary
    assert summary.nodes == {"NPU": 2, "CPU": 0, "disputed": 1, "folded": 0}
    assert (summary.crossings, summary.crossings_if_npu) == (2, 0)


def test_functions_of_the_model_are_inlined():
    text = """<ir_version: 8, opset_import: ["": 17, "own": 1]>
    g (float[1,8,4,4] x) => (float[1,8,4,4] y) { y = own.swish(x) }
    <domain: "own", opset_import: ["": 17]>
    swish (a) => (b) { s = Sigmoid(a) b = Mul(a, s) }"""
    graph = read_graph(onnx.parser.parse_model(text).SerializeToString())
    assert [n.op for n in graph.nodes] == ["Sigmoid", "Mul"]


def test_old_files_without_initializers_beyond_their_inputs():
    proto = onnx.load_model_from_string(
        model("k = Constant<value = float[2] {1, 2}>() m = Neg(k) y = Add(x, m)", "3,2", opset=7)
    )
    proto.ir_version = 3
    assert read_graph(proto.SerializeToString()).nodes[-1].shape_out() == (3, 2)


def test_constants_are_computed_whatever_other_operator_sets_are_called():
    source = model("k = Constant<value_float=2.0>() y = Mul(x, k)").replace(b"com.x", b"com.\xff")
    assert read_graph(source).tensors.values["k"] == 2


def test_unnamed_and_doubled_names_are_made_unique():
    proto = onnx.load_model_from_string(model("a = Relu(x) b = Relu(a) y = Relu(b)"))
    proto.graph.node[0].name = proto.graph.node[1].name = "same"
    names = [n.name for n in read_graph(proto.SerializeToString()).nodes]
    assert names == ["same#0", "same#1", "Relu#2"]


@pytest.mark.parametrize(
    ("opset", "table", "words"),
    [
        (18, "2026-03", ""),
        (19, "2026-03", "opset 19 is outside 8 to 18.*export with opset 18"),
        (13, "2022-11", "opset 13 is outside 8 to 12.*export with opset 12"),
        (7, "2026-03", "opset 7 is outside 8 to 18.*export with opset 8"),
    ],
)
def test_opset_the_toolchain_does_not_state(opset, table, words):
    line = opset_warning(read_graph(model("y = Relu(x)", opset=opset)), load_table(table))
    assert re.search(words, line) if words else line == ""


def saved(tmp_path: Path) -> Path:
    """A model whose one weight of 128 KiB lies beside the file."""
    weight = onnx.numpy_helper.from_array(np.zeros((64, 512, 1, 1), np.float32), "w")
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"])
    sides = [
        onnx.helper.make_tensor_value_info(n, 1, s)
        for n, s in (("x", [1, 512, 2, 2]), ("y", [1, 64, 2, 2]))
    ]
    graph = onnx.helper.make_graph([node], "g", sides[:1], sides[1:], [weight])
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    path = tmp_path / "m.onnx"
    onnx.save(proto, path, save_as_external_data=True, location="m.data", size_threshold=0)
    return path


def test_external_data_is_not_needed_beyond_its_presence(tmp_path):
    node = read_graph(saved(tmp_path)).nodes[0]
    assert (multiply_adds(node), node.is_constant(1)) == (64 * 512 * 4, True)


def test_external_data_missing(tmp_path):
    path = saved(tmp_path)
    (tmp_path / "m.data").unlink()
    with pytest.raises(NpuCheckError, match="external data must lie beside .* m.data is missing"):
        read_graph(path)


def test_external_data_too_short(tmp_path):
    path = saved(tmp_path)
    (tmp_path / "m.data").write_bytes(b"short")
    with pytest.raises(NpuCheckError, match="m.data must have 131072 bytes for tensor w, got 5"):
        read_graph(path)


def test_external_data_of_bytes(tmp_path):
    with pytest.raises(NpuCheckError, match="data must be inside the model, w is external"):
        read_graph(saved(tmp_path).read_bytes())


def test_large_weights_stay_on_the_disk(tmp_path):
    weight = onnx.numpy_helper.from_array(np.zeros((256, 512, 1, 1), np.float32), "w")
    path = saved(tmp_path)
    proto = onnx.load(path)
    proto.graph.initializer[0].CopyFrom(weight)
    proto.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 256
    graph = read_graph(proto.SerializeToString())
    assert "w" not in graph.tensors.values
    assert multiply_adds(graph.nodes[0]) == 256 * 512 * 4


BROKEN = {
    "no model": (b"hello world", "file must be an ONNX model, got other bytes"),
    "nothing": (b"", "file must be an ONNX model with nodes, got none"),
    "cut off": (model("y = Relu(x)")[:40], "file must be an ONNX model, got other bytes"),
    "input from nowhere": (
        model("y = Relu(x)").replace(b"\n\x01x\x12\x01y", b"\n\x01q\x12\x01y"),
        "file must be a valid ONNX model: Nodes in a graph must be topologically sorted",
    ),
    "sizes that disagree": (
        model("y = Add(x, k)", fixed="float[7] k = {1,1,1,1,1,1,1}"),
        "shapes must agree, but: ",
    ),
    "named batch": (
        model("y = Relu(x)", x="batch,8,4,4"),
        "input 'x' must have a fixed shape, got batchx8x4x4. Export with every size a number",
    ),
    "batch of 0": (model("y = Relu(x)", x="0,8,4,4"), "input 'x' must have a fixed shape, got 0x8"),
    "rank unknown": (
        model("y = Relu(x)", more=", float[] z"),
        "Field 'shape' of 'type' is required",
    ),
}


@pytest.mark.parametrize(("source", "words"), BROKEN.values(), ids=BROKEN)
def test_refused(source, words):
    with pytest.raises(NpuCheckError) as caught:
        read_graph(source)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="model must be an ONNX file, got none there"):
        read_graph(tmp_path / "nix.onnx")


def test_names_the_file(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"hello world")
    with pytest.raises(NpuCheckError, match="broken.onnx: file must be an ONNX model"):
        read_graph(path)
