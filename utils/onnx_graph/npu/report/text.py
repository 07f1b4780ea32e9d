"""Put the verdicts into words: a table for the terminal, a mapping for JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from utils.onnx_graph.npu.graph import GraphView
from utils.onnx_graph.npu.risk import risk_lines
from utils.onnx_graph.npu.tables import Table
from utils.onnx_graph.npu.verdict import SIDES, ChipReport, Side, Verdict, judge, opset_warning

FORMAT = 1  # of the JSON; a change of a key's meaning raises it
NAMES_SHOWN = 3


@dataclass(frozen=True)
class Report:
    """The verdicts of one graph on one or more chips, by one table.

    Attributes:
        graph: the network.
        table: the operators that the chips have.
        chips: the verdicts, chip by chip.
        settled: operator to the side that the user states for its disputed nodes.
    """

    graph: GraphView
    table: Table
    chips: tuple[ChipReport, ...]
    settled: Mapping[str, Side] = field(default_factory=dict)

    @property
    def warnings(self) -> list[str]:
        """Lines on what the verdicts do not cover."""
        stated = [
            f"disputed {op} nodes are taken to run on the {side}: stated by --assume, by no table"
            for op, side in self.settled.items()
        ]
        return [line for line in [opset_warning(self.graph, self.table), *stated] if line]

    def worst(self) -> str:
        """Return "CPU" if a chip has a CPU node, else "disputed" if one has such, else "NPU"."""
        for side in ("CPU", "disputed"):
            if any(chip.summary.nodes[side] for chip in self.chips):
                return side
        return "NPU"


def check(
    graph: GraphView,
    chips: Sequence[str],
    table: Table,
    settled: Mapping[str, Side] | None = None,
) -> Report:
    """Judge a graph for each of ``chips``.

    Args:
        graph: the network.
        chips: their numbers.
        table: the operators that they have.
        settled: operator to the side on which the user saw its disputed nodes run.

    Returns:
        The verdicts.
    """
    settled = settled or {}
    judged = tuple(judge(graph, chip, table, settled) for chip in chips)
    return Report(graph, table, judged, settled)


@dataclass(frozen=True)
class Group:
    """Nodes off the NPU for one reason."""

    verdict: Verdict
    nodes: tuple[str, ...]


def groups(chip: ChipReport) -> list[Group]:
    """Return the CPU and disputed verdicts put together by operator, rule and cure, CPU first."""
    found: dict[tuple, list[Verdict]] = {}
    for v in chip.verdicts:
        if v.side in ("CPU", "disputed"):
            found.setdefault((v.side, v.op, v.rule, v.cure), []).append(v)
    order = sorted(found.values(), key=lambda vs: (vs[0].side != "CPU", -len(vs), vs[0].op))
    return [Group(vs[0], tuple(v.node for v in vs)) for vs in order]


def to_json(report: Report) -> dict[str, Any]:
    """Return all that is known as plain lists, mappings, numbers and words."""
    graph = report.graph
    return {
        "format": FORMAT,
        "model": {"name": graph.name, "opset": graph.opset, "nodes": len(graph.nodes)},
        "table": {"name": report.table.name, **report.table.provenance},
        "worst": report.worst(),
        "warnings": report.warnings,
        "settled": dict(report.settled),
        "chips": {
            chip.chip: {
                "summary": asdict(chip.summary),
                "nodes": [asdict(verdict) for verdict in chip.verdicts],
            }
            for chip in report.chips
        },
    }


def to_text(report: Report) -> str:
    """Return the report for a terminal."""
    graph = report.graph
    lines = [
        f"{graph.name}: {len(graph.nodes)} nodes, opset {graph.opset}",
        source_line(report.table),
        *(f"warning: {line}" for line in report.warnings),
    ]
    if len(report.chips) > 1:
        lines += ["", *_overview(report.chips)]
    for chip in report.chips:
        lines += ["", *_chip_lines(chip)]
    lines += ["", *risk] if (risk := risk_lines(graph.spreads)) else []
    return "\n".join(lines) + "\n"


def source_line(table: Table) -> str:
    """Return where a table's rows come from."""
    source = table.provenance
    commits = ", ".join(str(c) for c in source["commits"])
    return f"table {table.name}: {source['document']} @ {commits}, {source['date']}"


def headline(chip: ChipReport) -> str:
    """Return the verdict on one chip in one line."""
    nodes = chip.summary.nodes
    running = sum(nodes[side] for side in ("NPU", "CPU", "disputed"))
    if nodes["CPU"] == nodes["disputed"] == 0:
        return f"KL{chip.chip}: all {running} nodes on the NPU"
    return (
        f"KL{chip.chip}: of {running} nodes {nodes['NPU']} on the NPU, {nodes['CPU']} on the CPU, "
        f"{nodes['disputed']} disputed"
    )


def crossing_line(chip: ChipReport) -> str:
    """Return the number of tensors handed over, with its other value if disputes matter."""
    summary = chip.summary
    line = f"{summary.crossings} tensors cross between NPU and CPU"
    if summary.nodes["disputed"]:
        line += (
            f" with the disputed nodes on the CPU, {summary.crossings_if_npu} with them on the NPU"
        )
    return line


def assumed_line(chip: ChipReport) -> str:
    """Return how many verdicts rest on another table's row, or ""."""
    count = chip.summary.assumed
    return f"{count} verdicts are assumed: their row comes from the newest table" if count else ""


def operator_counts(chip: ChipReport) -> dict[str, Counter]:
    """Return operator to the number of its nodes on each side, most frequent operator first."""
    totals = Counter(v.op for v in chip.verdicts)
    counts: dict[str, Counter] = {op: Counter() for op, _ in totals.most_common()}
    for v in chip.verdicts:
        counts[v.op][v.side] += 1
    return counts


def _overview(chips: Sequence[ChipReport]) -> list[str]:
    rows = [["", *(f"KL{chip.chip}" for chip in chips)]]
    rows += [[side, *(str(chip.summary.nodes[side]) for chip in chips)] for side in SIDES]
    rows.append(["crossings", *(str(chip.summary.crossings) for chip in chips)])
    return align(rows)


def _chip_lines(chip: ChipReport) -> list[str]:
    summary = chip.summary
    totals = [["", "nodes", "multiply-adds", "bytes at 8 bit"]]
    totals += [
        [side, *(f"{part[side]:,}" for part in (summary.nodes, summary.macs, summary.bytes))]
        for side in SIDES
    ]
    by_operator = [["operator", *SIDES]]
    by_operator += [
        [op, *(str(count[side] or "") for side in SIDES)]
        for op, count in operator_counts(chip).items()
    ]
    lines = [headline(chip), *align(totals), crossing_line(chip)]
    lines += [line for line in [assumed_line(chip)] if line]
    lines += ["", *align(by_operator)]
    for group in groups(chip):
        v = group.verdict
        more = len(group.nodes) - NAMES_SHOWN
        shown = ", ".join(group.nodes[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        lines += [
            "",
            f"{v.side}: {len(group.nodes)} x {v.op}",
            f"  rule:  {v.rule}",
            f"  cure:  {v.cure}",
            f"  nodes: {shown}",
        ]
    return lines


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines, the first column to the left and the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
