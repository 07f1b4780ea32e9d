"""Rules on Resize and Upsample.

The vendor writes of a vertical and a horizontal scaler with a phase and a delta each. Read here as:
delta is the step in the source between two output samples, phase the source position of the first
output sample; a scaler is enabled where the size of its axis changes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from utils.onnx_graph.npu.node import UNKNOWN, NodeView
from utils.onnx_graph.npu.rules.rule import HOLDS, Finding, rule, want, want_equal

PHASE_HALF = {"half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"}
AXES = {2: "rows", 3: "columns"}


@dataclass(frozen=True)
class Scaler:
    """One axis of a resize: sizes before and after, step and first position in the source."""

    axis: int
    before: int
    after: int
    delta: float
    phase: float


def coordinate_mode(node: NodeView) -> str:
    """Return how output positions map to the source; the opsets before 11 know one way only."""
    if node.op == "Upsample" or (node.op == "Resize" and node.opset < 11):
        return "asymmetric"
    return node.attributes.get("coordinate_transformation_mode", "half_pixel")


def scalers(node: NodeView) -> list[Scaler]:
    """Return one scaler for every axis whose size changes."""
    before, after = node.shape_in(0) or (), node.shape_out() or ()
    scales = _scales(node, len(before))
    found = []
    for axis, (n, m) in enumerate(zip(before, after, strict=True)):
        if n == m:
            continue
        scale = scales[axis] if scales else m / n
        found.append(Scaler(axis, n, m, *_delta_phase(coordinate_mode(node), n, m, scale)))
    return found


def _scales(node: NodeView, rank: int) -> list[float] | None:
    """Return the scales of all axes where they are given as such."""
    index = 2 if node.op == "Resize" and node.opset >= 11 else 1
    scales = node.argument("scales", index)
    if not isinstance(scales, list) or not scales:
        return None
    axes = node.attributes.get("axes")
    if axes is None:
        return scales
    return [dict(zip((a % rank for a in axes), scales, strict=True)).get(i, 1) for i in range(rank)]


def _delta_phase(mode: str, before: int, after: int, scale: float) -> tuple[float, float]:
    delta = 1 / scale
    if mode == "align_corners":
        return ((before - 1) / (after - 1) if after > 1 else 0.0), 0.0
    if mode == "pytorch_half_pixel" and after == 1:
        return delta, 0.0
    if mode == "half_pixel_symmetric":
        shift = before / 2 * (1 - after / (scale * before))
        return delta, shift + 0.5 * delta - 0.5
    if mode in PHASE_HALF:
        return delta, 0.5 * delta - 0.5
    if mode == "tf_half_pixel_for_nn":
        return delta, 0.5 * delta
    return delta, 0.0


@rule
def resize_constant(node: NodeView, _: bool) -> Finding:
    """Want scales or sizes that are known before the network runs.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    computed = [n for i, n in enumerate(node.inputs) if i and n and not node.is_constant(i)]
    return want(not computed, f"scales or sizes must be constant, are {UNKNOWN}")


@rule
def mode_not(node: NodeView, refused: str) -> Finding:
    """Refuse one interpolation.

    Args:
        node: the node that is judged.
        refused: the value that the table refuses.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    mode = node.attributes.get("mode", "nearest")
    return want(mode != refused, f"mode must not be {refused}")


@rule
def mode_in(node: NodeView, allowed: list[str]) -> Finding:
    """Hold the interpolation to a set.

    Args:
        node: the node that is judged.
        allowed: the values that the table allows.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    mode = node.attributes.get("mode", "nearest")
    return want(mode in allowed, f"mode must be one of {', '.join(allowed)}, is {mode}")


@rule
def extrapolation_value(node: NodeView, wanted: float) -> Finding:
    """Hold the value outside the source.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return want_equal("extrapolation_value", node.attributes.get("extrapolation_value", 0), wanted)


@rule
def resize_spatial(node: NodeView, _: bool) -> Finding:
    """Want batch and channels to keep their size.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    axes = [s.axis for s in scalers(node) if s.axis < 2]
    return want(not axes, f"only rows and columns may be resized, axes {axes} are")


@rule
def upsamples(node: NodeView, _: bool) -> Finding:
    """Want an axis that grows and none that shrinks.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    sizes = [(s.before, s.after) for s in scalers(node)]
    ok = bool(sizes) and all(m > n for n, m in sizes)
    words = ", ".join(f"{n} to {m}" for n, m in sizes) or "nowhere"
    return want(ok, f"must upsample, sizes go {words}")


@rule
def one_axis_upsampled(node: NodeView, _: bool) -> Finding:
    """Forbid that rows and columns are scaled in one node.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    axes = [AXES[s.axis] for s in scalers(node) if s.axis in AXES]
    return want(len(axes) < 2, "rows and columns must not both be resized, both are")


@rule
def nearest_mode(node: NodeView, wanted: str) -> Finding:
    """Hold the rounding of nearest interpolation; the opsets before 11 round down.

    Args:
        node: the node that is judged.
        wanted: the value that the table asks for.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    if node.attributes.get("mode", "nearest") != "nearest" or node.opset < 11:
        return HOLDS
    return want_equal(
        "nearest_mode", node.attributes.get("nearest_mode", "round_prefer_floor"), wanted
    )


@rule
def coordinate_mode_not(node: NodeView, refused: str) -> Finding:
    """Refuse one coordinate transformation.

    Args:
        node: the node that is judged.
        refused: the value that the table refuses.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    mode = coordinate_mode(node)
    return want(mode != refused, f"coordinate_transformation_mode must not be {refused}")


@rule
def phase_zero(node: NodeView, _: bool) -> Finding:
    """Want the first output sample on the first source sample.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return _hold(node, lambda s: abs(s.phase) < 1e-6, "phase must be 0")


@rule
def phase_not_negative(node: NodeView, _: bool) -> Finding:
    """Want the first output sample not before the first source sample.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return _hold(node, lambda s: s.phase > -1e-6, "phase must not be negative")


@rule
def delta_max_one(node: NodeView, _: bool) -> Finding:
    """Want a source step of at most one sample: no shrinking.

    Args:
        node: the node that is judged.
        _: of no account: the table's entry says all.

    Returns:
        The finding: kept, not kept or open, and the rule in words.
    """
    return _hold(node, lambda s: s.delta <= 1 + 1e-6, "delta must be at most 1")


def _hold(node: NodeView, test: Callable[[Scaler], bool], wanted: str) -> Finding:
    if coordinate_mode(node) == "tf_crop_and_resize":
        return Finding(None, "the row does not say which phase tf_crop_and_resize has")
    bad = [s for s in scalers(node) if s.axis in AXES and not test(s)]
    if not bad:
        return HOLDS
    s = bad[0]
    return Finding(
        False,
        f"{wanted}; {AXES[s.axis]} go {s.before} to {s.after} by {coordinate_mode(node)}: "
        f"phase {s.phase:g}, delta {s.delta:g}",
    )
