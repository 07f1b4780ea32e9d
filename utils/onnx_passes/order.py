"""All passes in the one order they run in, each with the reason why it stands where it does."""

from collections.abc import Callable
from dataclasses import dataclass

from utils.onnx_passes.clean_up import fold_constants, fuse_bn
from utils.onnx_passes.graph import Graph

PC = "PC"  # the target of ``npu=None``


@dataclass(frozen=True)
class Pass:
    """One rewrite.

    Attributes:
        name: what ``skip`` and ``Step`` call it.
        run: edits the graph and returns the number of rewrites.
        why: what it needs from those before it.
        targets: chips, or PC, that it runs for; empty for all.
        after: names of passes that must stand before it.
    """

    name: str
    run: Callable[[Graph], int]
    why: str
    targets: frozenset[str] = frozenset()
    after: tuple[str, ...] = ()

    def serves(self, npu: str | None) -> bool:
        """Say whether the pass runs for this target."""
        return not self.targets or (npu or PC) in self.targets


PASSES: tuple[Pass, ...] = (
    Pass("fold", fold_constants, "first: all others look for constants and fixed shapes"),
    Pass("fuse-bn", fuse_bn, "constants are known", after=("fold",)),
)
