"""From a config and weights to an ONNX file that agrees with PyTorch: a straight line.

The graph holds the heatmap network, on request with normalisation before and keypoints behind it;
how to prepare its input and read its output travels in the metadata, one JSON value a key.
"""

import hashlib
from pathlib import Path

from mmengine.config import Config
from torch import nn

from models.checkpoints.load import load_file
from models.export.compare import Agreement, compare
from models.export.images import comparison_images
from models.export.metadata import add_metadata, describe, describe_origin
from models.tracing.trace import (
    DEFAULTS,
    HEATMAPS,
    INPUT_NAME,
    ExportOptions,
    append_decoder,
    build_estimator,
    check_decodable,
    trace,
)
from utils.onnx_graph.finish import Converted, finish, write_converted
from utils.onnx_graph.optimize import count_nodes, optimize


def export_file(
    config: Config, checkpoint: Path, output: Path, options: ExportOptions = DEFAULTS
) -> list[str]:
    """Export weights to a file.

    Args:
        config: the training config.
        checkpoint: the weights.
        output: the file; it appears whole or not at all.
        options: see there.
    Returns: lines for the user: each step, the agreement, the file, the chip's verdict.

    Raises:
        ValueError: weights that do not fit, or see ``export_model``.
        OSError: the file cannot be written.
    """
    estimator = build_estimator(config)
    lines = load_file(estimator, checkpoint)
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    converted, agreement = export_model(config, estimator, options, {"checkpoint_sha256": digest})
    return write_converted(converted, output, options.npu, lines + agreement.lines())


def export_model(
    config: Config,
    estimator: nn.Module,
    options: ExportOptions = DEFAULTS,
    origin: dict[str, object] | None = None,
) -> tuple[Converted, Agreement]:
    """Export a network and make sure that onnxruntime gives what PyTorch gives.

    Args:
        config: the training config.
        estimator: the config's estimator with its weights.
        options: see there.
        origin: more entries for the metadata, such as the checkpoint's digest.
    Returns: the model, and how far it is from PyTorch.
    Raises: ValueError: an option out of range, a decoder that no graph holds, or a difference
        above 1e-4.
    """
    if options.keypoints:
        check_decodable(config)
    images = comparison_images(config, options)
    model = trace(config, estimator, options)
    nodes_before, steps = count_nodes(model), []
    if options.optimize:
        feeds = [{INPUT_NAME: batch.fed} for batch in [*images.random, *images.crops[:1]]]
        skip = () if options.fuse_bn else ("fuse-bn",)
        cure = "Export without passes by --raw"
        model, steps = optimize(model, npu=options.npu, skip=skip, feeds=feeds, cure=cure)
    if options.keypoints:
        model = append_decoder(model, config, options)
    agreement = compare(config, estimator, model, images, with_keypoints=options.keypoints)
    if options.keypoints:
        model.graph.output.pop()  # the heatmaps, which only the comparison needed
    add_metadata(
        model,
        describe(
            config,
            estimator,
            output="keypoints" if options.keypoints else HEATMAPS,
            pixel_offset=options.pixel_offset,
        ),
        {**describe_origin(config), "npu": options.npu, **(origin or {})},
    )
    return Converted(finish(model), steps, nodes_before), agreement
