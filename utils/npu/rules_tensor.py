"""Rules on ranks, axes, pixels, constant arguments. Axes: 0 batch, 1 channel, 2 row, 3 column."""

import math

import numpy as np

from utils.npu.node import UNKNOWN, NodeView, by
from utils.npu.rule import HOLDS, Finding, rule, want, want_equal

AXIS_WORDS = {0: "batch", 1: "channel", 2: "row", 3: "column"}


def _highest_rank(node: NodeView) -> int:
    return max((len(shape) for shape in node.data_shapes()), default=0)


@rule
def never(node: NodeView, reason: str) -> Finding:
    """Refuse always."""
    return Finding(False, reason)


@rule
def rank_max(node: NodeView, limit: int) -> Finding:
    """Hold the rank of all data inputs and outputs from above."""
    rank = _highest_rank(node)
    return want(rank <= limit, f"rank must be at most {limit}, is {rank}")


@rule
def rank_min(node: NodeView, limit: int) -> Finding:
    """Hold the rank of all data inputs and outputs from below."""
    rank = min((len(shape) for shape in node.data_shapes()), default=0)
    return want(rank >= limit, f"rank must be at least {limit}, is {rank}")


@rule
def rank_between(node: NodeView, bounds: list[int]) -> Finding:
    """Hold the rank of the node's output between two bounds, both allowed."""
    low, high = bounds
    rank = len(node.shape_out() or ())
    words = str(low) if low == high else f"{low} to {high}"
    return want(low <= rank <= high, f"rank must be {words}, is {rank}")


@rule
def rank_open_above(node: NodeView, limit: int) -> Finding:
    """Leave a rank open that the table's row does not exclude but its neighbours do."""
    rank = _highest_rank(node)
    if rank <= limit:
        return HOLDS
    return Finding(None, f"the row names no rank, its neighbours stop at {limit}; this is {rank}")


@rule
def weights_constant(node: NodeView, _: bool) -> Finding:
    """Leave open what the table says nothing of: weights computed at run time."""
    names = node.inputs[1:]
    if all(node.is_constant(i) for i, n in enumerate(names, start=1) if n):
        return HOLDS
    return Finding(None, "the row does not say whether parameters may be computed at run time")


@rule
def pixels_max(node: NodeView, limit: int) -> Finding:
    """Hold rows x columns of the input."""
    shape = node.shape_in(0) or ()
    pixels = math.prod(shape[2:])
    return want(pixels <= limit, f"pixels must be at most {limit}, are {by(shape[2:])} = {pixels}")


@rule
def in_out_elements_max(node: NodeView, limit: int) -> Finding:
    """Hold the elements of input and output together."""
    count = sum(math.prod(shape) for shape in (node.shape_in(0), node.shape_out()) if shape)
    return want(count <= limit, f"elements in and out must be at most {limit}, are {count}")


@rule
def rows_min(node: NodeView, limit: int) -> Finding:
    """Hold the rows of the input from below."""
    shape = node.shape_in(0) or ()
    rows = shape[2] if len(shape) > 2 else 1
    return want(rows >= limit, f"rows must be at least {limit}, are {rows}")


@rule
def axis(node: NodeView, wanted: int) -> Finding:
    """Hold the attribute axis, counted from the front."""
    found = node.attributes.get("axis", 1)
    rank = len(node.shape_in(0) or ())
    return want_equal("axis", found + rank if found < 0 else found, wanted)


@rule
def block_in(node: NodeView, allowed: list[int]) -> Finding:
    """Hold the block size of DepthToSpace and SpaceToDepth."""
    found = node.attributes.get("blocksize")
    words = " or ".join(str(n) for n in allowed)
    return want(found in allowed, f"blocksize must be {words}, is {found}")


@rule
def depth_to_space_mode(node: NodeView, wanted: str) -> Finding:
    """Hold the order of DepthToSpace."""
    return want_equal("mode", node.attributes.get("mode", "DCR"), wanted)


@rule
def input_batch_channels(node: NodeView, wanted: list[int]) -> Finding:
    """Hold batch and channels of the input."""
    found = (node.shape_in(0) or ())[:2]
    return want(found == tuple(wanted), f"batch x channels must be {by(wanted)}, are {by(found)}")


@rule
def clip_min(node: NodeView, wanted: float) -> Finding:
    """Want a constant lower bound, as attribute (before opset 11) or input."""
    return want_equal("min", node.argument("min", 1), wanted)


@rule
def clip_max_at_least(node: NodeView, wanted: float) -> Finding:
    """Want a constant upper bound of at least ``wanted``; none is allowed."""
    found = node.argument("max", 2)
    if found is UNKNOWN:
        return Finding(False, f"max must be a constant, is {UNKNOWN}")
    return want(found is None or found >= wanted, f"max must be at least {wanted}, is {found}")


@rule
def expands_only(node: NodeView, allowed: list[str]) -> Finding:
    """Hold the axes that Expand makes longer."""
    after = node.shape_out() or ()
    before = node.shape_in(0) or ()
    before = (1,) * (len(after) - len(before)) + before
    grown = [AXIS_WORDS.get(i, f"axis {i}") for i, n in enumerate(after) if before[i] != n]
    bad = [word for word in grown if word not in allowed]
    return want(not bad, f"may expand {', '.join(allowed)} only, expands {', '.join(bad)}")


@rule
def feeds_only(node: NodeView, operator: str) -> Finding:
    """Want every reader of the node to be one operator."""
    readers = ", ".join(node.reader_ops) or "nothing"
    return want(node.reader_ops == (operator,), f"must feed {operator} only, feeds {readers}")


@rule
def single_index(node: NodeView, _: bool) -> Finding:
    """Want Gather with one constant index."""
    shape = node.shape_in(1)
    if not node.is_constant(1):
        return Finding(False, f"index must be one constant, is {UNKNOWN}")
    count = math.prod(shape or ())
    return want(count == 1, f"index must be a single one, has {count}")


@rule
def second_input_constant_matrix(node: NodeView, _: bool) -> Finding:
    """Want a constant second factor WxV or 1x1xWxV."""
    shape = node.shape_in(1) or ()
    if not node.is_constant(1):
        return Finding(False, f"second input must be constant, is {UNKNOWN}")
    ok = len(shape) == 2 or (len(shape) == 4 and shape[:2] == (1, 1))
    return want(ok, f"constant second input must be WxV or 1x1xWxV, is {by(shape)}")


@rule
def second_input_variable(node: NodeView, _: bool) -> Finding:
    """Want a second factor that is computed at run time."""
    return want(not node.is_constant(1), "second input must be computed at run time, is constant")


@rule
def pad_mode(node: NodeView, wanted: str) -> Finding:
    """Hold the mode of Pad."""
    return want_equal("mode", node.attributes.get("mode", "constant"), wanted)


@rule
def pad_value(node: NodeView, wanted: float) -> Finding:
    """Hold the value of Pad: attribute before opset 11, then input 2."""
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
    """Forbid padding of the batch."""
    pads = pads_by_axis(node)
    if pads is None:
        return Finding(False, f"pads must be constant, are {UNKNOWN}")
    found = pads.get(0, (0, 0))
    return want(found == (0, 0), f"batch must not be padded, is by {found[0]} and {found[1]}")


@rule
def pad_spatial_max(node: NodeView, limit: int) -> Finding:
    """Hold the pads of rows and columns."""
    return _pad_limit(node, 2, limit, "spatial")


@rule
def pad_any_max(node: NodeView, limit: int) -> Finding:
    """Hold the pads of every axis."""
    return _pad_limit(node, 0, limit, "all")


@rule
def exponent(node: NodeView, wanted: float) -> Finding:
    """Want one constant exponent."""
    found = node.value(1)
    if found is None:
        return Finding(False, f"exponent must be a constant {wanted}, is not")
    return want(bool(np.all(found == wanted)), f"exponent must be {wanted}, is {found.flat[0]:g}")


@rule
def keepdims(node: NodeView, wanted: int) -> Finding:
    """Hold whether a reduction keeps its axes."""
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


def _axes_rule(node: NodeView, test, wanted: str) -> Finding:
    axes = reduced_axes(node)
    if axes is None:
        return Finding(False, f"axes must be constant, are {UNKNOWN}")
    return want(test(axes), f"must reduce {wanted}, reduces axes {sorted(axes)}")


@rule
def reduces_no_batch(node: NodeView, _: bool) -> Finding:
    """Forbid a reduction over the batch."""
    return _axes_rule(node, lambda axes: 0 not in axes, "without the batch (axis 0)")


@rule
def reduces_only(node: NodeView, allowed: list[int]) -> Finding:
    """Hold the axes of a reduction to a set."""
    return _axes_rule(node, lambda axes: axes <= set(allowed), f"axes {allowed} only")


@rule
def reduces_exactly_spatial(node: NodeView, _: bool) -> Finding:
    """Want a reduction over all axes after the channel, as GlobalAveragePool."""
    spatial = set(range(2, len(node.shape_in(0) or ())))
    return _axes_rule(node, lambda axes: axes == spatial, "rows and columns exactly")


@rule
def steps_one(node: NodeView, _: bool) -> Finding:
    """Want Slice without steps: none before opset 10, input 4 from then on."""
    found = node.argument("steps", 4, [1])
    if found is UNKNOWN:
        return Finding(False, f"steps must be constant 1, are {UNKNOWN}")
    return want(set(found) <= {1}, f"steps must be 1, are {found}")


@rule
def transpose_keeps_batch(node: NodeView, _: bool) -> Finding:
    """Want the batch to stay the first axis."""
    perm = permutation(node)
    return want(perm[:1] == (0,), f"batch must stay in place, permutation is {list(perm)}")


@rule
def transpose_swaps(node: NodeView, allowed: list[list[int]]) -> Finding:
    """Want one of the listed swaps of axes; rank 3 is open, its last axis may be row or column."""
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
