"""From a config and weights to an ONNX file that is checked against PyTorch.

The file holds the heatmap network alone; how to prepare its input and read its output travels in
the file's metadata, one JSON value a key.
"""

import hashlib
import io
import json
import os
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings
from mmpose.registry import DATASETS, MODELS
from torch import nn

INPUT_NAME, OUTPUT_NAME = "input", "heatmaps"
# Kneron's documents name opset 11 for PyTorch exports since toolchain 0.20, every later version
# still reads it (8 to 18 now), and its Resize is the first whose form the operator tables describe.
DEFAULT_OPSET = 11
OPSETS = range(11, 19)
TOLERANCE = 1e-4


class HeatmapNetwork(nn.Module):
    """An estimator's backbone and head without pre- and postprocessing.

    Args:
        estimator: a TopdownPoseEstimator in evaluation mode.
    """

    def __init__(self, estimator: nn.Module) -> None:
        super().__init__()
        self.backbone = estimator.backbone
        self.head = estimator.head

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return heatmaps (B, K, h, w) of normalised images (B, 3, H, W)."""
        return self.head(self.backbone(images_BCHW))


def build_estimator(config: Config) -> nn.Module:
    """Build the config's estimator on the CPU, in evaluation mode, with initial weights."""
    import_modules_from_strings(**config.custom_imports)
    init_default_scope(config.get("default_scope", "mmpose"))
    return MODELS.build(config.model).eval()


def export_bytes(config: Config, estimator: nn.Module | None = None, **options: object) -> bytes:
    """Export a config's network in memory, trained or not.

    Args:
        config: the training config.
        estimator: with weights; None: a new one, for its graph alone.
        options: ``opset`` and ``dynamic_batch`` as in ``export_onnx``.
    Returns: the content of an ONNX file, checked for validity.
    """
    network = HeatmapNetwork(estimator or build_estimator(config)).eval()
    return _export(network, config.codec.input_size, **options)


def export_onnx(
    config: Config,
    estimator: nn.Module,
    path: str | Path,
    *,
    opset: int = DEFAULT_OPSET,
    dynamic_batch: bool = False,
    digests: dict[str, str] | None = None,
) -> float:
    """Write a network as ONNX file, once onnxruntime has given what PyTorch gives.

    Args:
        config: the training config.
        estimator: the config's estimator with its weights.
        path: the file; it appears whole or not at all.
        opset: operator set version, 11 to 18.
        dynamic_batch: leave the batch size open (PC runtimes; NPU compilers want it fixed).
        digests: more entries for the metadata, such as the checkpoint's digest.
    Returns: the largest absolute difference between the two outputs.
    Raises: ValueError: opset out of range, or the difference is above 1e-4.
    """
    network = HeatmapNetwork(estimator).eval()
    content = _export(network, config.codec.input_size, opset=opset, dynamic_batch=dynamic_batch)
    gap = _compare(network, content, config.codec.input_size, dynamic_batch)
    if not gap <= TOLERANCE:
        raise ValueError(
            f"{path}: exported network must agree with PyTorch to {TOLERANCE}, but differs by "
            f"{gap:.2e}; it was not written. Try another --opset, and report this."
        )
    model = onnx.load_from_string(content)
    for key, value in {**_metadata(config), **(digests or {})}.items():
        model.metadata_props.add(key=key, value=json.dumps(value))
    path = Path(path)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(model.SerializeToString())
    os.replace(partial, path)
    return gap


def _export(
    network: nn.Module,
    input_wh: tuple[int, int],
    *,
    opset: int = DEFAULT_OPSET,
    dynamic_batch: bool = False,
) -> bytes:
    """Trace the network; the tracing exporter reaches opset 11, the newer one begins at 18."""
    if opset not in OPSETS:
        raise ValueError(f"--opset must be 11 to 18, got {opset}. Kneron's tools take up to 18.")
    width, height = input_wh
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # sizes become constants on purpose; the tracing exporter announces its end
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, height, width),),
            buffer,
            dynamo=False,
            opset_version=opset,
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_axes={INPUT_NAME: {0: "N"}, OUTPUT_NAME: {0: "N"}} if dynamic_batch else None,
        )
    model = onnx.shape_inference.infer_shapes(
        onnx.load_from_string(buffer.getvalue()), strict_mode=True
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _compare(
    network: nn.Module, content: bytes, input_wh: tuple[int, int], dynamic_batch: bool
) -> float:
    """Run both on random images and return the largest absolute difference."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(0)
    gap = 0.0
    for batch_size in (1, 3) if dynamic_batch else (1, 1):
        images = generator.standard_normal((batch_size, 3, *input_wh[::-1])).astype(np.float32)
        (theirs,) = session.run(None, {INPUT_NAME: images})
        with torch.no_grad():
            ours = network(torch.from_numpy(images)).numpy()
        gap = max(gap, float(np.abs(ours - theirs).max()))
    return gap


def _metadata(config: Config) -> dict[str, object]:
    """Collect what a runner must know, as the config says it."""
    info = DATASETS.get(config.test_dataloader.dataset.type).METAINFO
    info = config.get("dataset_info") or info
    points = [info["keypoint_info"][i] for i in sorted(info["keypoint_info"])]
    index = {point["name"]: point["id"] for point in points}
    pairs = sorted({tuple(sorted((p["id"], index[p["swap"]]))) for p in points if p["swap"]})
    return {
        "input_wh": list(config.codec.input_size),
        "colour": "rgb",
        "preprocess": config.model.data_preprocessor.preprocess,
        "padding": next(
            step.get("padding", 1.25)
            for step in config.test_dataloader.dataset.pipeline
            if step.type == "GetBBoxCenterScale"
        ),
        "keypoint_names": [point["name"] for point in points],
        "flip_pairs": [list(pair) for pair in pairs],
        "decoder": config.codec.decoder,
        "encoding_udp": config.codec.decoder == "udp",
        "config_sha256": hashlib.sha256(config.pretty_text.encode()).hexdigest(),
        "versions": {name: version(name) for name in ("torch", "onnx", "mmpose")},
    }
