"""What a runner must know of an exported network, as the config and the built estimator say it."""

import hashlib
import json
from importlib.metadata import version

import onnx
from mmengine.config import Config
from mmpose.datasets.transforms import GetBBoxCenterScale
from mmpose.registry import DATASETS, TRANSFORMS
from torch import nn

from prepostprocess.metadata import PoseMetadata, write_metadata
from utils import __version__
from utils.dataset_check.skeleton import keypoint_names
from utils.drawing import MIDDLE_RGB, side_colours
from utils.joints import Colours


def describe(
    config: Config, estimator: nn.Module, *, output: str, pixel_offset: float | None
) -> PoseMetadata:
    """Say what a file's runner must know.

    Args:
        config: the training config.
        estimator: built from it.
        output: see ``PoseMetadata``.
        pixel_offset: see ``PoseMetadata``.

    Returns:
        The file's metadata.

    Raises: ValueError: the config's test pipeline does not say how boxes are padded.
    """
    info = joint_description(config)
    points = [info["keypoint_info"][i] for i in sorted(info["keypoint_info"])]
    index = {point["name"]: point["id"] for point in points}
    pairs = sorted({tuple(sorted((p["id"], index[p["swap"]]))) for p in points if p["swap"]})
    return PoseMetadata(
        input_wh=tuple(config.codec.input_size),
        preprocess=config.model.data_preprocessor.preprocess,
        pixel_offset=pixel_offset,
        padding=_padding(config),
        keypoint_names=keypoint_names(info),
        flip_pairs=tuple(pairs),
        links=links_of(config),
        colours=colours_of(config),
        output=output,
        decoder=config.codec.decoder,
        blur_kernel_size=estimator.head.decoder.blur_kernel_size,
        encoding_udp=config.codec.decoder == "udp",
        sigma=float(config.codec.get("sigma", PoseMetadata.sigma)),
    )


def keypoints_of(config: Config) -> tuple[str, ...]:
    """Name the joints of a config, in the order of its network's heatmaps."""
    return keypoint_names(joint_description(config))


def colours_of(config: Config) -> Colours | None:
    """Take the joints' colours from a config; None where they are those of their sides."""
    points = joint_description(config)["keypoint_info"]
    colours = tuple(tuple(points[k].get("color") or MIDDLE_RGB) for k in sorted(points))
    return None if colours == side_colours(keypoints_of(config)) else colours


def links_of(config: Config) -> tuple[tuple[int, int], ...]:
    """Number the ends of the lines that a config draws between its joints."""
    number = {name: i for i, name in enumerate(keypoints_of(config))}
    links = (link["link"] for link in joint_description(config)["skeleton_info"].values())
    return tuple((number[a], number[b]) for a, b in links)


def joint_description(config: Config) -> dict:
    """The description of a config's joints, in mmpose's form."""
    return config.get("dataset_info") or DATASETS.get(_test_set(config).type).METAINFO


def describe_origin(config: Config) -> dict[str, object]:
    """Say where a file comes from: a digest of the config, and the versions that made it."""
    versions = {name: version(name) for name in ("torch", "onnx", "mmpose")}
    versions["toolkit"] = __version__
    return {"config_sha256": _digest(config), "versions": versions}


def add_metadata(model: onnx.ModelProto, metadata: PoseMetadata, origin: dict[str, object]) -> None:
    """Write metadata into a model; keys that are there are replaced.

    Args:
        model: changed in place.
        metadata: what a runner must know.
        origin: where the file comes from.
    """
    kept = {prop.key: prop.value for prop in model.metadata_props}
    onnx.helper.set_model_props(model, kept | write_metadata(metadata, origin))


def _padding(config: Config) -> float:
    """The factor on boxes in the test pipeline: mmpose's transform's, or a derived one's."""
    for step in _test_set(config).pipeline:
        kind = TRANSFORMS.get(step.type) if isinstance(step.type, str) else step.type
        if isinstance(kind, type) and issubclass(kind, GetBBoxCenterScale):
            return TRANSFORMS.build(step).padding
    raise ValueError(
        "the config's test pipeline must have GetBBoxCenterScale, got none. Add it: it says how "
        "much wider than the person's box the crop is."
    )


def _digest(config: Config) -> str:
    """Digest of a config's values, in whatever order; printing them as Python takes seconds."""
    values = json.loads(json.dumps(config.to_dict(), default=str))  # with keys of one type
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _test_set(config: Config) -> Config:
    return config.test_dataloader.dataset
