"""Networks that load and cannot be run end the run in one line, before any result."""

import numpy as np
import pytest
from onnx import helper

from utils.errors import NetworkError
from utils.params import ParamsError
from utils.runners.pipeline import load_pipeline

POOL = helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=[4, 4], strides=[4, 4])
ZEROS = np.zeros((17, 3, 1, 1), np.float32)
PEAK = [
    helper.make_node("ReduceMax", ["big"], ["m"], keepdims=0),
    helper.make_node("Conv", ["p", "w"], ["q"]),
    helper.make_node("Add", ["q", "m"], ["y"]),
]
CASES = {
    "no group": (
        [POOL, helper.make_node("Conv", ["p", "w"], ["y"], group=0)],
        {"w": ZEROS},
        "network must run in onnxruntime, but ",
    ),
    "terabytes": (
        [POOL, helper.make_node("ConstantOfShape", ["s"], ["big"]), *PEAK],
        {"w": ZEROS, "s": np.array([10**7, 10**7], np.int64)},
        "network must ",  # older onnxruntimes notice when they load it
    ),
    "beyond the data": (
        [POOL, helper.make_node("Gather", ["p", "i"], ["y"], axis=1)],
        {"i": np.full(17, 99, np.int64)},
        "network must run in onnxruntime, but ",
    ),
    "no numbers": (
        [POOL, helper.make_node("Conv", ["p", "w"], ["y"])],
        {"w": ZEROS * np.nan},
        "network must give finite numbers, got NaN or infinity",
    ),
    "other heatmaps": (
        [helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[4, 4], strides=[4, 4])],
        {},
        r"heatmaps must be as the file announces them, .* got \(1, 3, 16, 12\)",
    ),
}


@pytest.mark.parametrize(("nodes", "constants", "message"), CASES.values(), ids=CASES)
def test_it_is_the_network_s_fault_and_no_image_s(e2e_models, tmp_path, nodes, constants, message):
    sizes = [16, 12] if constants else ["h", "w"]
    path = e2e_models.save(
        tmp_path / "pose.onnx",
        nodes,
        [e2e_models.float_value("x", [1, 3, 64, 48])],
        [e2e_models.float_value("y", [1, 17, *sizes])],
        constants,
        e2e_models.OWN_METADATA,
    )
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    with pytest.raises((NetworkError, ParamsError), match=rf"pose\.onnx: {message}") as caught:
        load_pipeline(None, None, path)(image, np.array([[0, 0, 48, 64]]))
    assert "\n" not in str(caught.value)
