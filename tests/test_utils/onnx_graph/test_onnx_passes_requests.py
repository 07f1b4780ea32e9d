"""Rewrites made on request: what they change, and that they change nothing else."""

from collections.abc import Callable

import numpy as np
import onnx
import passes_models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.onnx_graph.check import run_model
from utils.onnx_graph.requests import (
    bgr,
    centre_pixels,
    duplicate_shared_weights,
    eliminate_tail,
    opt_matmul,
    rgba2yynn,
)

model, ops, normal = passes_models.model, passes_models.ops, passes_models.normal


def run(source: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(source, full_check=True)
    return run_model(source, [{"x": x.astype(np.float32)}])[0][0]


def conv(channels: int) -> onnx.ModelProto:
    weights = {"w": normal(5, channels, 3, 3), "b": normal(5)}
    return model("y = Conv(x, w, b)", f"1,{channels},6,7", weights)


def other_reader() -> onnx.ModelProto:
    return model("a = Relu(x) y = Conv(a, w)", "1,3,6,7", {"w": normal(2, 3, 1, 1)})


@pytest.mark.parametrize("source", [conv(3), other_reader()], ids=["conv", "relu"])
def test_bgr_takes_the_channels_the_other_way_round(source):
    x = normal(1, 3, 6, 7, seed=1)
    np.testing.assert_allclose(run(bgr(source), x[:, ::-1]), run(source, x), atol=1e-5)


@pytest.mark.parametrize(("change", "channels"), [(bgr, 3), (centre_pixels, 3), (rgba2yynn, 4)])
def test_the_input_keeps_half_precision(change, channels):
    single = model("y = Relu(x)", f"1,{channels},6,7")
    source = passes_models.half(single)
    x = normal(1, channels, 6, 7, seed=1)
    found = run_model(change(source), [{"x": x.astype(np.float16)}])[0][0]
    np.testing.assert_allclose(found, run(change(single), x), atol=1e-2)
    assert found.dtype == np.float16


def test_bgr_of_a_first_convolution_adds_no_node():
    assert ops(bgr(conv(3))) == ops(conv(3))


def test_norm_adds_a_half():
    source = model("a = Relu(x) y = Conv(a, w)", "1,3,6,7", {"w": normal(2, 3, 1, 1)})
    x = normal(1, 3, 6, 7, seed=1)
    np.testing.assert_allclose(run(centre_pixels(source), x), run(source, x + 0.5), atol=1e-5)


def test_yynn_is_luminance_twice_and_the_fourth_channel_twice():
    x = np.abs(normal(1, 4, 6, 7, seed=1))
    red, green, blue, infrared = x[0]
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    wanted = np.stack([luminance, luminance, infrared, infrared])[None]
    source = conv(4)
    np.testing.assert_allclose(run(rgba2yynn(source), x), run(source, wanted), atol=1e-5)


@pytest.mark.parametrize("change", [bgr, centre_pixels])
def test_input_that_is_no_picture(change: Callable):
    with pytest.raises(ValueError, match="must have one input of 3 channels, got inputs of shape"):
        change(conv(5))


def test_tail_goes_and_the_last_computation_becomes_the_output():
    nodes = "a = Conv(x, w) b = Reshape(a, s) c = Transpose<perm=[0,2,1]>(b) y = Softmax(c)"
    source = model(nodes, "1,3,4,5", {"w": normal(2, 3, 1, 1), "s": np.array([1, 2, 20])})
    made = eliminate_tail(source)
    assert ops(made) == {"Conv": 1}
    assert [value.name for value in made.graph.output] == ["a"]
    assert run(made, normal(1, 3, 4, 5)).shape == (1, 2, 4, 5)


def test_outputs_keep_their_types_without_the_tail():
    single = model("a = Relu(x) y = Flatten(a)", "1,3,4,5")
    whole = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 13]> g (float[1,3,4,5] x) => (int64[1,20] y) '
        "{ a = ArgMax<axis=1>(x) y = Flatten(a) }"
    )
    for source, kind in ((passes_models.half(single), np.float16), (whole, np.int64)):
        made = eliminate_tail(source)
        onnx.checker.check_model(made, full_check=True)
        x = normal(1, 3, 4, 5).astype(np.float16 if kind == np.float16 else np.float32)
        assert run_model(made, [{"x": x}])[0][0].dtype == kind


def test_nothing_but_a_tail_is_refused():
    with pytest.raises(ValueError, match="the whole path to it would go"):
        eliminate_tail(model("y = Softmax(x)"))


def test_shared_weights_become_own_ones():
    source = model("a = Conv(x, w) y = Conv(a, w)", "1,3,4,5", {"w": normal(3, 3, 1, 1)})
    made = duplicate_shared_weights(source)
    names = [node.input[1] for node in made.graph.node]
    assert len(set(names)) == 2
    x = normal(1, 3, 4, 5)
    assert np.array_equal(run(made, x), run(source, x))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.tuples(*[st.integers(1, 4)] * 3))
def test_products_of_several_matrices_become_single_ones(first, second, sizes):
    rows, inner, columns = sizes
    weights = {"w": normal(first, second, inner, columns)}
    source = model("y = MatMul(x, w)", f"{first},{second},{rows},{inner}", weights)
    made = opt_matmul(source)
    assert ops(made)["MatMul"] == first * second
    x = normal(first, second, rows, inner, seed=1)
    np.testing.assert_allclose(run(made, x), run(source, x), atol=1e-5)
