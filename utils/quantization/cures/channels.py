"""Which channels of which tensors must be scaled together, so that the network stays the same.

A positive factor on a channel passes through Relu, resizing, slicing and joining; a sum needs one
factor for all its terms. A convolution takes factors of its input into its weights and gives its
output factors of its own. So the channels of all tensors fall into classes with one factor each.
Source: Nagel et al., arXiv:1906.04721, section 4.1, for pairs of layers; classes over whole graphs
with sums and joins are its extension here.
"""

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.slices import slices_of
from utils.quantization.points import moves

FIXED = 0  # the class of channels whose factor stays 1
SAME = ("Relu", "Resize", "GlobalAveragePool", "AveragePool", "MaxPool", "Identity")


class ChannelClasses:
    """The classes of a graph's channels.

    Args:
        graph: with shapes.

    Attributes:
        of: tensor to int64 (C,), the class of each channel; class 0 is fixed.
        count: number of classes.
    """

    def __init__(self, graph: Graph) -> None:
        self._start: dict[str, int] = {}
        total = 1
        names = [*graph.inputs, *(name for node in graph.nodes for name in node.outputs)]
        for name in names:
            self._start[name] = total
            total += self._channels(graph, name)
        self._parent = np.arange(total)
        for name in (*graph.inputs, *graph.outputs):
            self._fix(graph, name)
        for node in graph.nodes:
            self._tie(graph, node)
        roots = np.array([self._root(i) for i in range(total)])
        fixed = roots[FIXED]
        _, classes = np.unique(np.where(roots == fixed, -1, roots), return_inverse=True)
        self.count = int(classes.max()) + 1
        self.of = {
            name: classes[start : start + self._channels(graph, name)]
            for name, start in self._start.items()
        }

    @staticmethod
    def _channels(graph: Graph, name: str) -> int:
        shape = graph.shape(name)
        return int(shape[1] or 1) if len(shape) >= 2 else 1

    def _root(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = int(self._parent[index])
        return index

    def _join(self, one: int, other: int) -> None:
        first, second = sorted((self._root(one), self._root(other)))
        self._parent[second] = first

    def _fix(self, graph: Graph, name: str) -> None:
        for index in self._range(graph, name):
            self._join(FIXED, index)

    def _range(self, graph: Graph, name: str) -> range:
        return range(self._start[name], self._start[name] + self._channels(graph, name))

    def _tie(self, graph: Graph, node: Node) -> None:
        if node.op == "Conv":
            return
        data = [name for name in node.inputs if name in self._start]
        output = self._range(graph, node.output)
        if node.op == "Concat" and node.attributes["axis"] == 1:
            sources = [index for name in data for index in self._range(graph, name)]
            self._join_all(sources, output)
        elif node.op == "Slice" and (taken := _taken(graph, node)) is not None:
            source = self._range(graph, data[0])
            self._join_all([source[i] for i in taken], output)
        elif node.op in SAME or (node.op == "Slice" and moves(node)):
            self._join_all(self._range(graph, data[0]), output)
        elif node.op == "Add" and len(data) == 2 and self._are_alike(graph, *data, node.output):
            for name in data:
                self._join_all(self._range(graph, name), output)
        elif node.op == "Mul" and len(data) == 1:  # by a constant
            self._join_all(self._range(graph, data[0]), output)
        elif node.op == "Mul" and self._are_alike(graph, *data):  # by a gate, whose factor is 1
            self._join_all(self._range(graph, data[0]), output)
            self._fix(graph, data[1])
        else:
            for name in (*data, *node.outputs):
                self._fix(graph, name)

    def _join_all(self, sources: range | list[int], targets: range) -> None:
        for source, target in zip(sources, targets, strict=True):
            self._join(source, target)

    def _are_alike(self, graph: Graph, *names: str) -> bool:
        return len({self._channels(graph, name) for name in names}) == 1


def _taken(graph: Graph, node: Node) -> np.ndarray | None:
    """Return the channels that a Slice takes, None where its bounds are computed."""
    taken = slices_of(graph, node)
    return None if taken is None else np.arange(graph.sizes(node.inputs[0])[1])[taken[1]]
