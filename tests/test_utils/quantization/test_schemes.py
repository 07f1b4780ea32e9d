import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.quantization.observe import BINS, Observed
from utils.quantization.ranges import clipped_share, reach
from utils.quantization.schemes import (
    get_scheme,
    quantize,
    scale_and_radix,
    step_of,
)


@pytest.mark.parametrize("bits", [8, 16])
@given(largest=st.floats(1e-4, 1e4))
def test_a_step_covers_the_range_and_is_the_vendors_form(bits, largest):
    step = float(step_of(largest, bits))
    assert step * (2 ** (bits - 1) - 1) == pytest.approx(largest, rel=1e-5)
    scale, radix = scale_and_radix(step)
    assert 1 <= scale < 2
    assert step == pytest.approx(1 / (scale * 2.0**radix), rel=1e-6)


def test_the_vendors_own_example():
    # quantiser's manual: an input of scale 1.0 and radix 8 holds x/256 - 0.5 in whole numbers
    pixels = np.arange(256)
    fixed = quantize(pixels / 256 - 0.5, 1 / 256, 8)
    np.testing.assert_array_equal(fixed, pixels - 128)
    assert scale_and_radix(1 / 256) == (1.0, 8)


def test_rounding_is_to_the_nearest_halves_to_even_and_clips():
    values = np.array([-200.0, -128.5, -0.5, 0.5, 1.5, 2.4, 126.6, 500.0])
    np.testing.assert_array_equal(quantize(values, 1.0, 8), [-128, -128, 0, 0, 2, 2, 127, 127])


def observed(values: np.ndarray) -> Observed:
    largest = np.abs(values).max()
    index = np.minimum((np.abs(values) * (BINS / largest)).astype(int), BINS - 1)
    return Observed(np.array([largest]), np.zeros(1), np.bincount(index, minlength=BINS))


def test_ranges_of_a_tensor_with_outliers():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=100_000), [60.0, -80.0]])
    found = observed(values)
    assert reach(found, "minmax", percentage=1, bits=8) == 80
    share = reach(found, "percentage", percentage=0.999, bits=8)
    assert np.mean(np.abs(values) > share) <= 0.001
    assert share == pytest.approx(np.quantile(np.abs(values), 0.999), rel=0.02)
    best = reach(found, "mmse", percentage=1, bits=8)

    def error(magnitude: float) -> float:
        step = magnitude / 127
        return float(np.square(values - quantize(values, step, 8) * step).mean())

    assert error(best) <= 1.05 * min(error(part * 80) for part in np.linspace(0.2, 1, 65))
    assert clipped_share(found, 70) == pytest.approx(1 / len(values))


def test_an_unknown_chip_is_refused():
    with pytest.raises(ValueError, match="--npu must be one of 520, 530, 630, 720, 730, got '830'"):
        get_scheme("830")
