"""Bias correction: what rounding shifts on average is taken back in the convolutions' biases."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.quantization.observe import TensorRunner
from utils.quantization.plan import RoundingPlan
from utils.quantization.qdq import round_input, round_weights


def correct_biases(
    graph: Graph,
    plan: RoundingPlan,
    images: Sequence[np.ndarray],
    track: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Let each convolution keep its mean when its own input and weights are rounded.

    Each layer is looked at by itself, behind float layers. To correct all layers for what earlier
    ones do to them at once diverges in a network of hundreds of layers (tried: no peak is left).

    Args:
        graph: the float network; its biases are changed in place.
        plan: the rounding.
        images: float32 (1, 3, H, W) each.
        track: wraps the images to show progress.

    Source:
        Nagel et al., arXiv:1906.04721, section 4.2 and appendix D (with data).
    """
    beside = Graph(graph.to_model())
    pairs = []
    for node in list(beside.of("Conv")):
        if len(node.inputs) > 2 and node.inputs[2]:
            twin = Node("Conv", list(node.inputs), [beside.name("twin")], dict(node.attributes))
            beside.nodes.insert(beside.nodes.index(node) + 1, twin)
            round_weights(beside, twin, plan)
            round_input(beside, twin, plan)
            pairs.append((node.output, twin.output))
    runner = TensorRunner(beside, [name for pair in pairs for name in pair])
    shifts = {exact: np.zeros(1) for exact, _ in pairs}
    for image in track(images):
        found = runner.run(image)
        for exact, rounded in pairs:
            shift = (found[exact] - found[rounded]).mean(axis=(0, 2, 3), dtype=np.float64)
            shifts[exact] = shifts[exact] + shift / len(images)
    for node in graph.of("Conv"):
        if node.output in shifts:
            bias = graph.constants[node.inputs[2]] + shifts[node.output]
            node.inputs[2] = graph.constant("bias", bias.astype(np.float32))
