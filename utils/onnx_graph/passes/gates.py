"""Squeeze-and-excitation gates that do not depend on one another, computed together."""

from dataclasses import dataclass

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.slices import add_slice


@dataclass(frozen=True)
class Gate:
    """GlobalAveragePool, Conv, Relu, Conv, Sigmoid in a row, read by nothing else before its end.

    Attributes:
        nodes: the five.
        weights: of both convolutions, float (C_out, C_in).
        biases: of both, float (C_out,).
    """

    nodes: tuple[Node, ...]
    weights: tuple[np.ndarray, np.ndarray]
    biases: tuple[np.ndarray, np.ndarray]


def merge_gates(graph: Graph, _: str | None) -> int:
    """Compute gates of several maps by one pair of convolutions with block-diagonal weights.

    On maps of one pixel a node costs its call and hardly its arithmetic, so zeros between the
    blocks are cheaper than nodes.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    levels: dict[int, list[Gate]] = {}
    depth: dict[str, int] = {}
    gates = {id(gate.nodes[-1]): gate for gate in _find(graph)}
    for node in graph.nodes:  # in topological order
        level = max((depth.get(name, 0) for name in node.inputs), default=0)
        if id(node) in gates:
            levels.setdefault(level, []).append(gates[id(node)])
            level += 1  # whatever reads a gate cannot go with it
        depth.update(dict.fromkeys(node.outputs, level))
    groups = [group for group in levels.values() if len(group) > 1]
    for group in groups:
        _merge(graph, group)
    return len(groups)


def _find(graph: Graph) -> list[Gate]:
    makers, readers = graph.producers(), graph.readers()
    found = []
    for node in graph.of("Sigmoid"):
        chain = [node]
        for op in ("Conv", "Relu", "Conv", "GlobalAveragePool"):
            maker = makers.get(chain[-1].inputs[0])
            if maker is None or maker.op != op or maker.output in graph.kept:
                break
            if len(readers[maker.output]) != 1:
                break
            chain.append(maker)
        layers = [_pointwise(graph, n) for n in reversed(chain) if n.op == "Conv"]
        if len(chain) == 5 and None not in layers and len(graph.shape(node.output)) == 4:
            weights, biases = zip(*layers, strict=True)
            found.append(Gate(tuple(reversed(chain)), weights, biases))
    return found


def _pointwise(graph: Graph, node: Node) -> tuple[np.ndarray, np.ndarray] | None:
    """Weight and bias of a plain 1x1 Conv with constants."""
    weight = graph.value(node, 1)
    bias = graph.value(node, 2) if len(node.inputs) > 2 else None
    if weight is None or weight.shape[2:] != (1, 1) or node.attributes.get("group", 1) != 1:
        return None
    if len(node.inputs) > 2 and bias is None:
        return None
    bias = np.zeros(len(weight), weight.dtype) if bias is None else bias
    return weight[:, :, 0, 0], bias


def _merge(graph: Graph, group: list[Gate]) -> None:
    last = max((gate.nodes[0] for gate in group), key=graph.nodes.index)
    after = graph.nodes[graph.nodes.index(last) + 1]
    stem = f"{group[0].nodes[0].output}_together"
    batch = graph.shape(group[0].nodes[0].output)[0]
    means = [gate.nodes[0].output for gate in group]
    name = graph.insert(after, "Concat", means, stem, axis=1).output
    for layer, act in ((0, "Relu"), (1, "Sigmoid")):
        weight = _block_diagonal([gate.weights[layer] for gate in group])[:, :, None, None]
        bias = np.concatenate([gate.biases[layer] for gate in group])
        constants = [graph.constant(f"{stem}_{n}", v) for n, v in (("w", weight), ("b", bias))]
        name = graph.insert(after, "Conv", [name, *constants], stem).output
        name = graph.insert(after, act, [name], stem).output
        graph.shapes[name] = (batch, len(bias), 1, 1)
    start = 0
    for gate in group:
        end = start + len(gate.biases[1])
        graph.replace_reads(gate.nodes[-1].output, add_slice(graph, after, name, {1: (start, end)}))
        start = end


def _block_diagonal(blocks: list[np.ndarray]) -> np.ndarray:
    rows, columns = (sum(block.shape[axis] for block in blocks) for axis in (0, 1))
    whole = np.zeros((rows, columns), blocks[0].dtype)
    row = column = 0
    for block in blocks:
        whole[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return whole
