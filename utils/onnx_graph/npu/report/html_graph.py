"""Draw a graph as SVG: one box a node, rows by depth, one style class a chip and verdict."""

import html
from collections.abc import Sequence

from utils.onnx_graph.npu.graph import GraphView
from utils.onnx_graph.npu.node import NodeView, by
from utils.onnx_graph.npu.verdict import ChipReport, Verdict

BOX_W, BOX_H = 150, 22
PITCH_X, PITCH_Y = 166, 40
MARGIN = 12


def draw_graph(graph: GraphView, chips: Sequence[ChipReport]) -> str:
    """Return the drawing and an overview beside it; constants and dead ends are left out.

    A graph of constants alone gives an empty drawing. Every box has a class "v<chip>-<verdict>"
    per chip and a tooltip with shape, rule and cure.

    Args:
        graph: the network.
        chips: the verdicts, in the graph's order.

    Returns:
        The elements as text.
    """
    nodes = [n for n in graph.nodes if not is_constant(graph.folded.get(n.name, ""))]
    parents = _parents(nodes)
    places = _places(nodes, parents)
    width = max((x for x, _ in places.values()), default=0) + BOX_W + MARGIN
    height = max((y for _, y in places.values()), default=0) + BOX_H + MARGIN
    verdicts = {chip.chip: {v.node: v for v in chip.verdicts} for chip in chips}
    edges = [_edge(places[parent], places[n.name]) for n in nodes for parent in parents[n.name]]
    boxes, overview = [], []
    for node in nodes:
        found = [(chip, of[node.name]) for chip, of in verdicts.items()]
        x, y = places[node.name]
        frame = f'x="{x}" y="{y}" width="{BOX_W}" height="{BOX_H}"'
        classes = " ".join(f"v{chip}-{v.side}" for chip, v in found)
        overview.append(f'<rect class="{classes}" {frame}/>')
        label, told = _words(node, found)
        boxes.append(
            f'<g class="{classes}"><title>{html.escape(told)}</title><rect {frame} rx="4"/>'
            f'<text x="{x + BOX_W // 2}" y="{y + 15}">{html.escape(label)}</text></g>'
        )
    return "\n".join(
        [
            f'<div class="view"><svg class="overview" viewBox="0 0 {width} {height}" '
            'preserveAspectRatio="xMidYMin">',
            *overview,
            '</svg><div class="scroll">',
            f'<svg class="graph" width="{width}" height="{height}" role="img">',
            *edges,
            *boxes,
            "</svg></div></div>",
        ]
    )


def _words(node: NodeView, found: Sequence[tuple[str, Verdict]]) -> tuple[str, str]:
    """What stands in a box, and what the pointer over it shows."""
    shape = found[0][1].shape
    words = [node.name, f"{node.op} {by(shape)}" if shape else node.op]
    words += [
        f"KL{chip} {v.side}: {v.rule}" + (f" -> {v.cure}" if v.cure else "") for chip, v in found
    ]
    label = f"{node.op[:14]} {by(shape[1:])}" if shape else node.op[:20]
    return label, "\n".join(words)


def is_constant(reason: str) -> bool:
    """Say whether a node is folded because nothing of it is computed at run time."""
    return reason.startswith(("constant", "dead end"))


def _parents(nodes: Sequence[NodeView]) -> dict[str, list[str]]:
    makers = {output: node.name for node in nodes for output in node.outputs}
    return {n.name: sorted({makers[i] for i in n.inputs if i in makers}) for n in nodes}


def _places(nodes: Sequence[NodeView], parents: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """Return the upper left corner of every box: depth downwards, near its parents' middle."""
    depth: dict[str, int] = {}
    for node in nodes:
        depth[node.name] = 1 + max((depth[p] for p in parents[node.name]), default=-1)
    rows: dict[int, list[str]] = {}
    for name, level in depth.items():
        rows.setdefault(level, []).append(name)
    x: dict[str, float] = {}
    for level in sorted(rows):
        want = {
            name: sum(x[p] for p in parents[name]) / len(parents[name]) if parents[name] else 0.0
            for name in rows[level]
        }
        row = sorted(rows[level], key=want.__getitem__)
        left = -float("inf")
        for name in row:
            left = x[name] = max(want[name], left + PITCH_X)
        shift = sum(x[n] - want[n] for n in row) / len(row)
        for name in row:
            x[name] -= shift
    least = min(x.values(), default=0)
    return {n: (round(x[n] - least) + MARGIN, depth[n] * PITCH_Y + MARGIN) for n in x}


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + BOX_W // 2, start[1] + BOX_H
    x2, y2 = end[0] + BOX_W // 2, end[1]
    bend = min(30, (y2 - y1) // 2)
    return f'<path d="M{x1},{y1} C{x1},{y1 + bend} {x2},{y2 - bend} {x2},{y2}"/>'
