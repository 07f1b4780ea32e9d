"""All passes in the one order they run in, each with the reason why it stands where it does."""

from collections.abc import Callable
from dataclasses import dataclass

from utils.onnx_graph.graph import Graph
from utils.onnx_graph.npu import CHIPS
from utils.onnx_graph.passes.channel_order import fold_channel_order
from utils.onnx_graph.passes.clean_up import fold_constants, fuse_bn, known_sizes
from utils.onnx_graph.passes.constants import (
    affine_to_norm,
    mean_to_global_pool,
    squeeze_to_reshape,
)
from utils.onnx_graph.passes.gates import merge_gates
from utils.onnx_graph.passes.gather import cut_gather
from utils.onnx_graph.passes.pools import pool_to_conv, stage_global_mean, whole_pool_to_global
from utils.onnx_graph.passes.resize import plain_resize, resize_by_axis
from utils.onnx_graph.passes.scales import carry_scales
from utils.onnx_graph.passes.selection import pick_by_conv, pick_in_conv, shuffle_to_gather
from utils.onnx_graph.passes.slices import merge_slices, slice_to_split, split_to_slice

PC = "PC"  # the target of ``npu=None``
ON_PC = frozenset({PC})
ON_CHIPS = frozenset(CHIPS)


@dataclass(frozen=True)
class Pass:
    """One rewrite.

    Attributes:
        name: what ``skip`` and ``Step`` call it.
        run: edits the graph for a chip (None: a PC) and returns the number of rewrites.
        why: what it needs from those before it.
        targets: chips, or PC, that it runs for; empty for all.
        after: names of passes that must stand before it.
    """

    name: str
    run: Callable[[Graph, str | None], int]
    why: str
    targets: frozenset[str] = frozenset()
    after: tuple[str, ...] = ()

    def serves(self, npu: str | None) -> bool:
        """Say whether the pass runs for this target."""
        return not self.targets or (npu or PC) in self.targets


PASSES: tuple[Pass, ...] = (
    Pass("known-sizes", known_sizes, "first: more is constant then"),
    Pass(
        "fold",
        fold_constants,
        "all others look for constants and fixed shapes",
        after=("known-sizes",),
    ),
    Pass("fuse-bn", fuse_bn, "constants are known", after=("fold",)),
    Pass("mean-to-global-pool", mean_to_global_pool, "axes are constant", after=("fold",)),
    Pass("squeeze-to-reshape", squeeze_to_reshape, "sizes are fixed", ON_CHIPS, after=("fold",)),
    Pass("split-to-slice", split_to_slice, "one form for cutting", after=("fold",)),
    Pass("merge-slices", merge_slices, "every cut is a Slice", after=("split-to-slice",)),
    Pass("shuffle-to-gather", shuffle_to_gather, "sizes are fixed", after=("fold",)),
    Pass(
        "fold-channel-order",
        fold_channel_order,
        "shuffles are one node, cuts are Slices, BatchNormalization is in the weights",
        after=("shuffle-to-gather", "merge-slices", "fuse-bn"),
    ),
    Pass(
        "pick-in-conv",
        pick_in_conv,
        "orders of whole tensors are in the weights",
        after=("fold-channel-order",),
    ),
    Pass(
        "pick-by-conv",
        pick_by_conv,
        "only what no Conv took in is left",
        ON_CHIPS,
        after=("pick-in-conv",),
    ),
    Pass(
        "cut-gather",
        cut_gather,
        "what convolutions take in, they have taken in",
        ON_PC,
        after=("shuffle-to-gather", "pick-in-conv"),
    ),
    Pass(
        "merge-gates",
        merge_gates,
        "factors and BatchNormalization are in the convolutions",
        ON_PC,
        after=("fuse-bn",),
    ),
    Pass("plain-resize", plain_resize, "scales are constant", after=("fold",)),
    Pass(
        "resize-by-axis",
        resize_by_axis,
        "every Resize that can have scales has them",
        frozenset({"720"}),
        after=("plain-resize",),
    ),
    Pass("whole-pool-to-global", whole_pool_to_global, "sizes are fixed", after=("fold",)),
    Pass(
        "stage-global-mean",
        stage_global_mean,
        "every mean over all pixels is a GlobalAveragePool",
        ON_CHIPS,
        after=("whole-pool-to-global", "mean-to-global-pool"),
    ),
    Pass(
        "pool-to-conv",
        pool_to_conv,
        "what is global is no AveragePool any more",
        ON_CHIPS,
        after=("whole-pool-to-global",),
    ),
    Pass(
        "carry-scales",
        carry_scales,
        "every weight that can take a factor in is there, those of pools as well",
        after=("fuse-bn", "pick-by-conv", "pool-to-conv"),
    ),
    Pass(
        "affine-to-norm",
        affine_to_norm,
        "only the factors that had to stay are left",
        ON_CHIPS,
        after=("fuse-bn", "carry-scales"),
    ),
    Pass(
        "slice-to-split",
        slice_to_split,
        "last: no other pass looks at Split",
        ON_PC,
        after=("merge-slices",),
    ),
)

PASS_NAMES = tuple(one.name for one in PASSES)
