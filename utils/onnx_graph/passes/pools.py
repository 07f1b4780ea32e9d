"""Means over windows in forms that every table takes."""

from itertools import product
from math import prod

import numpy as np

from utils.onnx_graph.graph import Graph, Node

POOL_MAX = 3  # the largest window of AveragePool that the 2022 tables take, square
PIXELS_MAX: dict[str | None, int] = {"520": 256}  # GlobalAveragePool; all other chips:
PIXELS_MAX_OTHERS = 16384
STRIDE_H_MAX: dict[str | None, int] = {"520": 4, "720": 4}  # Conv; the others state no limit
KERNEL_MAX: dict[str | None, int] = {"520": 12}
NO_LIMIT = 10**9
WHOLE_FACTORS = (2, 3, 4)


def pool_to_conv(graph: Graph, npu: str | None) -> int:
    """Replace AveragePool above 3x3 by depthwise convolutions of constant weights.

    A window that is its own stride is cut into a cascade where the chip limits strides: the mean of
    means over equal windows is the mean.

    Args:
        graph: changed in place.
        npu: the chip, or None for PC runtimes.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("AveragePool"):
        window = _plain_window(graph, node)
        if window is None:
            continue
        kernel, strides, pads = window
        if kernel[0] == kernel[1] <= POOL_MAX and strides[0] == strides[1] <= kernel[0]:
            continue
        if kernel == strides and not any(pads):
            stages = _stages(kernel, npu)
        else:
            fits = strides[0] <= STRIDE_H_MAX.get(npu, NO_LIMIT) and strides[1] <= 16
            fits = fits and max(kernel) <= KERNEL_MAX.get(npu, NO_LIMIT)
            stages = [(kernel, strides, pads)] if fits else None
        if stages:
            graph.replace_reads(node.output, _add_means(graph, node, stages))
            count += 1
    return count


def stage_global_mean(graph: Graph, npu: str | None) -> int:
    """Put a mean over windows before a GlobalAveragePool of more pixels than the chip takes.

    Args:
        graph: changed in place.
        npu: the chip, or None for PC runtimes.

    Returns:
        How many places were changed.
    """
    limit = PIXELS_MAX.get(npu, PIXELS_MAX_OTHERS)
    count = 0
    for node in graph.of("GlobalAveragePool"):
        shape = graph.sizes(node.inputs[0])
        if len(shape) != 4 or shape[2] * shape[3] <= limit:
            continue
        windows = [
            (kernel, stages)
            for kernel in product(_divisors(shape[2]), _divisors(shape[3]))
            if shape[2] * shape[3] <= limit * prod(kernel)
            and (stages := _stages(kernel, npu)) is not None
        ]
        if windows:
            # the smallest window that does, as square as it goes
            _, stages = min(windows, key=lambda w: (prod(w[0]), abs(w[0][0] - w[0][1])))
            node.inputs = [_add_means(graph, node, stages)]
            count += 1
    return count


def whole_pool_to_global(graph: Graph, _: str | None) -> int:
    """Replace AveragePool over all rows and columns by GlobalAveragePool.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("AveragePool"):
        window = _plain_window(graph, node)
        size = graph.shape(node.inputs[0])[2:]
        if window and window[0] == size and not any(window[2]):
            node.op, node.attributes = "GlobalAveragePool", {}
            count += 1
    return count


Window = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


def _plain_window(graph: Graph, node: Node) -> Window | None:
    """Return kernel, strides, pads of a pool that divides by the same count everywhere."""
    words = node.attributes
    shape, out = graph.sizes(node.inputs[0]), graph.sizes(node.output)
    if len(shape) != 4 or not out:
        return None
    kernel = tuple(words["kernel_shape"])
    strides = tuple(words.get("strides", (1, 1)))
    pads = tuple(words.get("pads", (0,) * 4))
    if words.get("auto_pad", "NOTSET") != "NOTSET" or set(words.get("dilations", [1])) != {1}:
        return None
    if any(pads) and not words.get("count_include_pad", 0):
        return None
    for i in range(2):
        if out[2 + i] != (shape[2 + i] + pads[i] + pads[2 + i] - kernel[i]) // strides[i] + 1:
            return None  # ceil_mode added a window that hangs over
    return kernel, strides, pads


def _stages(kernel: tuple[int, ...], npu: str | None) -> list[Window] | None:
    """Cut a window into ones that a Conv of the chip can step over; None if there are none."""
    limit = STRIDE_H_MAX.get(npu, NO_LIMIT)
    if kernel[0] <= limit and max(kernel) <= KERNEL_MAX.get(npu, NO_LIMIT):
        return [(kernel, kernel, (0,) * 4)]
    rows, columns = (_factors(size) for size in kernel)
    if rows is None or columns is None:
        return None
    length = max(len(rows), len(columns))
    rows += [1] * (length - len(rows))
    columns += [1] * (length - len(columns))
    return [((r, c), (r, c), (0,) * 4) for r, c in zip(rows, columns, strict=True)]


def _factors(size: int) -> list[int] | None:
    """Return factors of at most 4, the largest first, or None."""
    found = []
    while size > 1:
        factor = next((f for f in reversed(WHOLE_FACTORS) if size % f == 0), None)
        if factor is None:
            return None
        found.append(factor)
        size //= factor
    return found


def _divisors(size: int) -> list[int]:
    return [d for d in range(1, size + 1) if size % d == 0]


def _add_means(graph: Graph, before: Node, stages: list[Window]) -> str:
    """Add depthwise convolutions that average; return the last one's output."""
    name = before.inputs[0]
    channels, kind = graph.size(name, 1), graph.dtype(name)
    for kernel, strides, pads in stages:
        weight = np.full((channels, 1, *kernel), 1 / prod(kernel), kind)
        node = graph.insert(
            before,
            "Conv",
            [name, graph.constant(f"mean_{kernel[0]}x{kernel[1]}", weight)],
            f"{before.output}_mean",
            kernel_shape=list(kernel),
            strides=list(strides),
            pads=list(pads),
            group=channels,
        )
        name = node.output
    return name
