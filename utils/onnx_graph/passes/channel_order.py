"""Let channels lie in whatever order their makers left them in, and let weights follow.

A shuffle costs nothing that way: it only changes the order in which a tensor is known to lie. The
next depthwise Conv has its weights put in that order, a dense Conv its input columns, and where
two tensors meet whose orders differ, the Conv that one of them comes from gives out another order.
"""

from dataclasses import dataclass

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.reorder import (
    MEETS,
    carries,
    is_dense,
    meets,
    permuted,
    reorderings,
    spread_columns,
)
from utils.onnx_graph.passes.selection import add_gather, picked_channels
from utils.onnx_graph.passes.slices import add_concat, add_slice, concat_axis, merge_slices

# Slices of a stretch each and a Concat cost a chip no multiplication, a 1x1 Conv one a pair of
# channels. More of them than that would be more moves than the Conv has work.
MOST_STRETCHES = 6


@dataclass(frozen=True)
class Lying:
    """Where the channels of a tensor are: channel i is channel order[i] of another tensor."""

    name: str
    order: np.ndarray

    @property
    def is_plain(self) -> bool:
        """Say whether the order is the one the tensor is meant to have."""
        return np.array_equal(self.order, np.arange(len(self.order)))


def fold_channel_order(graph: Graph, npu: str | None) -> int:
    """Take all reordering of channels into weights, as far as it goes; leave Gathers for the rest.

    Args:
        graph: changed in place.
        npu: the chip, or None for PC runtimes.

    Returns: how many shuffles went; 0 leaves the graph as it was.
    """
    shuffles = sum(_is_shuffle(graph, node) for node in graph.of("Gather"))
    if not shuffles:
        return 0
    graph.remove_dead_ends()  # sorts as well
    folder = _Folder(graph, npu)
    for node in list(graph.nodes):
        folder.visit(node)
    folder.end()
    merge_slices(graph, npu)
    return shuffles


def _is_shuffle(graph: Graph, node: Node) -> bool:
    order = picked_channels(graph, node)
    channels = graph.shape(node.inputs[0])[1:2]
    return order is not None and channels == (len(order),) and len(set(order)) == len(order)


class _Folder:
    def __init__(self, graph: Graph, npu: str | None) -> None:
        self.graph = graph
        self.has_slice = npu not in (None, "520")  # a PC takes a Gather at once
        self.lying: dict[str, Lying] = {}  # only tensors that are not plain under their own name
        self.plain: dict[str, str] = {}  # those that were made plain again

    def visit(self, node: Node) -> None:
        """Let a node read its inputs as they lie; note how its output lies."""
        if not any(name in self.lying for name in node.inputs):
            if node.op in MEETS or _is_shuffle(self.graph, node):
                self._dispatch(node)
            return
        self._dispatch(node)

    def _dispatch(self, node: Node) -> None:
        graph = self.graph
        rank_4 = len(graph.shape(node.inputs[0])) == 4
        if rank_4 and picked_channels(graph, node) is not None and node.op in ("Gather", "Slice"):
            self._pick(node)
        elif carries(graph, node):
            self._carry(node)
        elif is_dense(graph, node) and node.inputs[0] in self.lying:
            lying = self._at(node.inputs[0])
            node.inputs[:2] = [lying.name, spread_columns(graph, node, lying.order)]
        elif node.op == "Concat" and rank_4 and concat_axis(graph, node) == 1:
            self._join(node)
        elif node.op in MEETS and self._meet(node):
            pass
        else:
            node.inputs = [self._make_plain(name, node) for name in node.inputs]

    def _at(self, name: str) -> Lying:
        if name in self.lying:
            return self.lying[name]
        return Lying(name, np.arange(self.graph.size(name, 1)))

    def _note(self, name: str, lying: Lying) -> None:
        if lying.name != name or not lying.is_plain:
            self.lying[name] = lying

    def _carry(self, node: Node) -> None:
        lying = self._at(node.inputs[0])
        node.inputs[0] = lying.name
        for index in _channel_arguments(node):
            node.inputs[index] = permuted(self.graph, node.inputs[index], 0, lying.order)
        self._note(node.output, Lying(node.output, lying.order))

    def _join(self, node: Node) -> None:
        parts = [self._at(name) for name in node.inputs]
        node.inputs = [part.name for part in parts]
        edges = np.cumsum([0, *(len(part.order) for part in parts)])
        order = np.concatenate([p.order + e for p, e in zip(parts, edges, strict=False)])
        self._note(node.output, Lying(node.output, order))

    def _meet(self, node: Node) -> bool:
        """Bring two operands into one order; say if they are of a kind that this is done for."""
        graph = self.graph
        if any(name in graph.constants for name in node.inputs):
            return self._meet_constant(node)
        if not meets(graph, node):
            return False
        first, second = (self._at(name) for name in node.inputs)
        if not np.array_equal(first.order, second.order):
            # the operand that is given out by a Conv comes to the other one
            if self._bring(second, first.order):
                second = Lying(second.name, first.order)
            elif self._bring(first, second.order):
                first = Lying(first.name, second.order)
            else:
                node.inputs = [self._make_plain(name, node) for name in node.inputs]
                return True
        node.inputs = [first.name, second.name]
        self._note(node.output, Lying(node.output, first.order))
        return True

    def _bring(self, lying: Lying, order: np.ndarray) -> bool:
        move = np.empty(len(order), np.int64)
        move[lying.order] = order
        edits = reorderings(self.graph, lying.name, move, self._readers(lying.name))
        for edit in edits or []:
            edit()
        return edits is not None

    def _readers(self, name: str) -> int:
        """Count what reads a tensor, under its own name or one that stands for it."""
        names = {name} | {n for n, lying in self.lying.items() if lying.name == name}
        if names & self.graph.kept:
            return 2
        return sum(n in names for node in self.graph.nodes for n in node.inputs)

    def _meet_constant(self, node: Node) -> bool:
        index = 0 if node.inputs[0] in self.graph.constants else 1
        value, name = self.graph.constants[node.inputs[index]], node.inputs[1 - index]
        channels = value.shape[-3] if value.ndim > 2 else 1
        if name not in self.lying or value.ndim > 4:
            return False
        lying = self._at(name)
        node.inputs[1 - index] = lying.name
        if channels > 1:
            node.inputs[index] = permuted(self.graph, node.inputs[index], -3, lying.order)
        self._note(node.output, Lying(node.output, lying.order))
        return True

    def _pick(self, node: Node) -> None:
        lying = self._at(node.inputs[0])
        wanted = lying.order[picked_channels(self.graph, node)]
        if len(set(wanted)) == len(wanted) == self.graph.shape(lying.name)[1]:
            self._note(node.output, Lying(lying.name, wanted))
            return
        self._note(node.output, self._cut(lying.name, wanted, node))

    def _cut(self, source: str, wanted: np.ndarray, before: Node) -> Lying:
        """Pick channels from where they come from, as a stretch if they are one."""
        graph = self.graph
        maker = graph.producers().get(source)
        if maker is not None and maker.op == "Concat" and concat_axis(graph, maker) == 1:
            return self._cut_joined(maker, wanted, before)
        if maker is not None and maker.op in ("Gather", "Slice"):
            picked = picked_channels(graph, maker)
            if picked is not None:
                return self._cut(maker.inputs[0], picked[wanted], before)
        low, high = int(wanted.min()), int(wanted.max()) + 1
        if high - low == len(wanted) == len(set(wanted)):
            return Lying(add_slice(graph, before, source, {1: (low, high)}), wanted - low)
        if self.has_slice and (lying := self._cut_stretches(source, wanted, before)):
            return lying
        name = add_gather(graph, before, source, wanted, f"{before.output}_pick")
        return Lying(name, np.arange(len(wanted)))

    def _cut_joined(self, maker: Node, wanted: np.ndarray, before: Node) -> Lying:
        order, names = np.empty(len(wanted), np.int64), []
        edge = used = 0
        for name in maker.inputs:
            size = self.graph.size(name, 1)
            inside = (wanted >= edge) & (wanted < edge + size)
            if inside.any():
                part = self._cut(name, wanted[inside] - edge, before)
                order[inside] = part.order + used
                names.append(part.name)
                used += self.graph.size(part.name, 1)
            edge += size
        return Lying(add_concat(self.graph, before, names, 1, f"{before.output}_pick"), order)

    def _cut_stretches(self, source: str, wanted: np.ndarray, before: Node) -> Lying | None:
        """Join the few stretches that the wanted channels lie in; None if they lie scattered."""
        places = np.sort(wanted)
        edges = np.flatnonzero(np.diff(places) != 1) + 1
        stretches = np.split(places, edges)
        if len(stretches) > MOST_STRETCHES or len(set(wanted)) != len(wanted):
            return None
        names = [
            add_slice(self.graph, before, source, {1: (int(each[0]), int(each[-1]) + 1)})
            for each in stretches
        ]
        joined = add_concat(self.graph, before, names, 1, f"{before.output}_pick")
        return Lying(joined, np.searchsorted(places, wanted))

    def _make_plain(self, name: str, before: Node) -> str:
        if name not in self.lying:
            return name
        if name not in self.plain:
            lying = self.lying[name]
            stem = f"{name}_plain"
            self.plain[name] = add_gather(self.graph, before, lying.name, lying.order, stem)
        return self.plain[name]

    def end(self) -> None:
        """Give out what must keep its name in the order it is meant to have."""
        graph = self.graph
        makers = graph.producers()
        for name in [n for n in graph.kept if n in self.lying]:
            lying, free = self.lying[name], graph.name(f"{name}_before")
            makers[name].outputs = [free if n == name else n for n in makers[name].outputs]
            for node in graph.nodes:
                node.inputs = [free if n == name else n for n in node.inputs]
            source = free if lying.name == name else lying.name
            order = graph.constant(f"{name}_order", lying.order)
            graph.nodes.append(Node("Gather", [source, order], [name], {"axis": 1}))


def _channel_arguments(node: Node) -> range:
    """Return which inputs hold one value (or filter) a channel."""
    if node.op in ("Conv", "BatchNormalization"):
        return range(1, len(node.inputs))
    return range(0)
