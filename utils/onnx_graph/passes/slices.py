"""Split, Slice and Concat: one form for cutting, and no cut or join that another one undoes."""

from dataclasses import dataclass

import numpy as np

from utils.onnx_graph.graph import Graph, Node

Bounds = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Stretch:
    """A stretch of one axis of a tensor."""

    source: str
    start: int
    end: int


def slice_bounds(graph: Graph, node: Node) -> Bounds | None:
    """Return axis to (start, end), as positions of the input, of a Slice with steps of 1.

    None where bounds are not constant, a step is not 1 or a size is open.

    Args:
        graph: the graph.
        node: a Slice.

    Returns:
        The bounds; None where they are computed or steps differ from 1.
    """
    shape = graph.shape(node.inputs[0])
    found = [_ints(graph, node, name, i) for i, name in enumerate(("starts", "ends", "axes"), 1)]
    steps = _ints(graph, node, "steps", 4)
    starts, ends, axes = found
    if starts is None or ends is None or not shape or (steps and set(steps) != {1}):
        return None
    if any(
        i < len(node.inputs) and node.inputs[i] and graph.value(node, i) is None for i in (3, 4)
    ):
        return None
    bounds: Bounds = {}
    for axis, start, end in zip(axes or range(len(starts)), starts, ends, strict=True):
        size = shape[axis]
        if size is None:
            return None
        start, end, _ = slice(start, end).indices(size)
        bounds[axis % len(shape)] = (start, max(start, end))
    return bounds


def _ints(graph: Graph, node: Node, name: str, index: int) -> list[int] | None:
    """Return an argument that is an attribute in old opsets and a constant input in new ones."""
    if name in node.attributes:
        return list(node.attributes[name])
    value = graph.value(node, index)
    return None if value is None else [int(v) for v in value.ravel()]


def slices_of(graph: Graph, node: Node) -> tuple[slice, ...] | None:
    """Return what a Slice of opset 10 or newer takes of each axis.

    Args:
        graph: the graph.
        node: a Slice.

    Returns:
        One slice an axis; None where bounds are computed.
    """
    starts, ends, axes, steps = (graph.value(node, index) for index in (1, 2, 3, 4))
    if starts is None or ends is None:
        return None
    found = [slice(None)] * len(graph.shape(node.inputs[0]))
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis, step = i if axes is None else axes[i], 1 if steps is None else steps[i]
        found[int(axis)] = slice(int(start), int(end), int(step))
    return tuple(found)


def add_slice(graph: Graph, before: Node, source: str, bounds: Bounds) -> str:
    """Cut a tensor in front of a node; return the new tensor, or the old one if all of it is cut.

    Args:
        graph: it is edited.
        before: the node that the new one stands in front of.
        source: a tensor of known shape.
        bounds: axis to (start, end).

    Returns:
        Name of the tensor.
    """
    shape = list(graph.shape(source))
    bounds = {a: b for a, b in sorted(bounds.items()) if b != (0, shape[a])}
    if not bounds:
        return source
    values = {
        "starts": [b[0] for b in bounds.values()],
        "ends": [b[1] for b in bounds.values()],
        "axes": list(bounds),
    }
    stem = f"{source}_part"
    if graph.opset < 10:
        node = graph.insert(before, "Slice", [source], stem, **values)
    else:
        values["steps"] = [1] * len(bounds)
        names = [graph.constant(f"{stem}_{k}", np.array(v)) for k, v in values.items()]
        node = graph.insert(before, "Slice", [source, *names], stem)
    for axis, (start, end) in bounds.items():
        shape[axis] = end - start
    graph.shapes[node.output] = tuple(shape)
    return node.output


def split_sizes(graph: Graph, node: Node) -> list[int] | None:
    """Return the sizes of a Split's outputs, or None where they are not fixed.

    Args:
        graph: the graph.
        node: a Split.

    Returns:
        The sizes.
    """
    shape = graph.shape(node.inputs[0])
    size = shape[node.attributes.get("axis", 0)] if shape else None
    if size is None or (len(node.inputs) > 1 and node.inputs[1] and graph.value(node, 1) is None):
        return None
    sizes = _ints(graph, node, "split", 1)
    if sizes is None:
        step = -(-size // len(node.outputs))
        sizes = [min(step, size - i * step) for i in range(len(node.outputs))]
    return sizes


def split_to_slice(graph: Graph, _: str | None) -> int:
    """Replace every Split by one Slice an output: no chip but KL730 has Split.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("Split"):
        sizes = split_sizes(graph, node)
        if sizes is None:
            continue
        axis = node.attributes.get("axis", 0) % len(graph.shape(node.inputs[0]))
        start = 0
        for output, size in zip(node.outputs, sizes, strict=True):
            if output:
                part = add_slice(graph, node, node.inputs[0], {axis: (start, start + size)})
                graph.replace_reads(output, part)
            start += size
        graph.remove([node])
        count += 1
    return count


def slice_to_split(graph: Graph, _: str | None) -> int:
    """Replace Slices that together make up one axis of a tensor by one Split: fewer nodes.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    groups: dict[tuple[str, int], list[tuple[int, int, Node]]] = {}
    for node in graph.of("Slice"):
        bounds = slice_bounds(graph, node)
        if bounds and len(bounds) == 1:
            ((axis, (start, end)),) = bounds.items()
            groups.setdefault((node.inputs[0], axis), []).append((start, end, node))
    count = 0
    for (source, axis), parts in groups.items():
        parts.sort(key=lambda part: part[:2])
        edges = [0, *(end for _, end, _ in parts)]
        if len(parts) < 2 or [start for start, _, _ in parts] != edges[:-1]:
            continue
        if edges[-1] != graph.shape(source)[axis]:
            continue
        sizes = [end - start for start, end, _ in parts]
        first = min((part[2] for part in parts), key=graph.nodes.index)
        split = Node("Split", [source], [part[2].output for part in parts], {"axis": axis})
        if graph.opset < 13:
            split.attributes["split"] = sizes
        else:
            split.inputs.append(graph.constant(f"{source}_sizes", np.array(sizes)))
        graph.nodes.insert(graph.nodes.index(first), split)
        graph.remove(part[2] for part in parts)
        count += 1
    return count


def merge_slices(graph: Graph, _: str | None) -> int:
    """Take out what cuts and joins undo of each other.

    A Slice of a Slice becomes one; a Slice of a Concat cuts the inputs concerned; a Concat of
    neighbouring Slices of one tensor becomes one Slice, or the tensor; a Concat that only another
    Concat reads goes into that one.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    total = 0
    while count := sum(
        _slice(graph, node) if node.op == "Slice" else _concat(graph, node)
        for node in graph.of("Slice", "Concat")
    ):
        total += count
        graph.remove_dead_ends()
    return total


def _slice(graph: Graph, node: Node) -> int:
    bounds = slice_bounds(graph, node)
    if bounds is None:
        return 0
    source = node.inputs[0]
    shape = graph.shape(source)
    bounds = {a: b for a, b in bounds.items() if b != (0, shape[a])}
    if not bounds:
        graph.replace_reads(node.output, source)
        return 1
    maker = graph.producers().get(source)
    if maker is None:
        return 0
    new = None
    if maker.op == "Slice":
        new = _slice_of_slice(graph, node, maker, bounds)
    elif maker.op == "Concat" and len(bounds) == 1:
        new = _slice_of_concat(graph, node, maker, bounds)
    if new is None:
        return 0
    graph.replace_reads(node.output, new)
    return 1


def _slice_of_slice(graph: Graph, node: Node, maker: Node, bounds: Bounds) -> str | None:
    inner = slice_bounds(graph, maker)
    if inner is None or None in graph.shape(maker.inputs[0]):
        return None
    merged = dict(inner)
    for axis, (start, end) in bounds.items():
        offset = inner[axis][0] if axis in inner else 0
        merged[axis] = (start + offset, end + offset)
    return add_slice(graph, node, maker.inputs[0], merged)


def _slice_of_concat(graph: Graph, node: Node, maker: Node, bounds: Bounds) -> str | None:
    ((axis, (start, end)),) = bounds.items()
    parts = concat_parts(graph, maker)
    if parts is None or axis != concat_axis(graph, maker) or start == end:
        return None
    inside = []
    for part, edge in parts:
        low, high = max(start, edge), min(end, edge + part.end)
        if low < high:
            inside.append(Stretch(part.source, low - edge, high - edge))
    whole = [p.end - p.start == graph.shape(p.source)[axis] for p in inside]
    if len(inside) > 1 and not all(whole):
        return None
    names = [add_slice(graph, node, p.source, {axis: (p.start, p.end)}) for p in inside]
    return add_concat(graph, node, names, axis, f"{node.output}_join")


def concat_axis(graph: Graph, node: Node) -> int:
    """Return the axis of a Concat counted from the front.

    Args:
        graph: the graph.
        node: a Concat.

    Returns:
        The axis, 0 or above.
    """
    return node.attributes["axis"] % len(graph.shape(node.inputs[0]))


def concat_parts(graph: Graph, node: Node) -> list[tuple[Stretch, int]] | None:
    """Return the inputs of a Concat, each with the position where it begins; None if open.

    Args:
        graph: the graph.
        node: a Concat.

    Returns:
        Each whole input and where it begins in the output.
    """
    if not all(graph.shape(name) for name in node.inputs):
        return None
    axis = concat_axis(graph, node)
    edge, found = 0, []
    for name in node.inputs:
        size = graph.shape(name)[axis]
        if size is None:
            return None
        found.append((Stretch(name, 0, size), edge))
        edge += size
    return found


def add_concat(graph: Graph, before: Node, names: list[str], axis: int, stem: str) -> str:
    """Join tensors in front of a node; return the new tensor, or the only one there is.

    Args:
        graph: changed in place.
        before: the node that the Concat goes in front of.
        names: of the tensors.
        axis: along which they are joined.
        stem: what the new tensor's name begins with.

    Returns:
        Name of the tensor.
    """
    if len(names) == 1:
        return names[0]
    node = graph.insert(before, "Concat", names, stem, axis=axis)
    shape = list(graph.shape(names[0]))
    shape[axis] = sum(graph.size(name, axis) for name in names)
    graph.shapes[node.output] = tuple(shape)
    return node.output


def _concat(graph: Graph, node: Node) -> int:
    if concat_parts(graph, node) is None:
        return 0
    axis = concat_axis(graph, node)
    makers, readers = graph.producers(), graph.readers()
    names: list[str] = []
    for name in node.inputs:
        maker = makers.get(name)
        inner = maker if maker is not None and maker.op == "Concat" else None
        alone = len(readers[name]) == 1 and name not in graph.kept
        if inner is not None and alone and concat_axis(graph, inner) == axis:
            names += inner.inputs
        else:
            names.append(name)
    parts: list[tuple[Stretch, str]] = []  # each with the tensor that it is, "" for a joined one
    for name in names:
        part = _as_part(graph, makers.get(name), name, axis)
        last = parts[-1][0] if parts else None
        if last and (last.source, last.end) == (part.source, part.start):
            parts[-1] = Stretch(part.source, last.start, part.end), ""
        else:
            parts.append((part, name))
    if len(parts) == len(node.inputs):
        return 0
    joined = [
        name or add_slice(graph, node, part.source, {axis: (part.start, part.end)})
        for part, name in parts
    ]
    graph.replace_reads(node.output, add_concat(graph, node, joined, axis, f"{node.output}_join"))
    return 1


def _as_part(graph: Graph, maker: Node | None, name: str, axis: int) -> Stretch:
    """See a tensor as a stretch of the one it was cut from, if it was cut along this axis alone."""
    if maker is not None and maker.op == "Slice":
        bounds = slice_bounds(graph, maker)
        if bounds is not None and set(bounds) == {axis}:
            return Stretch(maker.inputs[0], *bounds[axis])
    return Stretch(name, 0, graph.size(name, axis))
