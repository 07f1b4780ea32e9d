"""One-node models for the tests of the NPU rules, written in ONNX's text form."""

import onnx
import onnx.parser

from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.tables import load_table
from utils.onnx_graph.npu.verdict import judge

CHIPS = ["520", "720", "530", "630", "730"]
LETTER = {"NPU": "N", "CPU": "C", "disputed": "D", "folded": "-"}


def model(
    node: str, x: str = "1,8,64,48", fixed: str = "", opset: int = 17, more: str = ""
) -> bytes:
    """Input x, constants ("int64[2] k = {1, 2}", comma separated), and y at its end."""
    constants = f"<{fixed}>" if fixed else ""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}, "com.x": 1]> '
        f"g (float[{x}] x{more}) => (float[] y) {constants} {{ {node} }}"
    )
    parsed = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(text), data_prop=True)
    if not parsed.graph.output[0].type.tensor_type.HasField("shape"):
        parsed.graph.output[0].type.tensor_type.shape.dim.add(dim_value=1)
    return parsed.SerializeToString()


def verdict(source: bytes, chip: str, table: str | None = None):
    """The last node that is not folded."""
    report = judge(read_graph(source), chip, load_table(table))
    return [v for v in report.verdicts if v.side != "folded"][-1]


def letters(source: bytes, table: str | None = None, chips=CHIPS) -> str:
    return "".join(LETTER[verdict(source, chip, table).side] for chip in chips)


def conv(
    kernel: str, stride: str, x: str = "1,8,64,48", channels: int = 8, group: int = 8
) -> bytes:
    rank = kernel.count(",") + 3
    shape = f"{channels},{8 // group},{kernel}"
    node = f"w = ConstantOfShape(s) y = Conv<strides=[{stride}], group={group}>(x, w)"
    return model(node, x, f"int64[{rank}] s = {{{shape}}}")


def transposed(stride: str) -> bytes:
    node = f"w = ConstantOfShape(s) y = ConvTranspose<strides=[{stride}]>(x, w)"
    return model(node, fixed="int64[4] s = {8, 8, 3, 3}")


def pool(
    op: str, kernel: str, stride: str, more: str = "", x: str = "1,8,64,48", opset=17
) -> bytes:
    return model(f"y = {op}<kernel_shape=[{kernel}], strides=[{stride}]{more}>(x)", x, opset=opset)


def resize(scales: str, attributes: str, x: str = "1,8,64,48") -> bytes:
    rank = x.count(",") + 1
    return model(f'y = Resize<{attributes}>(x, "", k)', x, f"float[{rank}] k = {{{scales}}}")


def simple(op: str, **options) -> bytes:
    return model(f"y = {op}(x)", **options)


NEAREST = 'mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"'
LINEAR = 'mode="linear", coordinate_transformation_mode='
COUNT = ", count_include_pad=1"
CEIL = ", ceil_mode=1"
MATRIX = "w = ConstantOfShape(s) y = MatMul(x, w)"
BN = "y = BatchNormalization(x, k, k, k, k)"
INT4 = "int64[4] k = {{{0}}}"
INT8 = "int64[8] k = {{{0}}}"
FLOAT4 = "float[4] k = {{{0}}}"
CUT = "int64[1] b = {0}, int64[1] e = {8}, int64[1] a = {1}"
LIMITS = "float a = {{{0}}}, float b = {{{1}}}"
EIGHT = "float[8] k = {1,1,1,1,1,1,1,1}"
ROWS5 = "2,8,4,4,4"
AXES = "int64[{0}] a = {{{1}}}"
