"""The fixed-point network that is trained, against onnxruntime on the file that it becomes."""

from dataclasses import replace

import fixed_point_models as models
import numpy as np
import onnx
import pytest
import torch
from onnx import helper

from models.fixed_point.network import FixedPointNetwork
from models.fixed_point.operators import operator
from models.fixed_point.prepared_file import read_prepared, write_prepared
from models.fixed_point.rounding import round_to
from utils.onnx_graph.graph import Graph
from utils.quantization.observe import TensorRunner
from utils.quantization.plan import Options
from utils.quantization.quantizer import Prepared, prepare_rounding, write_down
from utils.quantization.schemes import get_scheme

CHIPS = ("720", "520")


def prepared(seed: int, chip: str, **options: object) -> tuple[Prepared, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    model, images = models.a_bit_of_everything(rng), models.images(rng, 12)
    scheme = get_scheme(chip)
    chosen = Options(scheme=scheme, per_channel=scheme.weights_per_channel, **options)
    return prepare_rounding(model, images, chosen), images


def of_file(found: Prepared, chip: str, images: list[np.ndarray]) -> np.ndarray:
    written = write_down(found, chip, images).model
    return np.concatenate([models.run(written, image) for image in images])


def of_network(network: FixedPointNetwork, images: list[np.ndarray]) -> np.ndarray:
    with torch.no_grad():
        return network(torch.from_numpy(np.concatenate(images))).numpy()


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("seed", range(4))
def test_it_gives_what_the_file_gives(seed, chip):
    found, images = prepared(seed, chip)
    np.testing.assert_array_equal(
        of_network(FixedPointNetwork(found), images), of_file(found, chip, images)
    )


def test_sixteen_bits_too():
    found, images = prepared(0, "720", all_wide=True)
    step = found.plan.activations["y"][0]
    gap = np.abs(of_network(FixedPointNetwork(found), images) - of_file(found, "720", images))
    assert gap.max() <= 4 * step  # float32 sums of 16-bit products are not exact


@pytest.mark.parametrize("chip", CHIPS)
def test_what_was_learnt_is_in_the_file(chip):
    found, images = prepared(7, chip)
    network = FixedPointNetwork(found)
    before = of_network(network, images)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=generator)
    learnt = network.to_prepared()
    after = of_network(network, images)
    assert np.abs(after - before).max() > 10 * found.plan.activations["y"][0]
    again = replace(learnt, observed=found.observed)
    step = learnt.plan.activations["y"][0]
    gap = np.abs(after - of_file(again, chip, images))
    assert (gap > 0.5 * step).mean() < 0.002  # a sum that lies half-way may go either way


def test_ranges_that_clip_too_much_are_learnt_anew():
    found, images = prepared(3, "520", percentage=0.8)
    network = FixedPointNetwork(found)
    batch = torch.from_numpy(np.concatenate(images))
    exact = np.concatenate([TensorRunner(found.graph, ["y"]).run(image)["y"] for image in images])
    target, optimiser = torch.from_numpy(exact), torch.optim.Adam(network.parameters(), lr=0.2)
    losses = []
    for _ in range(200):
        loss = (network(batch) - target).square().mean()
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert np.mean(losses[-10:]) < 0.5 * losses[0]


@pytest.mark.parametrize("with_relu", [False, True])
def test_gradients_are_those_of_the_paper(with_relu):
    """arXiv:1902.08153, equations 3 and 5 without its gradient scale, number by number."""
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(0, 60, (50,)), requires_grad=True)
    step = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    weights = torch.tensor(rng.normal(size=50))
    (weights * round_to(x, step, 8, with_relu=with_relu)).sum().backward()
    least, expected_x, expected_step = 0 if with_relu else -128, [], 0.0
    for value, weight in zip(x.tolist(), weights.tolist(), strict=True):
        scaled = value / 0.5
        is_inside = least <= scaled <= 127
        expected_x.append(weight if is_inside else 0.0)
        slope = np.rint(scaled) - scaled if is_inside else (least if scaled < 0 else 127)
        expected_step += weight * slope
    np.testing.assert_allclose(x.grad.numpy(), expected_x)
    np.testing.assert_allclose(step.grad.item(), expected_step)


def test_a_step_for_each_channel_has_a_gradient_for_each():
    x = torch.randn(4, 3, 2, 2)
    steps = torch.full((4, 1, 1, 1), 0.1, requires_grad=True)
    round_to(x, steps, 8).square().sum().backward()
    for i in range(4):
        step = torch.tensor(0.1, requires_grad=True)
        round_to(x[i], step, 8).square().sum().backward()
        torch.testing.assert_close(steps.grad[i].squeeze(), step.grad)


def one_node(op: str, sizes: tuple[int, ...], constants: dict, outputs: int = 1, **attributes):
    """A graph of one node on a tensor "x"."""
    names = [f"y{i}" for i in range(outputs)]
    inputs = ["x", *("" if value is None else name for name, value in constants.items())]
    graph = helper.make_graph(
        [helper.make_node(op, inputs, names, **attributes)],
        "g",
        [helper.make_tensor_value_info("x", 1, sizes)],
        [helper.make_empty_tensor_value_info(name) for name in names],
        [onnx.numpy_helper.from_array(v, k) for k, v in constants.items() if v is not None],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    return Graph(onnx.shape_inference.infer_shapes(model, strict_mode=True))


def resize(scales: list[float], **attributes: object) -> tuple:
    return "Resize", {"roi": None, "s": np.array([1, 1, *scales], np.float32)}, attributes


OPERATORS = {
    "slice": ("Slice", {"a": np.array([1, 0]), "b": np.array([7, -1]), "c": np.array([1, 3]),
                        "d": np.array([2, 1])}, {}),
    "split": ("Split", {"s": np.array([3, 5])}, {"axis": 1, "outputs": 2}),
    "reshape": ("Reshape", {"s": np.array([1, 2, -1, 6])}, {}),
    "transpose": ("Transpose", {}, {"perm": [0, 2, 3, 1]}),
    "depth to space": ("DepthToSpace", {}, {"blocksize": 2}),
    "depth to space, columns first": ("DepthToSpace", {}, {"blocksize": 2, "mode": "CRD"}),
    "average": ("AveragePool", {}, {"kernel_shape": [3, 3], "strides": [2, 1], "pads": [1] * 4}),
    "average with padding": ("AveragePool", {}, {"kernel_shape": [3, 3], "pads": [1] * 4,
                                                 "count_include_pad": 1}),
    "largest": ("MaxPool", {}, {"kernel_shape": [2, 3], "strides": [1, 2]}),
    "largest of every second": ("MaxPool", {}, {"kernel_shape": [2, 2], "dilations": [1, 2]}),
    "mean": ("GlobalAveragePool", {}, {}),
    "nearest": resize([2, 3], mode="nearest", coordinate_transformation_mode="asymmetric",
                      nearest_mode="floor"),
    "nearest of half pixels": resize([2, 2], mode="nearest"),
    "nearest, odd": resize([1.5, 1.0], mode="nearest", nearest_mode="ceil"),
    "linear, corners": resize([2, 3], mode="linear",
                              coordinate_transformation_mode="align_corners"),
    "linear, half pixels": resize([2, 1.5], mode="linear"),
    "linear, smaller": resize([0.5, 0.5], mode="linear",
                              coordinate_transformation_mode="pytorch_half_pixel"),
}  # fmt: skip


@pytest.mark.parametrize("case", OPERATORS)
def test_operators_are_onnxruntimes(case):
    op, constants, attributes = OPERATORS[case]
    graph = one_node(op, (1, 8, 4, 6), constants, **attributes)
    images = np.random.default_rng(1).normal(size=(3, 1, 8, 4, 6)).astype(np.float32)
    found = operator(graph, graph.nodes[0])(torch.from_numpy(images[:, 0]))
    parts = found if isinstance(found, tuple) else (found,)
    for name, part in zip(graph.outputs, parts, strict=True):
        runner = TensorRunner(graph, [name])
        expected = np.concatenate([runner.run(image)[name] for image in images])
        np.testing.assert_allclose(part.numpy(), expected, atol=2e-6)


REFUSED = {
    "unknown": (("Erf", {}, {}), "got Erf"),
    "cubic": (resize([2, 2], mode="cubic"), "nearest or linear, got 'cubic'"),
    "backwards": (("Slice", {"a": np.array([5]), "b": np.array([0]), "c": np.array([1]),
                             "d": np.array([-1])}, {}), "must go forwards"),
    "batch moved": (("Transpose", {}, {"perm": [1, 0, 2, 3]}), "leave the batch's axis"),
    "padding left open": (("MaxPool", {}, {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}),
                          "padding in numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_forms_without_a_rule_are_refused(case):
    (op, constants, attributes), message = REFUSED[case]
    graph = one_node(op, (1, 8, 4, 6), constants, **attributes)
    with pytest.raises(ValueError, match=message):
        operator(graph, graph.nodes[0])


def test_a_prepared_network_survives_its_file(tmp_path):
    found, images = prepared(2, "720")
    write_prepared(found, tmp_path / "p.onnx")
    again = read_prepared(tmp_path / "p.onnx")
    np.testing.assert_array_equal(
        of_network(FixedPointNetwork(again), images), of_network(FixedPointNetwork(found), images)
    )
    assert again.notes == found.notes


def test_another_file_is_refused(tmp_path):
    onnx.save(models.a_bit_of_everything(np.random.default_rng(0)), tmp_path / "m.onnx")
    with pytest.raises(ValueError, match=r"m\.onnx: network must be one that train\.py --qat"):
        read_prepared(tmp_path / "m.onnx")


def test_a_copy_has_weights_of_its_own():
    import copy

    found, images = prepared(5, "720")
    network = FixedPointNetwork(found)
    before, twin = of_network(network, images), copy.deepcopy(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 1
    np.testing.assert_array_equal(of_network(twin, images), before)
