"""Rules on Pad, reductions, Slice and Transpose: what they do to which axis.

Axes: 0 batch, 1 channel, 2 row, 3 column.
"""

from collections.abc import Callable

from utils.onnx_graph.npu.node import UNKNOWN, NodeView
from utils.onnx_graph.npu.rules.rule import HOLDS, Finding, rule, want, want_equal


@rule
def pad_mode(node: NodeView, wanted: str) -> Finding:
    """Hold the mode of Pad.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return want_equal("mode", node.attributes.get("mode", "constant"), wanted)


@rule
def pad_value(node: NodeView, wanted: float) -> Finding:
    """Hold the value of Pad: attribute before opset 11, then input 2.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    found = node.argument("value", 2, 0)
    return want_equal("pad value", found[0] if isinstance(found, list) else found, wanted)


def pads_by_axis(node: NodeView) -> dict[int, tuple[int, int]] | None:
    """Return begin and end pad of every axis of Pad, or None where they are not constant."""
    pads = node.argument("pads", 1)
    axes = node.argument("axes", 3)
    if not isinstance(pads, list) or axes is UNKNOWN:
        return None
    half = len(pads) // 2
    rank = len(node.shape_in(0) or ()) or half
    axes = [a % rank for a in axes] if axes else list(range(half))
    return {a: (pads[i], pads[i + half]) for i, a in enumerate(axes)}


def _pad_limit(node: NodeView, first_axis: int, limit: int, where: str) -> Finding:
    pads = pads_by_axis(node)
    if pads is None:
        return Finding(False, f"pads must be constant, are {UNKNOWN}")
    sizes = [size for a, pair in pads.items() if a >= first_axis for size in pair]
    if min(sizes, default=0) < 0:
        return Finding(None, "the row does not say whether a pad may be negative (a crop)")
    most = max(sizes, default=0)
    return want(most <= limit, f"{where} pads must be below {limit + 1}, go up to {most}")


@rule
def pad_no_batch(node: NodeView, _: bool) -> Finding:
    """Forbid padding of the batch.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    pads = pads_by_axis(node)
    if pads is None:
        return Finding(False, f"pads must be constant, are {UNKNOWN}")
    found = pads.get(0, (0, 0))
    return want(found == (0, 0), f"batch must not be padded, is by {found[0]} and {found[1]}")


@rule
def pad_spatial_max(node: NodeView, limit: int) -> Finding:
    """Hold the pads of rows and columns.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return _pad_limit(node, 2, limit, "spatial")


@rule
def pad_any_max(node: NodeView, limit: int) -> Finding:
    """Hold the pads of every axis.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return _pad_limit(node, 0, limit, "all")


@rule
def keepdims(node: NodeView, wanted: int) -> Finding:
    """Hold whether a reduction keeps its axes.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return want_equal("keepdims", node.attributes.get("keepdims", 1), wanted)


def reduced_axes(node: NodeView) -> set[int] | None:
    """Return the axes of a reduction counted from the front, or None if computed at run time."""
    rank = len(node.shape_in(0) or ())
    axes = node.argument("axes", 1)
    if axes is UNKNOWN:
        return None
    if not axes:
        return set() if node.attributes.get("noop_with_empty_axes", 0) else set(range(rank))
    return {a % rank if rank else a for a in axes}


def _axes_rule(node: NodeView, test: Callable[[set[int]], bool], wanted: str) -> Finding:
    axes = reduced_axes(node)
    if axes is None:
        return Finding(False, f"axes must be constant, are {UNKNOWN}")
    return want(test(axes), f"must reduce {wanted}, reduces axes {sorted(axes)}")


@rule
def reduces_no_batch(node: NodeView, _: bool) -> Finding:
    """Forbid a reduction over the batch.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return _axes_rule(node, lambda axes: 0 not in axes, "without the batch (axis 0)")


@rule
def reduces_only(node: NodeView, allowed: list[int]) -> Finding:
    """Hold the axes of a reduction to a set.

    Args:
        node: the node that is judged.
        allowed: the values that the table allows.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return _axes_rule(node, lambda axes: axes <= set(allowed), f"axes {allowed} only")


@rule
def reduces_exactly_spatial(node: NodeView, _: bool) -> Finding:
    """Want a reduction over all axes after the channel, as GlobalAveragePool.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    spatial = set(range(2, len(node.shape_in(0) or ())))
    return _axes_rule(node, lambda axes: axes == spatial, "rows and columns exactly")


@rule
def steps_one(node: NodeView, _: bool) -> Finding:
    """Want Slice without steps: none before opset 10, input 4 from then on.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    found = node.argument("steps", 4, [1])
    if found is UNKNOWN:
        return Finding(False, f"steps must be constant 1, are {UNKNOWN}")
    return want(set(found) <= {1}, f"steps must be 1, are {found}")


@rule
def transpose_keeps_batch(node: NodeView, _: bool) -> Finding:
    """Want the batch to stay the first axis.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    perm = permutation(node)
    return want(perm[:1] == (0,), f"batch must stay in place, permutation is {list(perm)}")


@rule
def transpose_swaps(node: NodeView, allowed: list[list[int]]) -> Finding:
    """Want one of the listed swaps of axes; rank 3 is open, its last axis may be row or column.

    Args:
        node: the node that is judged.
        allowed: the values that the table allows.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    perm = permutation(node)
    if list(perm) in allowed:
        return HOLDS
    if perm == (0, 2, 1):
        return Finding(None, "the note does not say if the last axis of rank 3 is row or column")
    words = " or ".join(str(p) for p in allowed)
    return Finding(False, f"permutation must be {words}, is {list(perm)}")


def permutation(node: NodeView) -> tuple[int, ...]:
    """Return the permutation of a Transpose; all axes reversed where none is given."""
    rank = len(node.shape_in(0) or ())
    return tuple(node.attributes.get("perm", range(rank - 1, -1, -1)))
