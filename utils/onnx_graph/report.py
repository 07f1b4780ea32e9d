"""What the exporting scripts say: each optimisation step, the agreement, the chip's verdict."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import onnx

from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.report import align, check, crossing_line, headline
from utils.onnx_graph.npu.tables import load_table
from utils.onnx_graph.passes import Step, count_nodes


class Exported(Protocol):
    """What ``models.export.to_onnx.export_model`` gives, as far as it is reported."""

    model: onnx.ModelProto
    gaps: dict[str, float]
    num_crops: int
    no_crops: str
    steps: list[Step]
    nodes_traced: int


def export_lines(exported: Exported, path: Path, npu: str | None) -> list[str]:
    """Return all that is said of an export that was written to ``path``."""
    lines = step_lines(exported.steps)
    lines += gap_lines(exported.gaps, exported.num_crops, exported.no_crops)
    lines.append(summary_line(exported.model, path, exported.nodes_traced))
    return lines + verdict_lines(exported.model, path.name, npu) if npu else lines


def step_lines(steps: Iterable[Step]) -> list[str]:
    """Return one line a step: its name, the nodes after it, how far the output moved."""
    rows = [[step.name, f"{step.nodes} nodes", f"gap {step.gap:.1e}"] for step in steps]
    return align(rows) if rows else []


def gap_lines(gaps: dict[str, float], num_crops: int, no_crops: str) -> list[str]:
    """Return how far the file is from PyTorch, on what.

    Args:
        gaps: largest absolute difference of heatmaps on "random" pixels and "crops".
        num_crops: how many people of the test set.
        no_crops: the file of the test set that is not there, or "".
    """
    lines = [f"max |PyTorch - onnxruntime| {gaps['random']:.1e} on random pixels"]
    if num_crops:
        lines[0] += f", {gaps['crops']:.1e} on {num_crops} people of the config's test set"
    else:
        lines.append(
            f"no images of the config's data set found ({no_crops}): compared on random inputs "
            "alone; --cfg-options data_root=FOLDER/ says where they are"
        )
    return lines


def summary_line(model: onnx.ModelProto, path: Path, nodes_before: int) -> str:
    """Return the file in one line; Constant and Identity do not count as nodes."""
    return (
        f"{path}: opset {opset_of(model)}, IR {model.ir_version}, {count_nodes(model)} nodes "
        f"(before: {nodes_before}), {path.stat().st_size / 2**20:.1f} MiB"
    )


def opset_of(model: onnx.ModelProto) -> int:
    """Return the version of ONNX's own operators."""
    return next(e.version for e in model.opset_import if e.domain in ("", "ai.onnx"))


def verdict_lines(model: onnx.ModelProto, name: str, chip: str) -> list[str]:
    """Judge a model by the newest operator table.

    Args:
        model: with fixed shapes.
        name: shown in messages.
        chip: "520", "530", "630", "720" or "730".
    Returns: which table; nodes on either side; tensors that cross.
    Raises: NpuCheckError: no fixed shapes.
    """
    table = load_table()
    (report,) = check(read_graph(model.SerializeToString(), name), [chip], table).chips
    return [f"{headline(report)} (table {table.name})", crossing_line(report)]
