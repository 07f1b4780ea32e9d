"""Run a model by onnxruntime, as it stands in the file, to compare it with another."""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
from onnx import helper

OPEN_SIZE = 2  # stands for a size that the model leaves open
Feeds = dict[str, np.ndarray]


def random_feeds(model: onnx.ModelProto, seed: int = 0) -> list[Feeds]:
    """Return one set of inputs: normal numbers for floats, 0 to 255 for bytes, else 0 and 1.

    Args:
        model: says names, types and shapes of the inputs.
        seed: the same one gives the same numbers.

    Returns:
        One set of inputs.
    """
    generator = np.random.default_rng(seed)
    constants = {tensor.name for tensor in model.graph.initializer}
    feeds = {}
    for value in model.graph.input:
        if value.name in constants:
            continue
        kind = value.type.tensor_type
        shape = [d.dim_value if d.HasField("dim_value") else OPEN_SIZE for d in kind.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type)
        if np.issubdtype(dtype, np.floating):
            feeds[value.name] = generator.standard_normal(shape).astype(dtype)
        else:
            limit = 256 if dtype == np.uint8 else 2
            feeds[value.name] = generator.integers(0, limit, shape).astype(dtype)
    return [feeds]


def run_model(model: onnx.ModelProto, feeds: Sequence[Feeds]) -> list[list[np.ndarray]]:
    """Return the outputs for every set of inputs, computed without further optimisation.

    Args:
        model: of which onnxruntime has all operators.
        feeds: sets of inputs, name to value.

    Returns:
        The outputs for each set.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # the exception says it
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return [session.run(None, one) for one in feeds]


def largest_gap(before: Sequence[list[np.ndarray]], after: Sequence[list[np.ndarray]]) -> float:
    """Return the largest absolute difference; infinite where shapes or NaNs do not agree.

    Args:
        before: outputs for each set of inputs.
        after: likewise.

    Returns:
        The difference.
    """
    gap = 0.0
    for old, new in zip(before, after, strict=True):
        for a, b in zip(old, new, strict=True):
            if a.shape != b.shape or not np.array_equal(np.isnan(a), np.isnan(b)):
                return float("inf")
            if a.size:
                difference = np.abs(a.astype(np.float64) - b.astype(np.float64))
                gap = max(gap, float(np.nanmax(difference, initial=0.0)))
    return gap
