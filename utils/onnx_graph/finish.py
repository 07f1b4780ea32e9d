"""The last steps of every exporter: an approved model, a whole file, and what is said of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from utils.onnx_graph.file import write_model
from utils.onnx_graph.optimize import Step
from utils.onnx_graph.report import step_lines, summary_line, verdict_lines


@dataclass(frozen=True)
class Converted:
    """A model that is ready to be written.

    Attributes:
        model: as ``finish`` leaves it.
        steps: what each pass did.
        nodes_before: nodes before the passes, Constant and Identity not counted.
    """

    model: onnx.ModelProto
    steps: list[Step]
    nodes_before: int


def finish(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give a model the oldest IR version that its opset has, shapes, and the checker's approval.

    The oldest: Kneron's tools are built on ONNX 1.6 (IR 6), 1.7 (IR 7) and 1.13 (IR 8).

    Raises: onnx.checker.ValidationError, onnx.shape_inference.InferenceError: a faulty model.
    """
    model.ir_version = onnx.helper.find_min_ir_version_for(model.opset_import, ignore_unknown=True)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def write_converted(
    converted: Converted, output: Path, npu: str | None, agreement: Sequence[str] = ()
) -> list[str]:
    """Write a model and say what was done.

    Args:
        converted: the model.
        output: the file; it appears whole or not at all.
        npu: the chip that judges it, or None.
        agreement: lines on how far it is from what it was made of.
    Returns: lines for the user; the last one is the chip's verdict, if there is a chip.

    Raises:
        ValueError: a place where no file can be written, or a model that no chip can be asked of.
        OSError: the file cannot be written.
    """
    verdict = verdict_lines(converted.model, output.name, npu) if npu else []
    write_model(converted.model, output)
    summary = summary_line(converted.model, output, converted.nodes_before)
    return [*step_lines(converted.steps), *agreement, summary, *verdict]
