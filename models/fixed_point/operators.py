"""The operators of exported networks in PyTorch, for batches of any size.

Each maker takes a node and returns a function of the node's data inputs, in their order.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from models.fixed_point.resizing import linear_matrix, nearest_index, source_places
from utils.onnx_graph.graph import Graph, Node
from utils.onnx_graph.passes.slices import slices_of

Function = Callable[..., torch.Tensor | tuple[torch.Tensor, ...]]


def operator(graph: Graph, node: Node) -> Function:
    """Make the function of a node other than Conv.

    Args:
        graph: with shapes; its batch size is 1.
        node: one of its nodes.

    Returns:
        Data tensors to the output, or to a tuple where the node has several.

    Raises:
        ValueError: an operator, or a form of one, that is not known.
    """
    makers = {
        "Relu": lambda *_: F.relu,
        "Sigmoid": lambda *_: torch.sigmoid,
        "Identity": lambda *_: lambda x: x,
        "Add": lambda *_: torch.add,
        "Mul": lambda *_: torch.mul,
        "GlobalAveragePool": lambda *_: lambda x: x.mean((2, 3), keepdim=True),
        "Concat": _concat,
        "Slice": _slice,
        "Split": _split,
        "Reshape": _reshape,
        "Squeeze": _reshape,
        "Unsqueeze": _reshape,
        "Transpose": _transpose,
        "DepthToSpace": _depth_to_space,
        "AveragePool": _pool,
        "MaxPool": _pool,
        "Resize": _resize,
    }
    if node.op not in makers:
        raise ValueError(
            f"network must have operators that can be trained, got {node.op} ('{node.output}'). "
            "Export it with export2onnx.py --npu CHIP."
        )
    return makers[node.op](graph, node)


def padding_of(node: Node) -> list[int]:
    """Read the padding of a Conv or pool.

    Args:
        node: of two spatial axes.

    Returns:
        Left, right, top, bottom, as ``F.pad`` takes them.

    Raises:
        ValueError: padding that is left to the runtime.
    """
    if node.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise ValueError(f"'{node.output}' must have its padding in numbers. Export it again.")
    top, left, bottom, right = node.attributes.get("pads", [0] * 4)
    return [left, right, top, bottom]


def _concat(graph: Graph, node: Node) -> Function:
    axis = int(node.attributes["axis"])
    return lambda *parts: torch.cat(parts, dim=axis)


def _slice(graph: Graph, node: Node) -> Function:
    taken = slices_of(graph, node)
    if taken is None or taken[0] != slice(None) or any((cut.step or 1) < 1 for cut in taken):
        raise ValueError(
            f"Slice '{node.output}' must go forwards, within an image, by fixed bounds."
        )
    return lambda x: x[taken]


def _split(graph: Graph, node: Node) -> Function:
    axis = int(node.attributes.get("axis", 0))
    sizes = [graph.sizes(name)[axis] for name in node.outputs]
    return lambda x: x.split(sizes, dim=axis)


def _reshape(graph: Graph, node: Node) -> Function:
    sizes = graph.sizes(node.output)
    return lambda x: x.reshape(len(x), *sizes[1:])


def _transpose(graph: Graph, node: Node) -> Function:
    order = node.attributes["perm"]
    if order[0] != 0:
        raise ValueError(f"Transpose '{node.output}' must leave the batch's axis in place.")
    return lambda x: x.permute(order)


def _depth_to_space(graph: Graph, node: Node) -> Function:
    block = int(node.attributes["blocksize"])
    if node.attributes.get("mode", "DCR") == "CRD":
        return lambda x: F.pixel_shuffle(x, block)

    def depth_first(x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        blocks = x.reshape(batch, block**2, channels // block**2, height, width)
        return F.pixel_shuffle(blocks.transpose(1, 2).reshape(x.shape), block)

    return depth_first


def _pool(graph: Graph, node: Node) -> Function:
    left, right, top, bottom = padding_of(node)
    if (left, top) != (right, bottom) or node.attributes.get("ceil_mode", 0):
        raise ValueError(f"{node.op} '{node.output}' must have even padding and no ceil_mode.")
    kernel = node.attributes["kernel_shape"]
    stride, padding = node.attributes.get("strides", [1, 1]), (top, left)
    if node.op == "MaxPool":
        dilation = node.attributes.get("dilations", [1, 1])
        return lambda x: F.max_pool2d(x, kernel, stride, padding, dilation)
    counted = bool(node.attributes.get("count_include_pad", 0))
    return lambda x: F.avg_pool2d(x, kernel, stride, padding, count_include_pad=counted)


class _Linear(nn.Module):
    """Interpolation as two products with matrices."""

    def __init__(self, rows: np.ndarray, columns: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("rows", torch.from_numpy(rows), persistent=False)
        self.register_buffer("columns_T", torch.from_numpy(columns.T.copy()), persistent=False)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        return self.rows @ x_BCHW @ self.columns_T


class _Nearest(nn.Module):
    """A choice of rows and columns."""

    def __init__(self, rows: np.ndarray, columns: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("rows", torch.from_numpy(rows), persistent=False)
        self.register_buffer("columns", torch.from_numpy(columns), persistent=False)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        return x_BCHW.index_select(2, self.rows).index_select(3, self.columns)


def _resize(graph: Graph, node: Node) -> Function:
    before, after = graph.sizes(node.inputs[0]), graph.sizes(node.output)
    if not before or not after:
        raise ValueError(f"Resize '{node.output}' must have fixed sizes. Export it again.")
    scales = graph.value(node, 2)
    if scales is None or not scales.size:
        scales = [new / old for new, old in zip(after, before, strict=True)]
    mode = node.attributes.get("mode", "nearest")
    coordinates = node.attributes.get("coordinate_transformation_mode", "half_pixel")
    axes = [
        (source_places(before[axis], after[axis], float(scales[axis]), coordinates), before[axis])
        for axis in (2, 3)
    ]
    if mode == "linear":
        return _Linear(*(linear_matrix(*axis) for axis in axes))
    if mode != "nearest":
        raise ValueError(f"Resize '{node.output}' must be nearest or linear, got '{mode}'.")
    rule = node.attributes.get("nearest_mode", "round_prefer_floor")
    rows, columns = (nearest_index(*axis, rule) for axis in axes)
    factors = [after[axis] // before[axis] for axis in (2, 3)]
    repeated = all(
        np.array_equal(chosen, np.arange(len(chosen)) // factor)
        for chosen, factor in zip((rows, columns), factors, strict=True)
    )
    if repeated:  # the same numbers, faster
        return lambda x: F.interpolate(x, scale_factor=factors, mode="nearest")
    return _Nearest(rows, columns)
