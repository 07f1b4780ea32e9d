"""What the float network's tensors are like on real crops: ranges, means, histograms."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
from onnx import helper

from utils.onnx_graph.graph import Graph

BINS = 2048


@dataclass
class Observed:
    """Statistics of one tensor over all crops.

    Attributes:
        largest_C: float64, largest magnitude in each channel (one entry for tensors without).
        mean_C: float64, mean of each channel.
        histogram: int64 (2048,), magnitudes from 0 to the largest of all.
    """

    largest_C: np.ndarray
    mean_C: np.ndarray
    histogram: np.ndarray

    @property
    def largest(self) -> float:
        """Largest magnitude."""
        return float(self.largest_C.max())


def observe(
    graph: Graph,
    names: Sequence[str],
    images: Sequence[np.ndarray],
    track: Callable[[Iterable], Iterable] = iter,
) -> dict[str, Observed]:
    """Run crops through a network and look at its tensors.

    Args:
        graph: the network.
        names: the tensors.
        images: float32 (1, 3, H, W) each.
        track: wraps the images to show progress.

    Returns:
        Name to statistics.
    """
    runner = TensorRunner(graph, names)
    found: dict[str, Observed] = {}
    for image in track(images):  # largest first: the histogram needs it
        for name, value in runner.run(image).items():
            axes = tuple(axis for axis in range(value.ndim) if axis != 1)
            largest, mean = np.abs(value).max(axis=axes), value.mean(axis=axes, dtype=np.float64)
            if name not in found:
                found[name] = Observed(largest.astype(float), mean, np.zeros(BINS, np.int64))
            else:
                np.maximum(found[name].largest_C, largest, out=found[name].largest_C)
                found[name].mean_C += mean
    for image in track(images):
        for name, value in runner.run(image).items():
            top = max(found[name].largest, 1e-12)
            index = (np.abs(value).reshape(-1) * (BINS / top)).astype(np.int64)
            found[name].histogram += np.bincount(np.minimum(index, BINS - 1), minlength=BINS)
    for each in found.values():
        each.mean_C /= len(images)
    return found


class TensorRunner:
    """Runs a network and returns tensors within it.

    Args:
        graph: the network.
        names: the tensors; inputs are returned as they are fed.
    """

    def __init__(self, graph: Graph, names: Sequence[str]) -> None:
        model = graph.to_model()
        known = {output.name for output in model.graph.output} | set(graph.inputs)
        model.graph.output.extend(
            helper.make_empty_tensor_value_info(name) for name in names if name not in known
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        # fused operators hide tensors, and may round otherwise
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._input = graph.inputs[0]
        self._names = list(names)

    def run(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Feed one image, float32 (1, 3, H, W); return name to value."""
        wanted = list(dict.fromkeys(name for name in self._names if name != self._input))
        found = self._session.run(wanted, {self._input: image}) if wanted else []
        values = dict(zip(wanted, found, strict=True))
        return {self._input: image, **values} if self._input in self._names else values
