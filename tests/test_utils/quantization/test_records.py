"""What is written down of a fixed-point network: signal-to-noise ratios by hand."""

import fixed_point_models as models
import numpy as np
import pytest
from onnx import helper

from utils.quantization.plan import Options
from utils.quantization.quantizer import prepare_rounding, write_down
from utils.quantization.schemes import get_scheme


def quantized(model, crops):
    options = Options(scheme=get_scheme("720"), method="percentage", percentage=0.99)
    return write_down(prepare_rounding(model, crops, options), "720", crops)


def test_a_tensors_own_rounding_and_clipping_count():
    model = models.model_of([helper.make_node("Sigmoid", ["x"], ["y"])], {})
    crops = models.images(np.random.default_rng(0))
    record = quantized(model, crops).tensors[0]
    assert record["name"] == "x"
    x = np.concatenate(crops).astype(np.float64)
    step = record["covered"] / 127
    rounded = np.clip(np.round(x / step), -128, 127) * step
    expected = 10 * np.log10((x**2).sum() / ((x - rounded) ** 2).sum())
    assert record["snr_db"] == pytest.approx(expected, abs=0.01)


MOVES = {
    "Transpose": helper.make_node("Transpose", ["s"], ["y"], perm=[0, 1, 3, 2]),
    "Resize": helper.make_node("Resize", ["s", "", "scales"], ["y"], mode="nearest"),
}


@pytest.mark.parametrize("node", MOVES.values(), ids=MOVES)
def test_an_output_that_moves_numbers_keeps_what_they_keep(node):
    scales = {"scales": np.array([1, 1, 2, 2], np.float32)}
    model = models.model_of([helper.make_node("Sigmoid", ["x"], ["s"]), node], scales)
    found = quantized(model, models.images(np.random.default_rng(0)))
    assert found.tensors[-1]["name"] == "s"
    assert found.tensors[-1]["snr_db"] == round(found.snr_db, 2)
