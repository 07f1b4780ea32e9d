"""A network as PyTorch's tracing exporter writes it down: heatmaps, and the decoder's graph."""

import io
import warnings
from dataclasses import dataclass

import onnx
import onnx.compose
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import nn

from models.tracing.wrappers import HeatmapNetwork, KeypointDecoder, pixel_norm
from utils.config_reader.read import import_custom
from utils.onnx_graph.finish import finish

INPUT_NAME, HEATMAPS = "input", "heatmaps"
KEYPOINT_OUTPUTS = ("keypoints", "scores")
# Kneron's old converter takes 11 and 12 only, the present one 8 to 18, and a published way to a
# KL730 binary uses 12; nothing in these networks needs a newer one.
DEFAULT_OPSET = 12
OPSETS = range(11, 19)
IN_GRAPH_DECODERS = ("quarter", "argmax")


@dataclass(frozen=True)
class ExportOptions:
    """What the file is to be like.

    Attributes:
        opset: operator set version, 11 to 18.
        dynamic_batch: leave the batch size open (PC runtimes; NPU compilers want it fixed).
        keypoints: decode in the graph (PC runtimes).
        pixel_offset: None: the caller normalises. A number: the graph does, and takes pixels
            (0..255) less this number.
        fuse_bn: fold BatchNorm into the convolution before it.
        optimize: rewrite the graph for PC runtimes or for the chip.
        npu: the chip, or None.
    """

    opset: int = DEFAULT_OPSET
    dynamic_batch: bool = False
    keypoints: bool = False
    pixel_offset: float | None = None
    fuse_bn: bool = True
    optimize: bool = True
    npu: str | None = None


DEFAULTS = ExportOptions()


def build_estimator(config: Config) -> nn.Module:
    """Build the config's estimator on the CPU, in evaluation mode, with initial weights."""
    import_custom(config)
    init_default_scope(config.get("default_scope", "mmpose"))
    return MODELS.build(config.model).eval()


def trace(
    config: Config, estimator: nn.Module, options: ExportOptions = DEFAULTS
) -> onnx.ModelProto:
    """Export the heatmap network without comparing, optimising or metadata.

    Args:
        config: the training config.
        estimator: the config's estimator with its weights.
        options: opset, batch, normalisation and BatchNorm.
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
    return trace_network(HeatmapNetwork(estimator, norm), config.codec.input_size, options)


def trace_network(
    network: nn.Module, input_wh: tuple[int, int], options: ExportOptions = DEFAULTS
) -> onnx.ModelProto:
    """Export a heatmap network, in evaluation mode.

    Args:
        network: takes float (1, 3, H, W), gives heatmaps.
        input_wh: W and H in pixels.
        options: opset, batch and BatchNorm.

    Returns:
        A model that the checker and strict shape inference have passed.
    """
    width, height = input_wh
    return _trace(network.eval(), (1, 3, height, width), INPUT_NAME, [HEATMAPS], options)


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


def check_decodable(config: Config) -> None:
    """Refuse a decoder that no graph holds.

    Raises: ValueError: the config's decoder is not one of ``IN_GRAPH_DECODERS``.
    """
    if config.codec.decoder not in IN_GRAPH_DECODERS:
        raise ValueError(
            "--keypoints must go with the decoder quarter or argmax, but the config's is "
            f"'{config.codec.decoder}'. Decode outside the graph, or accept a coarser place with "
            "--cfg-options codec.decoder=quarter."
        )


def append_decoder(
    model: onnx.ModelProto, config: Config, options: ExportOptions
) -> onnx.ModelProto:
    """Put the decoder behind the heatmaps, which stay the last output.

    Args:
        model: a heatmap network.
        config: names input size and decoder.
        options: as the model was traced with.

    Returns:
        A model that gives keypoints, scores and heatmaps.
    """
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
