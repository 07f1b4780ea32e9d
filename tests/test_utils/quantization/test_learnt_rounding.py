"""Learnt rounding: a layer's answer on its inputs, and that weights stay on their grid."""

import itertools

import fixed_point_models as models
import numpy as np
import pytest

from utils.onnx_graph.graph import Graph
from utils.quantization.cures.learnt_rounding import learn_rounding
from utils.quantization.observe import observe
from utils.quantization.plan import Options, RoundingPlan, make_plan
from utils.quantization.points import find_points
from utils.quantization.schemes import get_scheme, quantize


def smooth_images(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Neighbours and channels alike, as in photographs."""
    flat = rng.normal(size=(count, 1, 1, 1, 1))
    noise = 0.1 * rng.normal(size=(count, 1, models.CHANNELS, models.SIDE, models.SIDE))
    return list((flat + noise).astype(np.float32))


def one_layer(rng: np.random.Generator, group: int, **attributes: object) -> Graph:
    weight = rng.normal(0, 1, (6, 6 // group, 3, 3)).astype(np.float32)
    values = {"w": weight, "b": rng.normal(size=6).astype(np.float32)}
    return Graph(
        models.model_of([models.conv("x", "y", "w", "b", group=group, **attributes)], values)
    )


def coarse_plan(graph: Graph, images: list[np.ndarray]) -> RoundingPlan:
    """Sixteen times the chip's step of weights, so that rounding shows."""
    observed = observe(graph, find_points(graph, "m").rounded, images)
    plan = make_plan(graph, observed, Options(get_scheme("520"), per_channel=False))
    plan.weights = {name: (16 * step, bits) for name, (step, bits) in plan.weights.items()}
    return plan


@pytest.mark.parametrize("group", [1, 2, 6])
@pytest.mark.parametrize("attributes", [{}, {"pads": [1, 1, 1, 1], "strides": [2, 1]},
                                        {"dilations": [2, 2]}])  # fmt: skip
def test_the_answer_moves_less_on_other_images(group, attributes):
    rng = np.random.default_rng(0)
    graph = one_layer(rng, group, **attributes)
    images, others = smooth_images(rng, 16), smooth_images(rng, 16)
    plan = coarse_plan(graph, images)
    (node,) = graph.of("Conv")
    step, bits = plan.weights[node.inputs[1]]
    exact, bias = graph.constants[node.inputs[1]], graph.constants[node.inputs[2]]
    wanted = [models.run(graph, image) for image in others]

    def gaps(weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
        node.inputs[1], node.inputs[2] = graph.constant("w", weight), graph.constant("b", bias)
        return np.stack([models.run(graph, image) for image in others]) - wanted

    nearest = gaps((quantize(exact, step, bits) * step).astype(np.float32), bias)
    node.inputs[1], node.inputs[2] = graph.constant("w", exact), graph.constant("b", bias)
    plan.weights[node.inputs[1]] = (step, bits)
    learn_rounding(graph, plan, images)
    weight, bias = (graph.constants[name] for name in node.inputs[1:])
    assert plan.weights[node.inputs[1]] == (step, bits)
    np.testing.assert_allclose(weight / step, np.rint(weight / step), atol=1e-4)
    assert np.abs(weight - exact).max() <= 1.001 * step
    learnt = gaps(weight, bias)
    assert np.square(learnt).mean() < 0.5 * np.square(nearest).mean()


def test_each_row_is_as_good_as_any_single_change():
    """Against all roundings of a small layer, one by one."""
    rng = np.random.default_rng(1)
    weight = rng.normal(0, 1, (3, 6, 1, 1)).astype(np.float32)
    values = {"w": weight, "b": np.zeros(3, np.float32)}
    graph = Graph(models.model_of([models.conv("x", "y", "w", "b")], values))
    images = smooth_images(rng, 16)
    plan = coarse_plan(graph, images)
    (node,) = graph.of("Conv")
    step = plan.weights["w"][0]
    learn_rounding(graph, plan, images)
    samples = np.concatenate([image[0].reshape(6, -1) for image in images], axis=1)
    covariance = np.cov(samples, bias=True)
    found = graph.constants[node.inputs[1]][..., 0, 0]
    for exact, row in zip(weight[..., 0, 0], found, strict=True):
        down = np.floor(exact / step)
        errors = [(down + up) * step - exact for up in itertools.product((0, 1), repeat=6)]
        costs = sorted(e @ covariance @ e for e in errors)
        mine = row - exact
        assert mine @ covariance @ mine <= costs[len(costs) // 8]
