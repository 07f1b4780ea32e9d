"""The registry of rules that the table files name, and what one of them answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.onnx_graph.npu.node import UNKNOWN, NodeView


@dataclass(frozen=True)
class Finding:
    """What one rule says of one node.

    Attributes:
        ok: True it holds, False it does not, None the table leaves it open.
        text: what the rule wants and what the node has; empty where it holds.
    """

    ok: bool | None
    text: str = ""


HOLDS = Finding(True)
REGISTERED: dict[str, Callable[[NodeView, Any], Finding]] = {}


def rule(function: Callable[[NodeView, Any], Finding]) -> Callable[[NodeView, Any], Finding]:
    """Register a rule under its function's name, the word that the table files use."""
    REGISTERED[function.__name__] = function
    return function


def want(ok: bool, text: str) -> Finding:
    """Return that a rule holds, or what it misses.

    Args:
        ok: whether the rule is kept; None where that is open.
        text: the rule, and what was found.

    Returns:
        The finding.
    """
    return HOLDS if ok else Finding(False, text)


def want_equal(what: str, found: Any, wanted: Any) -> Finding:
    """Return whether an argument of a node has the one value a rule allows.

    Args:
        what: name of the property.
        found: its value.
        wanted: the value that the table asks for.

    Returns:
        The finding.
    """
    if found is UNKNOWN:
        return Finding(False, f"{what} must be a constant {wanted}, is {UNKNOWN}")
    return want(found == wanted, f"{what} must be {wanted}, is {found}")
