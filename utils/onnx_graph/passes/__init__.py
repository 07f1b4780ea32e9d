"""Rewrites of ONNX graphs for PC runtimes and for Kneron NPUs, without PyTorch."""

from utils.onnx_graph.passes.fix_batch import fix_batch, open_inputs
from utils.onnx_graph.passes.optimize import Step, count_nodes, optimize
from utils.onnx_graph.passes.order import PASSES

PASS_NAMES = tuple(one.name for one in PASSES)

__all__ = ["PASS_NAMES", "Step", "count_nodes", "fix_batch", "open_inputs", "optimize"]
