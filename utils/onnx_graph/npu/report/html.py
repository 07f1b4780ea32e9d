"""Write the report as one HTML page without scripts or links: summary, reasons, graph, nodes."""

import html
from collections.abc import Sequence

from utils.onnx_graph.npu.node import by
from utils.onnx_graph.npu.report.html_graph import draw_graph, is_constant
from utils.onnx_graph.npu.report.text import (
    Report,
    assumed_line,
    crossing_line,
    groups,
    headline,
    operator_counts,
    source_line,
)
from utils.onnx_graph.npu.risk import risk_lines
from utils.onnx_graph.npu.verdict import SIDES, ChipReport, Verdict

COLOURS = {
    "NPU": ("#d5ecd8", "#2e7d32"),
    "CPU": ("#f9d0cc", "#b71c1c"),
    "disputed": ("#fde9b8", "#9a6700"),
    "folded": ("#e6e6e6", "#777777"),
}
STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 24px; color: #1b1b1b; background: #fff; }
h1 { font-size: 20px; } h2 { font-size: 17px; margin-top: 28px; }
table { border-collapse: collapse; margin: 8px 0; }
th, td { border: 1px solid #ccc; padding: 3px 8px; text-align: left; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
td.name { word-break: break-all; max-width: 340px; }
.scroll { overflow: auto; max-height: 80vh; border: 1px solid #ccc; }
.graph text { font: 11px sans-serif; text-anchor: middle; fill: #1b1b1b; }
.graph path { fill: none; stroke: #9a9a9a; stroke-width: 1; }
.graph rect { stroke-width: 1.5; }
.chip { display: none; }
input[type=radio] { margin-left: 16px; }
"""


def to_html(report: Report) -> str:
    """Return the page; with several chips a row of buttons chooses which one is shown."""
    graph, table = report.graph, report.table
    title = f"NPU check of {graph.name}"
    intro = f"{len(graph.nodes)} nodes, opset {graph.opset}; {source_line(table)}"
    buttons = "".join(
        f'<input type="radio" name="chip" id="c{c.chip}"{" checked" if i == 0 else ""}>'
        f'<label for="c{c.chip}">KL{c.chip}</label>'
        for i, c in enumerate(report.chips)
    )
    legend = " ".join(f'<span class="key {side}">{side}</span>' for side in SIDES)
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{_text(title)}</title><style>{STYLE}{_chip_style(report.chips)}</style></head><body>",
        f"<h1>{_text(title)}</h1><p>{_text(intro)}</p>",
        *(f"<p><b>warning:</b> {_text(line)}</p>" for line in report.warnings),
        *(f"<p>{_text(line)}</p>" for line in risk_lines(graph.spreads)),
        buttons,
        f"<p>{legend}</p>",
        *(_summary(chip) for chip in report.chips),
        "<h2>GraphView</h2><p>Constants and dead ends are left out, here and below. "
        "Hold the pointer over a box for its reason.</p>",
        f'<div class="scroll">{draw_graph(graph, report.chips)}</div>',
        *(_nodes(chip) for chip in report.chips),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _text(words: object) -> str:
    return html.escape(str(words))


def _chip_style(chips: Sequence[ChipReport]) -> str:
    lines = []
    for side, (fill, line) in COLOURS.items():
        lines.append(f".{side} {{ background: {fill}; }}")
        lines.append(
            f".key.{side} {{ border: 1.5px solid {line}; padding: 1px 10px; border-radius: 4px; }}"
        )
        for chip in chips:
            lines.append(
                f"#c{chip.chip}:checked ~ .scroll .v{chip.chip}-{side} rect "
                f"{{ fill: {fill}; stroke: {line}; }}"
            )
    lines += [f"#c{c.chip}:checked ~ .chip.k{c.chip} {{ display: block; }}" for c in chips]
    return "\n".join(lines)


def _summary(chip: ChipReport) -> str:
    s = chip.summary
    totals = "".join(
        f'<tr><td class="{side}">{side}</td><td class="n">{s.nodes[side]:,}</td>'
        f'<td class="n">{s.macs[side]:,}</td><td class="n">{s.bytes[side]:,}</td></tr>'
        for side in SIDES
    )
    operators = "".join(
        f"<tr><td>{_text(op)}</td>"
        + "".join(
            f'<td class="n {side if count[side] else ""}">{count[side] or ""}</td>'
            for side in SIDES
        )
        + "</tr>"
        for op, count in operator_counts(chip).items()
    )
    reasons = "".join(
        f'<tr><td class="{g.verdict.side}">{g.verdict.side}</td><td class="n">{len(g.nodes)}</td>'
        f"<td>{_text(g.verdict.op)}</td><td>{_text(g.verdict.rule)}</td>"
        f"<td>{_text(g.verdict.cure)}</td></tr>"
        for g in groups(chip)
    )
    if reasons:
        reasons = (
            "<h2>What is not on the NPU</h2><table><tr><th>verdict</th><th>nodes</th>"
            f"<th>operator</th><th>rule</th><th>cure</th></tr>{reasons}</table>"
        )
    return (
        f'<div class="chip k{chip.chip}"><h2>{_text(headline(chip))}</h2>'
        f"<table><tr><th></th><th>nodes</th><th>multiply-adds</th><th>bytes at 8 bit</th></tr>"
        f"{totals}</table><p>{_text(crossing_line(chip))}</p><p>{_text(assumed_line(chip))}</p>"
        f"{reasons}<h2>Operators</h2><table><tr><th>operator</th>"
        f"{''.join(f'<th>{side}</th>' for side in SIDES)}</tr>{operators}</table></div>"
    )


def _risk(verdict: Verdict) -> str:
    spread = verdict.spread
    return f"{spread.risk}, {spread.ratio:.0f}x" if spread else ""


def _nodes(chip: ChipReport) -> str:
    rows = "".join(
        f'<tr><td class="n">{i}</td><td class="name">{_text(v.node)}</td><td>{_text(v.op)}</td>'
        f"<td>{by(v.shape) if v.shape is not None else '?'}</td>"
        f'<td class="{v.side}">{v.side}{" (assumed)" if v.assumed else ""}</td>'
        f'<td class="n">{v.macs:,}</td><td class="n">{v.bytes:,}</td>'
        f"<td>{_risk(v)}</td><td>{_text(v.rule)}</td><td>{_text(v.cure)}</td></tr>"
        for i, v in enumerate(chip.verdicts)
        if not is_constant(v.rule)
    )
    return (
        f'<div class="chip k{chip.chip}"><h2>Nodes on KL{chip.chip}</h2><table><tr><th></th>'
        "<th>node</th><th>operator</th><th>output</th><th>verdict</th><th>multiply-adds</th>"
        f"<th>bytes</th><th>risk at 8 bits</th><th>rule</th><th>cure</th></tr>{rows}</table></div>"
    )
