"""Name what would bring a node that the NPU does not run onto it."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from utils.onnx_graph.npu.node import NodeView
from utils.onnx_graph.npu.tables import Table

FILE = Path(__file__).parent / "cures.yaml"
TAIL = "it is in the tail of the network: end the network before it and compute this on the host"
NONE = "no operator that this table gives the NPU does the same: change the network or accept it"


def find_cure(node: NodeView, chip: str, table: Table, missed: tuple[str, ...]) -> str:
    """Return the first cure that fits the node and uses only operators that the chip has.

    ``missed`` holds the names of the rules that do not hold, "row" where the operator is N.

    Args:
        node: one that the chip does not run.
        chip: its number.
        table: the operators that it has.
        missed: names of the rules that do not hold; "row" where the operator is N.

    Returns:
        A sentence.
    """
    if node.tail and any(len(shape) > 4 for shape in node.data_shapes()):
        return TAIL
    for cure in cures().get(node.op, []):
        wanted = cure.get("missed")
        if wanted and not set(wanted) & set(missed):
            continue
        if _fits(node, cure.get("if", [])) and _has_all(table, chip, cure["uses"]):
            return cure["do"]
    return TAIL if node.tail else NONE


@cache
def cures() -> dict[str, list[dict[str, Any]]]:
    """Return operator to its cures, most fitting first."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def _has_all(table: Table, chip: str, operators: list[str]) -> bool:
    return all(table.cell(op, chip).row not in ("N", "unlisted") for op in operators)


def _fits(node: NodeView, conditions: list[str]) -> bool:
    return all(CONDITIONS[name](node) for name in conditions)


def _per_channel_constant(node: NodeView) -> bool:
    """One factor is a constant of one number, or one number per channel (axis 1)."""
    out = node.shape_out() or ()
    for index in (0, 1):
        shape = node.shape_in(index)
        if not node.is_constant(index) or shape is None or len(shape) > len(out):
            continue
        full = (1,) * (len(out) - len(shape)) + shape
        if all(size == 1 for axis, size in enumerate(full) if axis != 1):
            return True
    return False


def _over_rows_and_columns(node: NodeView) -> bool:
    shape = node.shape_in(0) or ()
    axes = node.argument("axes", 1)
    return isinstance(axes, list) and len(shape) == 4 and {a % 4 for a in axes} == {2, 3}


def _whole_windows(node: NodeView) -> bool:
    """Kernel equals stride and there is no padding, so that means of means are exact."""
    kernel, stride, _ = node.window()
    return kernel == stride and not any(node.attributes.get("pads", [0]))


def _odd_at_stride_one(node: NodeView) -> bool:
    kernel, stride, dilation = node.window()
    return {*stride, *dilation} == {1} and len(set(kernel)) == 1 and kernel[0] % 2 == 1


def _shuffles(node: NodeView) -> bool:
    """A step of Reshape, Transpose, Reshape over five axes, as a channel shuffle is written."""
    return any(len(shape) == 5 for shape in node.data_shapes())


CONDITIONS = {
    "tail": lambda node: node.tail,
    "per_channel_constant": _per_channel_constant,
    "constant_second": lambda node: node.is_constant(1),
    "over_rows_and_columns": _over_rows_and_columns,
    "whole_windows": _whole_windows,
    "odd_at_stride_one": _odd_at_stride_one,
    "changes_nothing": lambda node: node.shape_in(0) == node.shape_out(),
    "shuffles": _shuffles,
    "feeds_gemm": lambda node: node.reader_ops == ("Gemm",),
    "rank_two": lambda node: len(node.shape_in(0) or ()) == 2,
    "two_inputs": lambda node: len(node.inputs) == 2,
}
