"""The fixed-point file against a literal integer model, written apart from it."""

import fixed_point_models as models
import numpy as np
import onnx
import pytest
from onnx import helper

from utils.onnx_graph.graph import Graph
from utils.quantization.observe import observe
from utils.quantization.plan import Options, make_plan
from utils.quantization.points import find_points
from utils.quantization.qdq import write_fixed_point
from utils.quantization.schemes import get_scheme


def fixed(values, step, bits=8):
    """Round and clip by hand."""
    limit = 2 ** (bits - 1)
    return np.clip(np.round(np.float64(values) / np.float64(step)), -limit, limit - 1).astype(int)


def convolve(x, weight, bias, group, pad):
    """Sum of products of integers, one output pixel at a time."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    outputs, a_group, kh, kw = weight.shape
    rows, columns = x.shape[2] - kh + 1, x.shape[3] - kw + 1
    y = np.zeros((1, outputs, rows, columns), int)
    for o in range(outputs):
        first = o // (outputs // group) * a_group
        for r in range(rows):
            for c in range(columns):
                window = x[0, first : first + a_group, r : r + kh, c : c + kw]
                y[0, o, r, c] = (window * weight[o]).sum() + bias[o]
    return y


CASES = {
    "dense": (helper.make_node("Conv", ["x", "w", "b"], ["y"], pads=[1] * 4), (5, 6, 3, 3), 1),
    "depthwise": (
        helper.make_node("Conv", ["x", "w", "b"], ["y"], pads=[1] * 4, group=6),
        (6, 1, 3, 3),
        6,
    ),
}


def quantised(model, images, **options):
    graph = Graph(model)
    names = find_points(graph, "m").rounded
    chosen = Options(scheme=get_scheme(options.pop("chip", "720")), method="minmax", **options)
    plan = make_plan(graph, observe(graph, names, images), chosen)
    weights = {name: graph.constants[name] for name in plan.weights}
    return write_fixed_point(graph, plan), plan, weights


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("chip", "per_channel"), [("720", True), ("720", False), ("520", False)])
@pytest.mark.parametrize("with_relu", [True, False])
def test_convolutions(case, chip, per_channel, with_relu):
    rng = np.random.default_rng(1)
    node, shape, group = CASES[case]
    constants = {
        "w": rng.normal(0, 0.3, shape).astype(np.float32),
        "b": rng.normal(0, 0.5, shape[0]).astype(np.float32),
    }
    nodes = [onnx.NodeProto.FromString(node.SerializeToString())]
    if with_relu:
        nodes[0].output[0] = "c"
        nodes.append(helper.make_node("Relu", ["c"], ["y"]))
    images = models.images(rng)
    written, plan, _ = quantised(
        models.model_of(nodes, constants), images, chip=chip, per_channel=per_channel
    )
    step_x, step_y = plan.activations["x"][0], plan.activations["y"][0]
    step_w = np.broadcast_to(plan.weights["w"][0], shape[0]).astype(np.float64)
    weight = fixed(constants["w"], step_w[:, None, None, None])
    bias = fixed(constants["b"], np.float32(step_w) * np.float32(step_x), 32)
    for image in images:
        total = convolve(fixed(image, step_x), weight, bias, group, 1)
        value = total * (step_w * step_x)[None, :, None, None]
        value = np.maximum(value, 0) if with_relu else value
        found = np.round(models.run(written, image) / step_y).astype(int)
        np.testing.assert_array_equal(found, fixed(value, step_y))


def elementwise(x, step):
    """What each operator of the chip makes of rounded numbers."""
    value = fixed(x, step) * step
    nearest = value.repeat(2, axis=2).repeat(2, axis=3)
    return {
        "Relu": np.maximum(value, 0),
        "Sigmoid": 1 / (1 + np.exp(-value)),
        "GlobalAveragePool": value.mean(axis=(2, 3), keepdims=True),
        "Add": value + value,
        "Mul": value * value,
        "Concat": np.concatenate([value, value], axis=1),
        "Resize": nearest,
    }


@pytest.mark.parametrize(
    "op", ["Relu", "Sigmoid", "GlobalAveragePool", "Add", "Mul", "Concat", "Resize"]
)
def test_other_operators(op):
    rng = np.random.default_rng(2)
    extra = {
        "Add": (["x", "x"], {}),
        "Mul": (["x", "x"], {}),
        "Concat": (["x", "x"], {"axis": 1}),
        "Resize": (
            ["x", "", "scales"],
            {
                "mode": "nearest",
                "nearest_mode": "floor",
                "coordinate_transformation_mode": "asymmetric",
            },
        ),
    }.get(op, (["x"], {}))
    constants = {"scales": np.array([1, 1, 2, 2], np.float32)} if op == "Resize" else {}
    model = models.model_of([helper.make_node(op, extra[0], ["y"], **extra[1])], constants)
    images = models.images(rng)
    written, plan, _ = quantised(model, images)
    for image in images:
        expected = elementwise(image, plan.activations["x"][0])[op]
        if op != "Resize":  # which only moves numbers
            step = plan.activations["y"][0]
            found = np.round(models.run(written, image) / step).astype(int)
            off = np.abs(found - fixed(expected, step))
            assert off.max() <= (1 if op in ("Sigmoid", "GlobalAveragePool") else 0)
            assert (off > 0).mean() < 0.01  # float32's own rounding at a half
        else:
            np.testing.assert_allclose(models.run(written, image), expected, rtol=1e-6)


def test_sixteen_bits_lose_less():
    rng = np.random.default_rng(3)
    model, images = models.a_bit_of_everything(rng), models.images(rng)
    for tensor in model.graph.initializer:  # a bias far above the products' step
        if tensor.name == "b4":
            bias = onnx.numpy_helper.to_array(tensor) + 50
            tensor.CopyFrom(onnx.numpy_helper.from_array(bias.astype(np.float32), "b4"))
    errors = []
    for options in ({}, {"all_wide": True}):
        written, _, _ = quantised(model, images, **options)
        errors.append(np.abs(models.run(written, images[0]) - models.run(model, images[0])).max())
    assert errors[1] < errors[0] / 50
