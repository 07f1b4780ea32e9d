"""Weights rounded up or down so that a layer's answer on real crops changes least."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from utils.onnx_graph.graph import Graph, Node
from utils.quantization.observe import TensorRunner
from utils.quantization.plan import RoundingPlan
from utils.quantization.schemes import quantize

_SEEN = 32  # crops: their places are thousands of samples for a few hundred weights
AGAIN = 4  # rounds over all weights, at most as many changes in each row


def learn_rounding(
    graph: Graph,
    plan: RoundingPlan,
    images: Sequence[np.ndarray],
    track: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Put each convolution's weights on their grid, not always on its nearest point.

    A row of errors e changes an output by the product with the inputs below the kernel; its mean
    square is e C e, C their covariance (a shift of the mean is the bias's matter). One weight
    after the other goes to its other neighbour while that lowers it.

    Args:
        graph: the float network; its weights are changed in place.
        plan: their steps.
        images: float32 (1, 3, H, W) each; the first 32 are looked at.
        track: wraps the images to show progress.

    Source:
        Nagel et al., "Up or Down? Adaptive Rounding", arXiv:2004.10568, equation 11; solved here by
        descent along coordinates in place of its relaxation.
    """
    convs = list(graph.of("Conv"))
    runner = TensorRunner(graph, [node.inputs[0] for node in convs])
    moments = [_Moments(graph, node) for node in convs]
    for image in track(images[:_SEEN]):
        found = runner.run(image)
        for node, each in zip(convs, moments, strict=True):
            each.add(found[node.inputs[0]][0])
    for node, each in zip(convs, moments, strict=True):
        step, bits = plan.weights[node.inputs[1]]
        weight = graph.constants[node.inputs[1]]
        shaped = step.reshape((-1, 1, 1, 1) if step.ndim else ())
        whole = _descend(weight / shaped, quantize(weight, shaped, bits), each.covariance(), bits)
        rounded = (whole * shaped).astype(np.float32)
        if each.has_bias:
            bias = graph.constants[node.inputs[2]] - each.mean_answer(rounded - weight)
            node.inputs[2] = graph.constant("bias", bias.astype(np.float32))
        node.inputs[1] = graph.constant("weight", rounded)
        plan.weights[node.inputs[1]] = (step, bits)


class _Moments:
    """Covariance of the inputs below a convolution's kernel, of each group."""

    def __init__(self, graph: Graph, node: Node) -> None:
        outputs, inputs, *self.kernel_hw = graph.constants[node.inputs[1]].shape
        self.groups = int(node.attributes.get("group", 1))
        self.stride = node.attributes.get("strides", [1, 1])
        self.dilation = node.attributes.get("dilations", [1, 1])
        top, left, bottom, right = node.attributes.get("pads", [0] * 4)
        self.pads = ((0, 0), (top, bottom), (left, right))
        self.has_bias = len(node.inputs) > 2 and bool(node.inputs[2])
        size = inputs * int(np.prod(self.kernel_hw))
        self.count = 0
        self.sums = np.zeros((self.groups, size))
        self.products = np.zeros((self.groups, size, size))

    def add(self, x_CHW: np.ndarray) -> None:
        window_hw = [1 + (k - 1) * d for k, d in zip(self.kernel_hw, self.dilation, strict=True)]
        windows = sliding_window_view(np.pad(x_CHW, self.pads), window_hw, axis=(1, 2))
        (down, right), (far_y, far_x) = self.stride, self.dilation
        windows = windows[:, ::down, ::right, ::far_y, ::far_x].transpose(0, 3, 4, 1, 2)
        samples = windows.reshape(*self.sums.shape, -1)
        self.count += samples.shape[2]
        self.sums += samples.sum(axis=2, dtype=np.float64)
        self.products += samples @ samples.transpose(0, 2, 1)

    def mean_answer(self, weight: np.ndarray) -> np.ndarray:
        """Mean output of each channel, float64 (O,), of weights (O, I, kh, kw)."""
        rows = weight.reshape(self.groups, -1, self.sums.shape[1])
        return (rows @ (self.sums / self.count)[:, :, None]).reshape(-1)

    def covariance(self) -> np.ndarray:
        """float64 (groups, n, n); the second moments where no bias takes the mean."""
        mean = self.sums / self.count * self.has_bias
        return self.products / self.count - mean[:, :, None] * mean[:, None]


def _descend(exact: np.ndarray, whole: np.ndarray, covariance: np.ndarray, bits: int) -> np.ndarray:
    """Change integers to their other neighbour, the best of each row first, while it helps."""
    groups, size = covariance.shape[:2]
    rows = whole.reshape(groups, -1, size).copy()
    errors = rows - exact.reshape(rows.shape)
    slopes = errors @ covariance
    costs = covariance.diagonal(axis1=1, axis2=2)[:, None]
    top = 2 ** (bits - 1)
    at_group, at_row = np.indices(rows.shape[:2])
    for _ in range(AGAIN * size):
        change = -np.sign(errors)
        change[(rows + change < -top) | (rows + change >= top)] = 0
        gains = 2 * change * slopes + change**2 * costs
        best = gains.argmin(axis=2)
        at = (at_group, at_row, best)
        moved = np.where(gains[at] < -1e-9 * costs.max(), change[at], 0.0)
        if not moved.any():
            break
        rows[at] += moved.astype(np.int64)
        errors[at] += moved
        slopes += moved[..., None] * covariance[at_group, best]
    return rows.reshape(whole.shape)
