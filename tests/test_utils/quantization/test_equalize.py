import fixed_point_models as models
import numpy as np
import pytest

from utils.onnx_graph.graph import Graph
from utils.quantization.cures.channels import FIXED, ChannelClasses
from utils.quantization.cures.equalize import PER_CHANNEL, PER_TENSOR, Strength, equalize
from utils.quantization.observe import observe
from utils.quantization.points import find_points


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("strength", [PER_CHANNEL, PER_TENSOR, Strength(1.0, 1.0, 20)])
def test_the_float_answer_stays_and_ranges_come_together(seed, strength):
    rng = np.random.default_rng(seed)
    model = models.a_bit_of_everything(rng)
    images = models.images(rng)
    graph = Graph(model)
    names = find_points(graph, "m").rounded
    before = observe(graph, names, images)
    wanted = [models.run(model, image) for image in images]
    equalize(graph, before, strength)
    for image, expected in zip(images, wanted, strict=True):
        np.testing.assert_allclose(models.run(graph, image), expected, rtol=1e-3, atol=1e-4)
    after = observe(graph, names, images)

    def spread(found, name):  # largest channel against the median one
        return found[name].largest / np.median(found[name].largest_C)

    assert spread(after, "r0") < spread(before, "r0")


def test_channels_that_must_be_scaled_together():
    graph = Graph(models.a_bit_of_everything(np.random.default_rng(0)))
    of = ChannelClasses(graph).of
    assert set(of["x"]) == set(of["y"]) == set(of["t"]) == {FIXED}
    np.testing.assert_array_equal(of["c0"], of["r0"])
    np.testing.assert_array_equal(of["r0"], of["a"])  # a sum has one factor for its terms
    np.testing.assert_array_equal(of["s1"], of["j"][:3])
    np.testing.assert_array_equal(of["c2"], of["j"][3:])
    np.testing.assert_array_equal(of["c1"][3:], of["s1"])
    np.testing.assert_array_equal(of["m"], of["r1"])
    assert not set(of["c1"][:3]) & set(of["c1"][3:])
    assert FIXED not in of["c0"]
