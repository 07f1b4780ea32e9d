"""Decide one node by one cell of a table."""

from dataclasses import dataclass
from typing import Any

import utils.onnx_graph.npu.rules.axes
import utils.onnx_graph.npu.rules.resize
import utils.onnx_graph.npu.rules.tensor
import utils.onnx_graph.npu.rules.window  # noqa: F401  registers its rules, as those before
from utils.onnx_graph.npu.node import NodeView
from utils.onnx_graph.npu.rules.rule import REGISTERED
from utils.onnx_graph.npu.tables import Cell, Dispute


@dataclass(frozen=True)
class Decision:
    """What a table says of a node.

    Attributes:
        ok: True NPU, False CPU, None left open by the table.
        text: the deciding rule in words.
        missed: names of the rules that do not hold; "row" where the operator is N.
    """

    ok: bool | None
    text: str
    missed: tuple[str, ...] = ()


def decide(node: NodeView, chip: str, cell: Cell) -> Decision:
    """Apply the cell of ``node``'s operator.

    Args:
        node: the node.
        chip: its number.
        cell: what the table says of the operator.

    Returns: the decision; of several forms the first that holds, else the first left open, else
        the one with the fewest misses.
    """
    head = f"{cell.table} {node.op} {chip}"
    if cell.row == "unlisted":
        return Decision(False, f"{head}: not in the table, so N", ("row",))
    if cell.row == "N":
        return Decision(False, f"{head}: N", ("row",))
    unknown = node.unknown_shapes()
    if unknown:
        why = f"shape of {unknown[0]} depends on the data, the NPU wants fixed shapes"
        return Decision(False, f"{head}: {why}", ("fixed_shape",))
    if cell.row == "Y":
        return Decision(True, f"{head}: Y")
    head = f"{head} {cell.row} ({cell.says})"
    tried = [_try(node, form) for form in cell.forms]
    for number, (ok, _, _) in enumerate(tried, start=1):
        if ok:
            return Decision(True, head if len(tried) == 1 else f"{head}: form {number} holds")
    left_open = [t for t in tried if t[0] is None]
    ok, texts, missed = min(left_open or tried, key=lambda t: len(t[1]))
    nearest = "" if len(tried) == 1 or left_open else f"none of {len(tried)} forms holds, nearest: "
    return Decision(ok, f"{head}: {nearest}{'; '.join(texts)}", missed)


def applies(node: NodeView, dispute: Dispute) -> bool:
    """Say whether a dispute's condition holds for the node.

    Args:
        node: the node.
        dispute: a contradicted verdict.

    Returns:
        Whether it is about this node.
    """
    return _try(node, dispute.when)[0] is True


def _try(
    node: NodeView, form: dict[str, Any]
) -> tuple[bool | None, tuple[str, ...], tuple[str, ...]]:
    findings = {name: REGISTERED[name](node, argument) for name, argument in form.items()}
    failed = {n: f for n, f in findings.items() if f.ok is False}
    shown = failed or {n: f for n, f in findings.items() if f.ok is None}
    ok = False if failed else (None if shown else True)
    return ok, tuple(f.text for f in shown.values()), tuple(shown)
