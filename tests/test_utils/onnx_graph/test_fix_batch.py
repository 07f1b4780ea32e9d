"""An open batch becomes a number; other open sizes are what shape inference finds, or stay."""

import onnx
import pytest

from utils.onnx_graph.fix_batch import fix_batch

HEAD = '<ir_version: 8, opset_import: ["": 13]> g '
CASES = {
    "the batch's name": (
        "(float[N,4,8,8] x) => (float[N,4,8,8] y) { y = Relu(x) }",
        [1, 4, 8, 8],
    ),
    "another name for it": (
        "(float[N,4,8,8] x) => (float[M,4,8,8] y) { y = Relu(x) }",
        [1, 4, 8, 8],
    ),
    "no name": ("(float[?,4,8,8] x) => (float[?,4,8,8] y) { y = Relu(x) }", [1, 4, 8, 8]),
    "in second place": (
        "(float[N,4,8,8] x) => (float[4,N,8,8] y) { y = Transpose<perm=[1,0,2,3]>(x) }",
        [4, 1, 8, 8],
    ),
    "a count of boxes": (
        """(float[N,1,5,4] x) => (int64[found,3] y)
        <int64[3] b = {1,5,4}, int64[3] s = {1,1,5}, int64[1] most = {10}, int64 first = {0}>
        {
            boxes = Reshape(x, b)
            picked = Gather<axis = 3>(x, first)
            scores = Reshape(picked, s)
            y = NonMaxSuppression(boxes, scores, most)
        }""",
        ["found", 3],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_sizes_of_the_output(text, expected):
    fixed = fix_batch(onnx.parser.parse_model(HEAD + text))
    (output,) = fixed.graph.output
    sizes = output.type.tensor_type.shape.dim
    assert [size.dim_value or size.dim_param for size in sizes] == expected
    assert fixed.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1
