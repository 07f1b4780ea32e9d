"""From an ONNX model of any origin to an optimised one."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import onnx
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from utils.onnx_graph.finish import Converted, finish
from utils.onnx_graph.fix_batch import fix_batch, open_inputs
from utils.onnx_graph.npu.errors import first_line
from utils.onnx_graph.optimize import count_nodes, optimize
from utils.onnx_graph.report import opset_of

OLDEST_OPSET, NEWEST_OPSET = 11, 18  # below, Resize and others have other forms; Kneron's limit
RUNTIME_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


def convert_model(
    model: onnx.ModelProto,
    source: Path,
    *,
    npu: str | None = None,
    skip: Collection[str] = (),
    last: Sequence[Callable[[onnx.ModelProto], onnx.ModelProto]] = (),
) -> Converted:
    """Optimise a model, each step checked on random inputs.

    Args:
        model: as read from a file; an open batch becomes 1.
        source: the file it was read from, for messages.
        npu: chip, or None for PC runtimes.
        skip: passes to leave out.
        last: changes to make behind all passes.
    Returns: the new model, ready to be written.
    Raises: ValueError: sizes left open beside the batch or in contradiction, an opset out of
        range, operators that onnxruntime does not run, or a step that changed the outputs.
    """
    opset = opset_of(model)
    if not OLDEST_OPSET <= opset <= NEWEST_OPSET:
        raise ValueError(
            f"{source}: opset must be {OLDEST_OPSET} to {NEWEST_OPSET}, got {opset}. "
            "Export again with another."
        )
    model = fix_batch(model)
    _check_fixed(model, source)
    before = count_nodes(model)
    try:
        onnx.shape_inference.infer_shapes(model, strict_mode=True)
        model, steps = optimize(model, npu=npu, skip=skip)
    except RUNTIME_ERRORS as err:
        raise ValueError(
            f"{source}: model must run in onnxruntime, but {first_line(err)}. Nothing written."
        ) from err
    except onnx.shape_inference.InferenceError as err:
        raise ValueError(
            f"{source}: sizes that the file states must agree, but {first_line(err)}. Export again."
        ) from err
    for change in last:
        model = change(model)
    return Converted(finish(model), steps, before)


def set_input_shapes(model: onnx.ModelProto, shapes: dict[str, list[int]]) -> onnx.ModelProto:
    """Fix the sizes of inputs, whatever the file says or leaves open.

    Args:
        model: it is not changed.
        shapes: name of an input to its sizes.

    Returns:
        A copy with these sizes, and all that follow from them.

    Raises: ValueError: no input of this name, or one of another rank.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    inputs = {value.name: value for value in changed.graph.input}
    for name, shape in shapes.items():
        if name not in inputs:
            raise ValueError(f"--input must name one of {', '.join(inputs)}, got '{name}'.")
        dims = inputs[name].type.tensor_type.shape.dim
        if len(dims) != len(shape):
            raise ValueError(
                f"--input '{name}' must have {len(dims)} sizes, got {len(shape)}. Name them all."
            )
        for dim, size in zip(dims, shape, strict=True):
            dim.dim_value = size
    for value in changed.graph.output:
        for dim in value.type.tensor_type.shape.dim:
            dim.Clear()
    del changed.graph.value_info[:]
    return onnx.shape_inference.infer_shapes(changed, data_prop=True)


def _check_fixed(model: onnx.ModelProto, source: Path) -> None:
    for name, sizes in open_inputs(model).items():
        raise ValueError(
            f"{source}: input '{name}' must have a fixed size, got {' '.join(sizes)}. Export it "
            f"so, or use tools/pytorch2onnx.py IN OUT --input '{name} 1 3 H W'."
        )
