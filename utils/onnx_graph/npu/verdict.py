"""Judge every node of a graph for one chip by one table, and sum it up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from utils.onnx_graph.npu.cost import bytes_moved, multiply_adds
from utils.onnx_graph.npu.cures import find_cure
from utils.onnx_graph.npu.decide import applies, decide
from utils.onnx_graph.npu.graph import GraphView
from utils.onnx_graph.npu.node import NodeView, Shape
from utils.onnx_graph.npu.risk import Spread
from utils.onnx_graph.npu.tables import Table

Side = Literal["NPU", "CPU", "disputed", "folded"]
SIDE_OF: dict[bool | None, Side] = {True: "NPU", False: "CPU", None: "disputed"}
SIDES: tuple[Side, ...] = ("NPU", "CPU", "disputed", "folded")


@dataclass(frozen=True)
class Verdict:
    """Where one node runs and why.

    Attributes:
        node: name of the node.
        op: operator.
        side: NPU; CPU; disputed (documents contradict one another or the rule leaves it open);
            folded (costs nothing at run time).
        rule: the deciding row or condition in words, its table's date first.
        cure: what would bring it onto the NPU; empty for NPU and folded.
        assumed: the asked table does not state the row, the newest one stands in.
        macs: multiply-adds; 0 if folded.
        bytes: read and written at 8 bits; 0 if folded.
        shape: of the first output; None where it depends on the data.
        spread: how unevenly the weights of a convolution reach: its risk at 8 bits.
    """

    node: str
    op: str
    side: Side
    rule: str
    cure: str = ""
    assumed: bool = False
    macs: int = 0
    bytes: int = 0
    shape: Shape | None = None
    spread: Spread | None = None


@dataclass(frozen=True)
class Summary:
    """Totals of one chip.

    Attributes:
        nodes, macs, bytes: side to total; folded has no macs and bytes.
        crossings: tensors handed from NPU to CPU or back if disputed nodes run on the CPU.
        crossings_if_npu: the same if disputed nodes run on the NPU.
        assumed: verdicts that rest on a row of another table.
    """

    nodes: dict[str, int]
    macs: dict[str, int]
    bytes: dict[str, int]
    crossings: int
    crossings_if_npu: int
    assumed: int


@dataclass(frozen=True)
class ChipReport:
    """All verdicts of one graph on one chip, in the graph's order."""

    chip: str
    verdicts: tuple[Verdict, ...]
    summary: Summary


def judge(
    graph: GraphView, chip: str, table: Table, settled: Mapping[str, Side] | None = None
) -> ChipReport:
    """Return the verdict on every node of ``graph`` for ``chip`` by ``table``.

    Args:
        graph: the network.
        chip: its number.
        table: the operators that it has.
        settled: operator to the side on which the user saw its disputed nodes run.

    Returns:
        The verdicts and their sum.
    """
    verdicts = tuple(
        _settle(_judge_node(node, graph, chip, table), settled or {}) for node in graph.nodes
    )
    return ChipReport(chip, verdicts, _sum_up(graph, verdicts))


def opset_warning(graph: GraphView, table: Table) -> str:
    """Return a line if the toolchain of the table's time does not state the graph's opset.

    Args:
        graph: the network.
        table: states a range.

    Returns:
        The line, or "".
    """
    low, high = table.opset
    if low <= graph.opset <= high:
        return ""
    return (
        f"opset {graph.opset} is outside {low} to {high}, which the toolchain of {table.name} "
        "states: "
        f"export with opset {min(max(graph.opset, low), high)}"
    )


def _judge_node(node: NodeView, graph: GraphView, chip: str, table: Table) -> Verdict:
    if node.name in graph.folded:
        reason = graph.folded[node.name]
        return Verdict(node.name, node.op, "folded", reason, shape=node.shape_out())
    cell = table.cell(node.op, chip)
    decision = decide(node, chip, cell)
    side = SIDE_OF[decision.ok]
    text = f"assumed from {decision.text}" if cell.assumed else decision.text
    for dispute in table.disputes_of(node.op, chip, assumed=cell.assumed):
        if dispute.verdict == side and applies(node, dispute):
            text = f"{text}; disputed: {dispute.reason}"
            side = "disputed"
    cure = "" if side == "NPU" else find_cure(node, chip, table, decision.missed)
    return Verdict(
        node.name,
        node.op,
        side,
        text,
        cure,
        cell.assumed,
        multiply_adds(node),
        bytes_moved(node),
        node.shape_out(),
        graph.spreads.get(node.outputs[0]),
    )


def _settle(verdict: Verdict, settled: Mapping[str, Side]) -> Verdict:
    """Put a disputed node on the side that the user states; any other verdict stands."""
    side = settled.get(verdict.op)
    if side is None or verdict.side != "disputed":
        return verdict
    rule = f"{side} as --assume states; else disputed: {verdict.rule}"
    return replace(verdict, side=side, rule=rule, cure="" if side == "NPU" else verdict.cure)


def _sum_up(graph: GraphView, verdicts: tuple[Verdict, ...]) -> Summary:
    return Summary(
        nodes=_totals((v.side, 1) for v in verdicts),
        macs=_totals((v.side, v.macs) for v in verdicts),
        bytes=_totals((v.side, v.bytes) for v in verdicts),
        crossings=_crossings(graph, verdicts, disputed="CPU"),
        crossings_if_npu=_crossings(graph, verdicts, disputed="NPU"),
        assumed=sum(v.assumed for v in verdicts),
    )


def _totals(pairs: Iterable[tuple[Side, int]]) -> dict[str, int]:
    totals: dict[str, int] = dict.fromkeys(SIDES, 0)
    for side, amount in pairs:
        totals[side] += amount
    return totals


def _crossings(graph: GraphView, verdicts: tuple[Verdict, ...], disputed: Side) -> int:
    """Count tensors that one side makes and the other reads; folded nodes pass tensors on."""
    made: dict[str, tuple[str, Side]] = {}  # tensor -> where it comes from, and that one's side
    crossed = set()
    for node, verdict in zip(graph.nodes, verdicts, strict=True):
        sources = [made[n] for n in node.data_inputs() if n in made]
        if verdict.side == "folded":
            made |= {o: sources[0] for o in node.outputs if sources}
            continue
        side = disputed if verdict.side == "disputed" else verdict.side
        crossed |= {source for source, its_side in sources if its_side != side}
        made |= {o: (o, side) for o in node.outputs}
    return len(crossed)
