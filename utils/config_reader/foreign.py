"""mmpose's own heatmap configs, made such that they can be judged, timed and exported here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from prepostprocess.crop.box import PADDING
from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from prepostprocess.preprocess import get_preprocess
from utils.config_reader.own_data import dataset_info
from utils.config_reader.read import read_config_file
from utils.joints import COCO_JOINTS

CODEC_DECODERS = {"MSRAHeatmap": "quarter", "UDPHeatmap": "udp", "MegviiHeatmap": "megvii"}


def load_network(
    path: str | Path, options: Sequence[str] = (), data: str | Path | None = None
) -> Config:
    """Load a config for its network's sake: one of this toolkit or of mmpose.

    Args:
        path: see ``read_config_file``.
        options: see there.
        data: see there.

    Returns:
        The config, in this toolkit's form.

    Raises:
        ValueError: see there, and ``adopt``.
    """
    config = read_config_file(path, options, data)
    adopt(config)
    return config


def adopt(config: Config) -> None:
    """Put this toolkit's head, decoder and preprocessing in the place of mmpose's.

    A config of this toolkit stays as it is.

    Args:
        config: changed in place.

    Raises:
        ValueError: no heatmap network, or images prepared in a way that no word of the switch says.
    """
    if "custom_imports" in config and "preprocess" in config.model.get("data_preprocessor", {}):
        return
    model = config.model
    head: Any = model.get("head") or {}
    codec: Any = head.get("decoder") or {}
    if head.get("type") != "HeatmapHead" or codec.get("type") not in CODEC_DECODERS:
        raise ValueError(
            f"{config.filename}: config must have a HeatmapHead with one of "
            f"{', '.join(CODEC_DECODERS)} to be taken over, got {head.get('type')} with "
            f"{codec.get('type')}. Heatmap networks are what this toolkit runs."
        )
    if "dataset_info" not in config and head.out_channels != len(KEYPOINT_NAMES):
        raise ValueError(
            f"{config.filename}: config must have COCO's 17 keypoints to be taken over, "
            f"got {head.out_channels}. Describe others in a data file, --data: docs/data.md."
        )
    _check_images(config)
    decoder = "dark" if codec.get("unbiased") else CODEC_DECODERS[codec.type]
    config.codec = dict(
        type="KneronHeatmap",
        input_size=tuple(codec.input_size),
        heatmap_size=tuple(codec.heatmap_size),
        sigma=codec.get("sigma", 2.0),
        decoder=decoder,
    )
    head.type, head.decoder = "KneronHeatmapHead", config.codec
    model.data_preprocessor = dict(type="KneronPoseDataPreprocessor", preprocess="float")
    for part in (model, model.backbone):  # pretrained weights would be fetched
        part.pop("init_cfg", None)
    config.custom_imports = dict(
        imports=["models", "mmpose_replacement"], allow_failed_imports=False
    )
    config.setdefault("dataset_info", dataset_info(COCO_JOINTS, "coco"))
    _adopt_people(config)


def _adopt_people(config: Config) -> None:
    """Read the test set's people as this toolkit does: the export is compared on them."""
    people, size = config.test_dataloader.dataset, config.codec.input_size
    people.type, people.metainfo = "KneronCocoDataset", config.dataset_info
    for key in ("bbox_file", "data_mode"):
        people.pop(key, None)
    is_udp = config.codec.decoder == "udp"
    people.pipeline = [
        dict(type="KneronLoadImage", preprocess="float"),
        dict(type="GetBBoxCenterScale", padding=PADDING),
        dict(type="KneronTopdownAffine", input_size=size, preprocess="float", use_udp=is_udp),
        dict(type="PackPoseInputs"),
    ]


def _check_images(config: Config) -> None:
    given, known = config.model.get("data_preprocessor") or {}, get_preprocess("float")
    is_same = (
        list(given.get("mean") or []) == list(known.mean)
        and list(given.get("std") or []) == list(known.std)
        and given.get("bgr_to_rgb")
    )
    if not is_same:
        raise ValueError(
            f"{config.filename}: config must normalise RGB by ImageNet's mean {known.mean} and "
            f"deviation {known.std} to be taken over from mmpose, got {given.get('mean')} and "
            f"{given.get('std')}."
        )
