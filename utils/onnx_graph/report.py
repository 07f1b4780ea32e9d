"""What the exporting scripts say: each optimisation step, the file, the chip's verdict."""

from collections.abc import Iterable
from pathlib import Path

import onnx

from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.report.text import align, check, crossing_line, headline
from utils.onnx_graph.npu.tables import load_table
from utils.onnx_graph.optimize import Step, count_nodes


def step_lines(steps: Iterable[Step]) -> list[str]:
    """Return one line a step: its name, the nodes after it, how far the output moved."""
    rows = [[step.name, f"{step.nodes} nodes", f"gap {step.gap:.1e}"] for step in steps]
    return align(rows) if rows else []


def summary_line(model: onnx.ModelProto, path: Path, nodes_before: int) -> str:
    """Return the file in one line; Constant and Identity do not count as nodes.

    Args:
        model: what was written.
        path: where it was written.
        nodes_before: how many nodes there were.

    Returns:
        The line.
    """
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
