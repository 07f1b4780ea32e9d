"""The generic clean-up: onnxruntime's offline optimiser at its BASIC level, which stays plain ONNX.

It folds constants and shape arithmetic, takes out what changes nothing and what is computed twice,
and (a pass of its own here) fuses BatchNormalization, Mul and Add by constants into convolutions.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from utils.onnx_graph.graph import Graph

FUSIONS = ["ConvBNFusion", "ConvMulFusion", "ConvAddFusion"]  # onnxruntime's names


def known_sizes(graph: Graph, _: str | None) -> int:
    """Write down the sizes read from a shape that are fixed though another, the batch, is open.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    readers, count = graph.readers(), 0
    for node in graph.of("Shape"):
        shape = graph.shape(node.inputs[0])
        if node.attributes or not shape:
            continue
        for reader in readers.get(node.output, []):
            index = graph.value(reader, 1) if reader.op == "Gather" else None
            if index is None or reader.output in graph.kept:
                continue
            sizes = [shape[i] for i in index.ravel()]
            if None not in sizes:
                graph.constants[reader.output] = np.array(sizes, np.int64).reshape(index.shape)
                graph.remove([reader])
                count += 1
    return count


def fold_constants(graph: Graph, _: str | None) -> int:
    """Compute what does not depend on the input, remove what does nothing or is there twice.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    return _run_onnxruntime(graph, disabled=FUSIONS)


def fuse_bn(graph: Graph, _: str | None) -> int:
    """Fuse BatchNormalization and constant factors and summands into the Conv before them.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    return _run_onnxruntime(graph, disabled=[])


def _run_onnxruntime(graph: Graph, disabled: list[str]) -> int:
    """Let onnxruntime rewrite the graph; return by how many nodes and constants it changed."""
    before = graph.to_model()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(
            before.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=disabled,
        )
        after = onnx.load(path)
    return graph.replace_by(after)
