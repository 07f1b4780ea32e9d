"""Run the passes one after another and hold every step to the outputs of the one before."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import onnx
import onnx.inliner

from utils.onnx_graph.check import largest_gap, random_feeds, run_model
from utils.onnx_graph.fix_batch import open_inputs
from utils.onnx_graph.graph import Graph
from utils.onnx_graph.npu import CHIPS
from utils.onnx_graph.passes.order import PASSES

UNCOUNTED = ("Constant", "Identity")
FLOAT_TOLERANCE = 1e-4
HALF_TOLERANCE = 1e-2  # ten steps of half precision next to 1


@dataclass(frozen=True)
class Step:
    """What one pass did.

    Attributes:
        name: the pass.
        nodes: nodes after it, Constant and Identity not counted.
        gap: largest absolute difference of the outputs against the step before.
    """

    name: str
    nodes: int
    gap: float


def optimize(
    model: onnx.ModelProto,
    *,
    npu: str | None = None,
    skip: Collection[str] = (),
    feeds: list[dict[str, np.ndarray]] | None = None,
    tolerance: float | None = None,
    cure: str = "Leave it out by --skip {name}",
) -> tuple[onnx.ModelProto, list[Step]]:
    """Rewrite a model so that it computes the same with fewer nodes, or on a chip.

    Args:
        model: any ONNX model; it is not changed.
        npu: the chip whose operators are to be used; None: the fewest and fastest nodes for PC
            runtimes.
        skip: names of passes that are left out (``utils.onnx_graph.passes.order.PASS_NAMES``).
        feeds: inputs that every step is checked with; None: random ones from a fixed seed.
        tolerance: largest difference between two steps, of the largest output where one exceeds
            1; None: 1e-4, and 1e-2 where the model computes in half precision.
        cure: what a user can do about a pass that fails, in words; {name} is the pass.
    Returns: the new model, with the metadata of the old one; one step for every pass that
        changed something.
    Raises: ValueError: an unknown chip or pass, sizes left open with ``npu``, or a pass that
        changes the outputs by more.
    """
    _check_words(npu, skip)
    if npu is not None:
        _check_fixed(model)
    feeds = feeds or random_feeds(model)
    graph = Graph(onnx.inliner.inline_local_functions(model) if model.functions else model)
    steps: list[Step] = []
    outputs = run_model(model, feeds)
    limit = (tolerance or _tolerance_of(model)) * max(1.0, _largest(outputs))
    for one in PASSES:
        if one.name in skip or not one.serves(npu) or not one.run(graph, npu):
            continue
        graph.refresh()
        current = graph.to_model()
        found = run_model(current, feeds)
        gap = largest_gap(outputs, found)
        if not gap <= limit:
            raise ValueError(
                f"pass {one.name} must keep the outputs to {limit:.3g}, changed them by "
                f"{gap:.2e}. {cure.format(name=one.name)}, and report this."
            )
        steps.append(Step(one.name, count_nodes(current), gap))
        outputs = found
    onnx.checker.check_model(result := graph.to_model(), full_check=True)
    return result, steps


def count_nodes(model: onnx.ModelProto) -> int:
    """Return the number of nodes, Constant and Identity not counted."""
    return sum(node.op_type not in UNCOUNTED for node in model.graph.node)


def _largest(outputs: list[list[np.ndarray]]) -> float:
    return max((float(np.abs(x).max(initial=0)) for found in outputs for x in found), default=0.0)


def _tolerance_of(model: onnx.ModelProto) -> float:
    """Return what rounding may change: more if any tensor of the file is in half precision."""
    stated = [*model.graph.input, *model.graph.output, *model.graph.value_info]
    types = {value.type.tensor_type.elem_type for value in stated}
    types |= {tensor.data_type for tensor in model.graph.initializer}
    return HALF_TOLERANCE if onnx.TensorProto.FLOAT16 in types else FLOAT_TOLERANCE


def _check_words(npu: str | None, skip: Collection[str]) -> None:
    if npu is not None and npu not in CHIPS:
        raise ValueError(f"npu must be one of {', '.join(CHIPS)}, got {npu!r}.")
    names = [one.name for one in PASSES]
    for word in skip:
        if word not in names:
            raise ValueError(f"skip must name passes of {', '.join(names)}, got {word!r}.")


def _check_fixed(model: onnx.ModelProto) -> None:
    for name, sizes in open_inputs(model).items():
        raise ValueError(
            f"input '{name}' must have a fixed shape for an NPU, got {'x'.join(sizes)}. "
            "Export it so, or fix the batch first (utils.onnx_graph.fix_batch)."
        )
