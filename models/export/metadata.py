"""What a runner must know of an exported network, as the config and the built estimator say it."""

import hashlib
import json
from importlib.metadata import version

import onnx
from mmengine.config import Config
from mmpose.registry import DATASETS
from torch import nn

from prepostprocess.preprocess import get_preprocess


def describe(
    config: Config, estimator: nn.Module, *, output: str, pixel_offset: float | None
) -> dict[str, object]:
    """Collect the metadata of a file; every value can be written as JSON.

    Args:
        config: the training config.
        estimator: built from it.
        output: "heatmaps" or "keypoints".
        pixel_offset: None: the caller normalises. A number: the graph does, the caller takes
            only this off the pixels (0..255).
    Returns: key to value.
    """
    info = config.get("dataset_info") or DATASETS.get(_test_set(config).type).METAINFO
    points = [info["keypoint_info"][i] for i in sorted(info["keypoint_info"])]
    index = {point["name"]: point["id"] for point in points}
    pairs = sorted({tuple(sorted((p["id"], index[p["swap"]]))) for p in points if p["swap"]})
    preprocess = config.model.data_preprocessor.preprocess
    meaning = get_preprocess(preprocess)
    return {
        "input_wh": list(config.codec.input_size),
        "colour": "rgb",
        "preprocess": preprocess,
        "normalization": {"mean": list(meaning.mean), "std": list(meaning.std)},
        "pixel_offset": pixel_offset,
        "padding": next(
            step.get("padding", 1.25)
            for step in _test_set(config).pipeline
            if step.type == "GetBBoxCenterScale"
        ),
        "keypoint_names": [point["name"] for point in points],
        "flip_pairs": [list(pair) for pair in pairs],
        "output": output,
        "decoder": config.codec.decoder,
        "blur_kernel_size": estimator.head.decoder.blur_kernel_size,
        "encoding_udp": config.codec.decoder == "udp",
        "config_sha256": _digest(config),
        "versions": {name: version(name) for name in ("torch", "onnx", "mmpose")},
    }


def add_metadata(model: onnx.ModelProto, values: dict[str, object]) -> None:
    """Write values into a model, one JSON text a key; keys that are there are replaced."""
    kept = {prop.key: prop.value for prop in model.metadata_props}
    kept |= {key: json.dumps(value) for key, value in values.items()}
    onnx.helper.set_model_props(model, kept)


def _digest(config: Config) -> str:
    """Digest of a config's values, in whatever order; printing them as Python takes seconds."""
    values = json.loads(json.dumps(config.to_dict(), default=str))  # with keys of one type
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _test_set(config: Config) -> Config:
    return config.test_dataloader.dataset
