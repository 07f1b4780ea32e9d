"""Resize in the forms that every table takes: constant scales, source floor, one axis at a time."""

import numpy as np

from utils.onnx_graph.graph import Graph, Node

Sizes = tuple[int, ...]
HALF_PIXEL = {"half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"}
SEPARABLE = {"nearest", "linear"}


def plain_resize(graph: Graph, npu: str | None) -> int:
    """Take out what resizes nothing; for a chip, give scales in place of sizes.

    Nearest by whole factors around pixel centres picks what rounding down from the corner picks,
    which is the only form that KL520 takes and the only one whose phase is 0.

    Args:
        graph: changed in place.
        npu: the chip, or None for PC runtimes.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("Resize"):
        before, after = _sizes(graph, node)
        if not before:
            continue
        if before == after:
            graph.replace_reads(node.output, node.inputs[0])
            count += 1
        elif npu is not None:
            count += _give_scales(graph, node, before, after) + _floor(node, before, after)
    return count


def resize_by_axis(graph: Graph, _: str | None) -> int:
    """Resize rows, then columns: the newest table of KL720 has no node that does both.

    Args:
        graph: changed in place.
        _: the chip; of no account here.

    Returns:
        How many places were changed.
    """
    count = 0
    for node in graph.of("Resize"):
        before, after = _sizes(graph, node)
        if len(before) != 4 or before[:2] != after[:2] or not _is_separable(node):
            continue
        if before[2] == after[2] or before[3] == after[3] or len(node.inputs) != 3:
            continue
        between = (*after[:3], before[3])
        along_rows, along_columns = _scales(before, between), _scales(between, after)
        if along_rows is None or along_columns is None:
            continue
        rows = graph.insert(
            node,
            "Resize",
            [*node.inputs[:2], graph.constant(f"{node.output}_row_scales", along_rows)],
            f"{node.output}_rows",
            **node.attributes,
        )
        node.inputs = [
            rows.output,
            node.inputs[1],
            graph.constant(f"{node.output}_column_scales", along_columns),
        ]
        count += 1
    return count


def _sizes(graph: Graph, node: Node) -> tuple[Sizes, Sizes]:
    """Return the sizes before and after; empty where they are not fixed or a region is cut."""
    before, after = graph.sizes(node.inputs[0]), graph.sizes(node.output)
    cuts = node.attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize"
    usable = before and after and not cuts and graph.opset >= 11
    return (before, after) if usable else ((), ())


def _scales(before: Sizes, after: Sizes) -> np.ndarray | None:
    """Return the scales from one size to the other, or None where rounding would lose a pixel."""
    scales = np.array(after, np.float32) / np.array(before, np.float32)
    # runtimes and shape inference multiply in either precision
    single = np.floor(np.array(before, np.float32) * scales)
    double = np.floor(np.array(before, np.float64) * scales)
    return scales if np.array_equal(single, after) and np.array_equal(double, after) else None


def _give_scales(graph: Graph, node: Node, before: Sizes, after: Sizes) -> int:
    if len(node.inputs) < 4 or graph.value(node, 3) is None:
        return 0
    scales = _scales(before, after)
    if scales is None or node.attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        return 0
    # up to opset 12 the region must be there, though only tf_crop_and_resize looks at it
    region = "" if graph.opset > 12 else graph.constant("no_region", np.zeros(0, np.float32))
    node.inputs = [node.inputs[0], region, graph.constant(f"{node.output}_scales", scales)]
    node.attributes.pop("axes", None)
    return 1


def _floor(node: Node, before: Sizes, after: Sizes) -> int:
    words = node.attributes
    coordinates = words.get("coordinate_transformation_mode", "half_pixel")
    rounding = words.get("nearest_mode", "round_prefer_floor")
    centred = coordinates in HALF_PIXEL and rounding.startswith("round_prefer")
    whole = all(m % n == 0 for n, m in zip(before, after, strict=True))
    # one output pixel: PyTorch's form looks at the corner
    single = coordinates == "pytorch_half_pixel" and 1 in after
    if words.get("mode", "nearest") != "nearest" or not (centred and whole) or single:
        return 0
    words |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return 1


def _is_separable(node: Node) -> bool:
    plain = node.attributes.get("mode", "nearest") in SEPARABLE
    return plain and not node.attributes.get("antialias", 0) and "axes" not in node.attributes
