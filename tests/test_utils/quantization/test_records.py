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
