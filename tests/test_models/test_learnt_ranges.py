"""Ranges and rounding that are learnt on crops, on small networks of uneven channels."""

import fixed_point_models as models
import numpy as np
import pytest
import torch

from models.fixed_point.balance import balance_channels
from models.fixed_point.network import FixedPointNetwork
from models.fixed_point.sensitivity import sensitivity
from utils.onnx_graph.graph import Graph
from utils.quantization.plan import Options
from utils.quantization.quantizer import Prepared, prepare_rounding, write_down
from utils.quantization.schemes import get_scheme

SEEDS = range(4)


def prepared(seed: int, chip: str = "520", **options: object):
    """A network, and it on a chip, with the crops that it was prepared on."""
    rng = np.random.default_rng(seed)
    model, images = models.a_bit_of_everything(rng), models.images(rng, 32)
    scheme = get_scheme(chip)
    chosen = Options(scheme=scheme, per_channel=scheme.weights_per_channel)
    return model, prepare_rounding(model, images, chosen, **options), images


def error(model, found: Prepared, chip: str, crops: list[np.ndarray]) -> float:
    """Mean square distance of the written file's answer from the float one."""
    written = write_down(found, chip, crops).model
    gaps = [models.run(written, crop) - models.run(model, crop) for crop in crops]
    return float(np.mean(np.square(gaps)))


@pytest.mark.parametrize("chip", ["520", "720"])
def test_what_was_learnt_is_nearer_to_float_on_other_crops(chip):
    held_out = models.images(np.random.default_rng(99), 16)
    ratios = []
    for seed in SEEDS:
        model, plain, _ = prepared(seed, chip)
        _, learnt, _ = prepared(seed, chip, balance=balance_channels)
        ratios.append(error(model, learnt, chip, held_out) / error(model, plain, chip, held_out))
    assert np.exp(np.mean(np.log(ratios))) < 0.8, ratios


def test_balance_leaves_the_float_answer():
    model, found, images = prepared(1, corrected=False)
    balance_channels(found.graph, found.plan, found.observed, images)
    for image in images[:4]:
        expected = models.run(model, image)
        np.testing.assert_allclose(models.run(found.graph, image), expected, rtol=1e-3, atol=1e-4)


def test_the_network_that_is_trained_gives_what_the_file_gives():
    _, found, images = prepared(2, balance=balance_channels)
    with torch.no_grad():
        ours = FixedPointNetwork(found)(torch.from_numpy(np.concatenate(images[:8]))).numpy()
    written = write_down(found, "520", images).model
    np.testing.assert_array_equal(
        ours, np.concatenate([models.run(written, image) for image in images[:8]])
    )


def test_sensitivity_foretells_what_noise_does():
    """Noise on one tensor moves the maps in proportion to its sensitivities, whatever the tensor.

    The place of a peak is sharper than its height, so the figure is not the square error itself.
    """
    _, found, images = prepared(3, corrected=False)
    felt = sensitivity(found.graph, found.observed, images).activations
    assert set(felt) == set(found.plan.activations)
    rng = np.random.default_rng(0)
    exact = [models.run(found.graph, image) for image in images]
    ratios = []
    for name in ("r0", "c1", "m"):
        graph = Graph(found.graph.to_model())
        moved = 0.0
        for image, expected in zip(images, exact, strict=True):
            values = noisy(graph, name, image, rng)
            peak = np.clip(expected.max(axis=(2, 3)), 0, 1) ** 2
            moved += float((peak * np.square(values - expected).sum(axis=(2, 3))).sum())
        ratios.append(felt[name].sum().item() / (moved / len(images) / NOISE**2))
    assert max(ratios) < 3 * min(ratios), ratios


NOISE = 1e-3


def noisy(graph: Graph, name: str, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The answer when a tensor's numbers other than 0 carry noise."""
    twin = Graph(graph.to_model())
    value = models.run(twin, image, name)
    noise = NOISE * rng.normal(size=value.shape) * (value != 0)
    term = twin.constant("noise", noise.astype(np.float32))
    readers = [node for node in twin.nodes if name in node.inputs]
    sum_ = twin.insert(readers[0], "Add", [name, term], "noisy")
    for node in readers:
        node.inputs = [sum_.output if each == name else each for each in node.inputs]
    return models.run(twin, image)
