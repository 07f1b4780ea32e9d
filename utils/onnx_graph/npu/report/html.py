"""Write the report as one HTML page that stands alone: summary, reasons, graph, nodes."""

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
from utils.pages.page import Html, document, escaped, heading, paragraph

COLOURS = {
    "NPU": ("#d5ecd8", "#2e7d32"),
    "CPU": ("#f9d0cc", "#b71c1c"),
    "disputed": ("#fde9b8", "#9a6700"),
    "folded": ("#e6e6e6", "#777777"),
}
NPU_STYLE = """
body { max-width: none; margin: 24px; }
td.name { word-break: break-all; max-width: 340px; }
.view { display: flex; gap: 8px; align-items: stretch; height: 80vh; }
.view .scroll { flex: 1; max-height: none; position: relative; }
.overview { width: 140px; border: 1px solid #d5d5d5; cursor: pointer; }
.graph text { font: 11px sans-serif; text-anchor: middle; fill: #1b1b1b; }
.graph path { fill: none; stroke: #9a9a9a; stroke-width: 1; }
.graph rect { stroke-width: 1.5; }
.graph g.found rect { stroke: #000; stroke-width: 4; }
tr.lost { display: none; }
.chip { display: none; }
input[type=radio] { margin-left: 16px; }
input[type=search] { font: inherit; width: 320px; padding: 4px 8px; margin: 8px 0; }
"""
VIEW_HEAD = """<p>Constants and dead ends are left out, here and below. Hold the pointer over a
box for its reason; click into the overview to go there.</p>
<input type="search" placeholder="find a node, an operator, a rule"> <output></output>"""
# Search marks boxes and leaves only the rows that fit; a click into the overview goes there.
SCRIPT = """
const area = document.querySelector('.scroll'), graph = area.querySelector('svg');
document.querySelector('.overview').onclick = event => {
  const whole = event.currentTarget.getScreenCTM().inverse();
  const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(whole);
  area.scrollTo(place.x - area.clientWidth / 2, place.y - area.clientHeight / 2);
};
document.querySelector('input[type=search]').oninput = event => {
  const word = event.target.value.toLowerCase();
  const fits = text => word !== '' && text.toLowerCase().includes(word);
  let first = null, count = 0;
  for (const box of graph.querySelectorAll('g')) {
    const found = fits(box.querySelector('title').textContent);
    box.classList.toggle('found', found);
    count += found;
    first = first || (found ? box.querySelector('rect') : null);
  }
  for (const row of document.querySelectorAll('tr.node'))
    row.classList.toggle('lost', word !== '' && !fits(row.textContent));
  document.querySelector('output').textContent = word === '' ? '' : `${count} nodes`;
  if (first) area.scrollTo(first.x.baseVal.value - area.clientWidth / 2,
                           first.y.baseVal.value - area.clientHeight / 2);
};
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
    legend = " ".join(f'<span class="side {side}">{side}</span>' for side in SIDES)
    return document(
        title,
        [
            paragraph(intro),
            *(Html(f"<p><b>warning:</b> {escaped(line)}</p>") for line in report.warnings),
            *map(paragraph, risk_lines(graph.spreads)),
            Html(buttons),
            Html(f"<p>{legend}</p>"),
            *(Html(_summary(chip)) for chip in report.chips),
            heading("GraphView"),
            Html(VIEW_HEAD),
            Html(draw_graph(graph, report.chips)),
            *(Html(_nodes(chip)) for chip in report.chips),
            Html(f"<script>{SCRIPT}</script>"),
        ],
        NPU_STYLE + _chip_style(report.chips),
    )


def _chip_style(chips: Sequence[ChipReport]) -> str:
    lines = []
    for side, (fill, line) in COLOURS.items():
        lines.append(f".{side} {{ background: {fill}; }}")
        lines.append(
            f".side.{side} {{ border: 1.5px solid {line}; padding: 1px 10px; border-radius: 4px; }}"
        )
        for chip in chips:
            chosen, boxes = f"#c{chip.chip}:checked ~ .view", f".v{chip.chip}-{side}"
            lines.append(f"{chosen} g{boxes} rect {{ fill: {fill}; stroke: {line}; }}")
            lines.append(f"{chosen} .overview {boxes} {{ fill: {line}; }}")
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
        f"<tr><td>{escaped(op)}</td>"
        + "".join(
            f'<td class="n {side if count[side] else ""}">{count[side] or ""}</td>'
            for side in SIDES
        )
        + "</tr>"
        for op, count in operator_counts(chip).items()
    )
    reasons = "".join(
        f'<tr><td class="{g.verdict.side}">{g.verdict.side}</td><td class="n">{len(g.nodes)}</td>'
        f"<td>{escaped(g.verdict.op)}</td><td>{escaped(g.verdict.rule)}</td>"
        f"<td>{escaped(g.verdict.cure)}</td></tr>"
        for g in groups(chip)
    )
    if reasons:
        reasons = (
            "<h2>What is not on the NPU</h2><table><tr><th>verdict</th><th>nodes</th>"
            f"<th>operator</th><th>rule</th><th>cure</th></tr>{reasons}</table>"
        )
    return (
        f'<div class="chip k{chip.chip}"><h2>{escaped(headline(chip))}</h2>'
        f"<table><tr><th></th><th>nodes</th><th>multiply-adds</th><th>bytes at 8 bit</th></tr>"
        f"{totals}</table><p>{escaped(crossing_line(chip))}</p><p>{escaped(assumed_line(chip))}</p>"
        f"{reasons}<h2>Operators</h2><table><tr><th>operator</th>"
        f"{''.join(f'<th>{side}</th>' for side in SIDES)}</tr>{operators}</table></div>"
    )


def _risk(verdict: Verdict) -> str:
    spread = verdict.spread
    return f"{spread.risk}, {spread.ratio:.0f}x" if spread else ""


def _nodes(chip: ChipReport) -> str:
    rows = "".join(
        f'<tr class="node"><td class="n">{i}</td><td class="name">{escaped(v.node)}</td>'
        f"<td>{escaped(v.op)}</td>"
        f"<td>{by(v.shape) if v.shape is not None else '?'}</td>"
        f'<td class="{v.side}">{v.side}{" (assumed)" if v.assumed else ""}</td>'
        f'<td class="n">{v.macs:,}</td><td class="n">{v.bytes:,}</td>'
        f"<td>{_risk(v)}</td><td>{escaped(v.rule)}</td><td>{escaped(v.cure)}</td></tr>"
        for i, v in enumerate(chip.verdicts)
        if not is_constant(v.rule)
    )
    return (
        f'<div class="chip k{chip.chip}"><h2>Nodes on KL{chip.chip}</h2><table><tr><th></th>'
        "<th>node</th><th>operator</th><th>output</th><th>verdict</th><th>multiply-adds</th>"
        f"<th>bytes</th><th>risk at 8 bits</th><th>rule</th><th>cure</th></tr>{rows}</table></div>"
    )
