"""Rules on kernels, strides and dilations of convolutions and poolings.

Windows are written rows x columns. A window along one axis only (rank 3) has its size and stride
counted as columns, so the limit of ``stride_w`` is the one it meets.
"""

from utils.onnx_graph.npu.node import NodeView, by
from utils.onnx_graph.npu.rules.rule import HOLDS, Finding, rule, want, want_equal


@rule
def ceil_mode(node: NodeView, wanted: int) -> Finding:
    """Hold the rounding of the output size.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return want_equal("ceil_mode", node.attributes.get("ceil_mode", 0), wanted)


@rule
def count_include_pad(node: NodeView, wanted: int) -> Finding:
    """Hold whether padded pixels count in a mean.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return want_equal("count_include_pad", node.attributes.get("count_include_pad", 0), wanted)


@rule
def dilation_one(node: NodeView, _: bool) -> Finding:
    """Forbid dilation.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    dilation = node.window()[2]
    return want(set(dilation) <= {1}, f"dilations must be 1, are {by(dilation)}")


@rule
def window_axes(node: NodeView, allowed: list[int]) -> Finding:
    """Hold the number of axes the window runs over.

    Args:
        node: the node that is judged.
        allowed: the values that the table allows.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    count = len(node.window()[0])
    words = " or ".join(str(n) for n in allowed)
    return want(count in allowed, f"window must have {words} axes, has {count}")


@rule
def kernel_is(node: NodeView, size: int) -> Finding:
    """Hold every side of the kernel to one size.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    kernel = node.window()[0]
    return want(set(kernel) == {size}, f"kernel must be {size} on every axis, is {by(kernel)}")


@rule
def kernel_min(node: NodeView, size: int) -> Finding:
    """Hold every side of the kernel from below.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    kernel = node.window()[0]
    return want(min(kernel) >= size, f"kernel must be at least {size}, is {by(kernel)}")


@rule
def kernel_max(node: NodeView, size: int) -> Finding:
    """Hold every side of the kernel from above.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    kernel = node.window()[0]
    return want(max(kernel, default=1) <= size, f"kernel must be at most {size}, is {by(kernel)}")


@rule
def kernel_square_max(node: NodeView, size: int) -> Finding:
    """Want a square kernel up to a size.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    kernel = node.window()[0]
    ok = len(set(kernel)) == 1 and kernel[0] <= size
    return want(ok, f"kernel must be square and at most {by((size,) * 2)}, is {by(kernel)}")


@rule
def stride_min(node: NodeView, size: int) -> Finding:
    """Hold every stride from below.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    stride = node.window()[1]
    return want(min(stride) >= size, f"stride must be at least {size}, is {by(stride)}")


@rule
def stride_square_min(node: NodeView, size: int) -> Finding:
    """Want equal strides from a size on.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    stride = node.window()[1]
    ok = len(stride) == 2 and stride[0] == stride[1] >= size
    return want(ok, f"stride must be sxs with s at least {size}, is {by(stride)}")


@rule
def stride_square_is(node: NodeView, size: int) -> Finding:
    """Want equal strides of one size.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    stride = node.window()[1]
    ok = stride == (size, size)
    return want(ok, f"stride must be {by((size,) * 2)}, is {by(stride)}")


@rule
def stride_square_max(node: NodeView, limit: int | str) -> Finding:
    """Want equal strides up to a size, or up to the kernel's ("kernel").

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    kernel, stride, _ = node.window()
    most = min(kernel) if isinstance(limit, str) else limit
    ok = len(set(stride)) == 1 and stride[0] <= most
    return want(ok, f"stride must be sxs with s at most {most}, is {by(stride)}")


@rule
def stride_w_max(node: NodeView, limit: int) -> Finding:
    """Hold the stride along columns.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    stride = node.window()[1]
    return want(
        not stride or stride[-1] <= limit, f"stride_w must be at most {limit}, is {by(stride[-1:])}"
    )


@rule
def stride_h_max(node: NodeView, limit: int) -> Finding:
    """Hold the stride along rows.

    Args:
        node: the node that is judged.
        limit: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    stride = node.window()[1]
    if len(stride) < 2:
        return HOLDS
    return want(stride[-2] <= limit, f"stride_h must be at most {limit}, is {stride[-2]}")


@rule
def window_is_stride_power_of_two_min(node: NodeView, size: int) -> Finding:
    """Want kernel = stride = n x n with n a power of two from ``size`` on.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    kernel, stride, _ = node.window()
    n = kernel[0]
    same = len(kernel) == 2 and {*kernel, *stride} == {n}
    ok = same and n >= size and n & (n - 1) == 0
    return want(
        ok,
        f"kernel and stride must be nxn with n a power of two from {size} on, "
        f"are {by(kernel)} and {by(stride)}",
    )


@rule
def rows_only_max(node: NodeView, size: int) -> Finding:
    """Want a window over rows alone: columns 1, rows and their stride up to ``size``.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    kernel, stride, _ = node.window()
    ok = len(kernel) == 2 and kernel[1] == stride[1] == 1 and max(kernel[0], stride[0]) <= size
    return want(
        ok, f"or a window over rows alone up to {size}, is {by(kernel)} stride {by(stride)}"
    )


@rule
def columns_only_max(node: NodeView, size: int) -> Finding:
    """Want a window over columns alone: rows 1, columns equal to their stride, up to ``size``.

    Args:
        node: the node that is judged.
        size: the number that the table states.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    kernel, stride, _ = node.window()
    ok = kernel[-1] == stride[-1] <= size and (
        len(kernel) == 1 or (kernel[0] == stride[0] == 1 and len(kernel) == 2)
    )
    return want(
        ok,
        f"or a window over columns alone with kernel = stride up to {size}, "
        f"is {by(kernel)} stride {by(stride)}",
    )
