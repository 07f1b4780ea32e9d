"""Rules on ranks, axes, pixels, constant arguments. Axes: 0 batch, 1 channel, 2 row, 3 column."""

import math

import numpy as np

from utils.onnx_graph.npu.node import UNKNOWN, NodeView, by
from utils.onnx_graph.npu.rules.rule import HOLDS, Finding, rule, want, want_equal

AXIS_WORDS = {0: "batch", 1: "channel", 2: "row", 3: "column"}


def _highest_rank(node: NodeView) -> int:
    return max((len(shape) for shape in node.data_shapes()), default=0)


@rule
def never(node: NodeView, reason: str) -> Finding:
    """Refuse always.

    Args:
        node: the node that is judged.
        reason: why, in the table's words.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return Finding(False, reason)


@rule
def rank_max(node: NodeView, limit: int) -> Finding:
    """Hold the rank of all data inputs and outputs from above.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    rank = _highest_rank(node)
    return want(rank <= limit, f"rank must be at most {limit}, is {rank}")


@rule
def rank_min(node: NodeView, limit: int) -> Finding:
    """Hold the rank of all data inputs and outputs from below.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    rank = min((len(shape) for shape in node.data_shapes()), default=0)
    return want(rank >= limit, f"rank must be at least {limit}, is {rank}")


@rule
def rank_between(node: NodeView, bounds: list[int]) -> Finding:
    """Hold the rank of the node's output between two bounds, both allowed.

    Args:
        node: the node that is judged.
        bounds: the least and the most.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    low, high = bounds
    rank = len(node.shape_out() or ())
    words = str(low) if low == high else f"{low} to {high}"
    return want(low <= rank <= high, f"rank must be {words}, is {rank}")


@rule
def rank_open_above(node: NodeView, limit: int) -> Finding:
    """Leave a rank open that the table's row does not exclude but its neighbours do.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    rank = _highest_rank(node)
    if rank <= limit:
        return HOLDS
    return Finding(None, f"the row names no rank, its neighbours stop at {limit}; this is {rank}")


@rule
def weights_constant(node: NodeView, _: bool) -> Finding:
    """Leave open what the table says nothing of: weights computed at run time.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    names = node.inputs[1:]
    if all(node.is_constant(i) for i, n in enumerate(names, start=1) if n):
        return HOLDS
    return Finding(None, "the row does not say whether parameters may be computed at run time")


@rule
def pixels_max(node: NodeView, limit: int) -> Finding:
    """Hold rows x columns of the input.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    shape = node.shape_in(0) or ()
    pixels = math.prod(shape[2:])
    return want(pixels <= limit, f"pixels must be at most {limit}, are {by(shape[2:])} = {pixels}")


@rule
def in_out_elements_max(node: NodeView, limit: int) -> Finding:
    """Hold the elements of input and output together.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    count = sum(math.prod(shape) for shape in (node.shape_in(0), node.shape_out()) if shape)
    return want(count <= limit, f"elements in and out must be at most {limit}, are {count}")


@rule
def rows_min(node: NodeView, limit: int) -> Finding:
    """Hold the rows of the input from below.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    shape = node.shape_in(0) or ()
    rows = shape[2] if len(shape) > 2 else 1
    return want(rows >= limit, f"rows must be at least {limit}, are {rows}")


@rule
def axis(node: NodeView, wanted: int) -> Finding:
    """Hold the attribute axis, counted from the front.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    found = node.attributes.get("axis", 1)
    rank = len(node.shape_in(0) or ())
    return want_equal("axis", found + rank if found < 0 else found, wanted)


@rule
def block_in(node: NodeView, allowed: list[int]) -> Finding:
    """Hold the block size of DepthToSpace and SpaceToDepth.

    Args:
        node: the node that is judged.
        allowed: the values that the table allows.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    found = node.attributes.get("blocksize")
    words = " or ".join(str(n) for n in allowed)
    return want(found in allowed, f"blocksize must be {words}, is {found}")


@rule
def depth_to_space_mode(node: NodeView, wanted: str) -> Finding:
    """Hold the order of DepthToSpace.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return want_equal("mode", node.attributes.get("mode", "DCR"), wanted)


@rule
def input_batch_channels(node: NodeView, wanted: list[int]) -> Finding:
    """Hold batch and channels of the input.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    found = (node.shape_in(0) or ())[:2]
    return want(
        found == tuple(wanted), f"batch x channels must be {by(tuple(wanted))}, are {by(found)}"
    )


@rule
def clip_min(node: NodeView, wanted: float) -> Finding:
    """Want a constant lower bound, as attribute (before opset 11) or input.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return want_equal("min", node.argument("min", 1), wanted)


@rule
def clip_max_at_least(node: NodeView, wanted: float) -> Finding:
    """Want a constant upper bound of at least ``wanted``; none is allowed.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    found = node.argument("max", 2)
    if found is UNKNOWN:
        return Finding(False, f"max must be a constant, is {UNKNOWN}")
    holds = found is None or (not isinstance(found, list) and found >= wanted)
    return want(holds, f"max must be at least {wanted}, is {found}")


@rule
def expands_only(node: NodeView, allowed: list[str]) -> Finding:
    """Hold the axes that Expand makes longer.

    Args:
        node: the node that is judged.
        allowed: the values that the table allows.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    after = node.shape_out() or ()
    before = node.shape_in(0) or ()
    before = (1,) * (len(after) - len(before)) + before
    grown = [AXIS_WORDS.get(i, f"axis {i}") for i, n in enumerate(after) if before[i] != n]
    bad = [word for word in grown if word not in allowed]
    return want(not bad, f"may expand {', '.join(allowed)} only, expands {', '.join(bad)}")


@rule
def feeds_only(node: NodeView, operator: str) -> Finding:
    """Want every reader of the node to be one operator.

    Args:
        node: the node that is judged.
        operator: the only one that may read the result.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    readers = ", ".join(node.reader_ops) or "nothing"
    return want(node.reader_ops == (operator,), f"must feed {operator} only, feeds {readers}")


@rule
def single_index(node: NodeView, _: bool) -> Finding:
    """Want Gather with one constant index.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    shape = node.shape_in(1)
    if not node.is_constant(1):
        return Finding(False, f"index must be one constant, is {UNKNOWN}")
    count = math.prod(shape or ())
    return want(count == 1, f"index must be a single one, has {count}")


@rule
def second_input_constant_matrix(node: NodeView, _: bool) -> Finding:
    """Want a constant second factor WxV or 1x1xWxV.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    shape = node.shape_in(1) or ()
    if not node.is_constant(1):
        return Finding(False, f"second input must be constant, is {UNKNOWN}")
    ok = len(shape) == 2 or (len(shape) == 4 and shape[:2] == (1, 1))
    return want(ok, f"constant second input must be WxV or 1x1xWxV, is {by(shape)}")


@rule
def second_input_variable(node: NodeView, _: bool) -> Finding:
    """Want a second factor that is computed at run time.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return want(not node.is_constant(1), "second input must be computed at run time, is constant")


@rule
def exponent(node: NodeView, wanted: float) -> Finding:
    """Want one constant exponent.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    found = node.value(1)
    if found is None:
        return Finding(False, f"exponent must be a constant {wanted}, is not")
    return want(bool(np.all(found == wanted)), f"exponent must be {wanted}, is {found.flat[0]:g}")
