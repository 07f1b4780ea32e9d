"""A config's network before anything is trained, as the exporter would write it."""

from collections.abc import Sequence

from mmengine.config import Config

from models.tracing.trace import DEFAULTS, ExportOptions, build_estimator, trace
from utils.onnx_graph.finish import finish
from utils.onnx_graph.optimize import optimize


def untrained_networks(
    config: Config, chips: Sequence[str], options: ExportOptions = DEFAULTS
) -> dict[str, bytes]:
    """Build an untrained network as ONNX for several chips.

    Args:
        config: the training config.
        chips: what it is to be optimised for.
        options: opset, and whether to optimise at all.
    Returns: chip to what export2onnx.py would write for it, less the metadata.
    Raises: ValueError: opset out of range.
    """
    model = trace(config, build_estimator(config), options)
    if not options.optimize:
        return dict.fromkeys(chips, model.SerializeToString())
    return {chip: finish(optimize(model, npu=chip)[0]).SerializeToString() for chip in chips}
