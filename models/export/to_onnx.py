"""From a config and weights to an ONNX model that is checked against PyTorch.

The graph holds the heatmap network, on request with normalisation before and keypoints behind it;
how to prepare its input and read its output travels in the metadata, one JSON value a key.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import onnx.compose
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings
from mmpose.registry import MODELS
from torch import nn

from models.export.compare import TOLERANCE, crop_images, gaps, random_images
from models.export.metadata import add_metadata, describe, describe_origin
from models.export.wrappers import HeatmapNetwork, KeypointDecoder, pixel_norm

INPUT_NAME, HEATMAPS = "input", "heatmaps"
KEYPOINT_OUTPUTS = ("keypoints", "scores")
# Kneron's old converter takes 11 and 12 only, the present one 8 to 18, and a published way to a
# KL730 binary uses 12; nothing in these networks needs a newer one.
DEFAULT_OPSET = 12
OPSETS = range(11, 19)
IN_GRAPH_DECODERS = ("quarter", "argmax")

Feeds = list[dict[str, np.ndarray]]
Optimizer = Callable[[onnx.ModelProto, Feeds], tuple[onnx.ModelProto, list]]


@dataclass(frozen=True)
class ExportOptions:
    """What the file is to be like.

    Attributes:
        opset: operator set version, 11 to 18.
        dynamic_batch: leave the batch size open (PC runtimes; NPU compilers want it fixed).
        keypoints: decode in the graph (PC runtimes).
        pixel_offset: None: the caller normalises. A number: the graph does, and takes pixels
            (0..255) less this number.
        fuse_bn: let the exporter fold BatchNorm into the convolution before it.
    """

    opset: int = DEFAULT_OPSET
    dynamic_batch: bool = False
    keypoints: bool = False
    pixel_offset: float | None = None
    fuse_bn: bool = True


DEFAULTS = ExportOptions()


@dataclass(frozen=True)
class Exported:
    """A model that agrees with PyTorch, and how well.

    Attributes:
        model: with metadata.
        gaps: largest absolute difference of heatmaps on "random" pixels and, if there are, "crops".
        num_crops: people of the config's test set that were compared on.
        no_crops: file of that set that is not there, or "".
        steps: what the optimiser said of each of its steps.
        nodes_traced: nodes before the optimiser, Constant and Identity not counted.
    """

    model: onnx.ModelProto
    gaps: dict[str, float]
    num_crops: int
    no_crops: str
    steps: list
    nodes_traced: int


def build_estimator(config: Config) -> nn.Module:
    """Build the config's estimator on the CPU, in evaluation mode, with initial weights."""
    import_modules_from_strings(**config.custom_imports)
    init_default_scope(config.get("default_scope", "mmpose"))
    return MODELS.build(config.model).eval()


def export_model(
    config: Config,
    estimator: nn.Module,
    options: ExportOptions = DEFAULTS,
    *,
    optimize: Optimizer | None = None,
    more_metadata: dict[str, object] | None = None,
) -> Exported:
    """Export a network and make sure that onnxruntime gives what PyTorch gives.

    Args:
        config: the training config.
        estimator: the config's estimator with its weights.
        options: see there.
        optimize: turns the traced model into the final one, given inputs to compare on; None:
            the traced model is final.
        more_metadata: more entries for the metadata, such as the checkpoint's digest.
    Returns: the model and what was found.
    Raises: ValueError: an option out of range, a decoder that no graph holds, or a difference
        above 1e-4.
    """
    preprocess = config.model.data_preprocessor.preprocess
    batch_sizes = (1, 3) if options.dynamic_batch else (1, 1)
    batches = random_images(config.codec.input_size, preprocess, options.pixel_offset, batch_sizes)
    crops, no_crops = crop_images(config, options.pixel_offset, batch_size=1)
    if options.keypoints:
        _check_decoder(config)
    model = trace(config, estimator, options)
    nodes_traced = count_nodes(model)
    steps = []
    if optimize:
        model, steps = optimize(model, [{INPUT_NAME: each.fed} for each in [*batches, *crops[:1]]])
    if options.keypoints:
        model = _append_decoder(model, config, options)
    decoder = (config.codec.input_size, config.codec.decoder) if options.keypoints else None
    found = gaps(HeatmapNetwork(estimator).eval(), model, [*batches, *crops], decoder)
    for kind, gap in found.items():
        if not gap <= TOLERANCE:
            raise ValueError(
                f"exported network must agree with PyTorch to {TOLERANCE}, but differs by "
                f"{gap:.2e} on {kind}; nothing was written. Try another --opset or --raw, and "
                "report this."
            )
    if options.keypoints:
        model.graph.output.pop()  # the heatmaps, which only the comparison needed
    output = "keypoints" if options.keypoints else HEATMAPS
    metadata = describe(config, estimator, output=output, pixel_offset=options.pixel_offset)
    add_metadata(model, metadata, describe_origin(config) | (more_metadata or {}))
    return Exported(finish(model), found, len(crops), no_crops, steps, nodes_traced)


def trace(
    config: Config, estimator: nn.Module, options: ExportOptions = DEFAULTS
) -> onnx.ModelProto:
    """Export the heatmap network without comparing, optimising or metadata.

    Args: as for ``export_model``.
    Returns: a model that the checker and strict shape inference have passed.
    Raises: ValueError: opset out of range.
    """
    if options.opset not in OPSETS:
        raise ValueError(
            f"--opset must be 11 to 18, got {options.opset}. Kneron's tools take up to 18."
        )
    norm = None
    if options.pixel_offset is not None:
        norm = pixel_norm(config.model.data_preprocessor.preprocess, options.pixel_offset)
    width, height = config.codec.input_size
    network = HeatmapNetwork(estimator, norm).eval()
    return _trace(network, (1, 3, height, width), INPUT_NAME, [HEATMAPS], options)


def _trace(
    network: nn.Module,
    input_shape: tuple[int, ...],
    input_name: str,
    outputs: list[str],
    options: ExportOptions,
) -> onnx.ModelProto:
    """Call PyTorch's tracing exporter: it reaches opset 11, the newer one begins at 18."""
    buffer = io.BytesIO()
    mode = torch.onnx.TrainingMode.EVAL if options.fuse_bn else torch.onnx.TrainingMode.PRESERVE
    names = [input_name, *outputs]
    with warnings.catch_warnings():
        # sizes become constants on purpose; the tracing exporter announces its end
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(input_shape),),
            buffer,
            dynamo=False,
            training=mode,
            opset_version=options.opset,
            input_names=[input_name],
            output_names=outputs,
            dynamic_axes={name: {0: "N"} for name in names} if options.dynamic_batch else None,
        )
    return finish(onnx.load_from_string(buffer.getvalue()))


def _check_decoder(config: Config) -> None:
    if config.codec.decoder not in IN_GRAPH_DECODERS:
        raise ValueError(
            "--keypoints must go with the decoder quarter or argmax, but the config's is "
            f"'{config.codec.decoder}'. Decode outside the graph, or accept a coarser place with "
            "--cfg-options codec.decoder=quarter."
        )


def _append_decoder(
    model: onnx.ModelProto, config: Config, options: ExportOptions
) -> onnx.ModelProto:
    """Put the decoder behind the heatmaps, which stay the last output."""
    heatmaps = model.graph.output[0]
    shape = [size.dim_value or 1 for size in heatmaps.type.tensor_type.shape.dim]
    quarter = config.codec.decoder == "quarter"
    decoder = KeypointDecoder(config.codec.input_size, quarter=quarter).eval()
    tail = _trace(decoder, tuple(shape), "maps", list(KEYPOINT_OUTPUTS), options)
    tail = onnx.compose.add_prefix(tail, "decoder/", rename_inputs=False, rename_outputs=False)
    tail.ir_version = model.ir_version
    merged = onnx.compose.merge_models(model, tail, io_map=[(heatmaps.name, "maps")])
    del merged.opset_import[len(model.opset_import) :]  # the tail's, which are the same
    merged.graph.output.append(heatmaps)
    return merged


def finish(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give a model the oldest IR version that its opset has, shapes, and the checker's approval.

    The oldest: Kneron's tools are built on ONNX 1.6 (IR 6), 1.7 (IR 7) and 1.13 (IR 8).
    """
    model.ir_version = onnx.helper.find_min_ir_version_for(model.opset_import)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def count_nodes(model: onnx.ModelProto) -> int:
    """Count the nodes that compute: all but Constant and Identity."""
    return sum(node.op_type not in ("Constant", "Identity") for node in model.graph.node)
