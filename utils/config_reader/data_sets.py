"""The annotation files that a config reads, and how it reads them."""

from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config

from utils.config_reader.read import mappings
from utils.dataset_check.faults import Fault, error
from utils.dataset_check.skeleton import check_skeleton, keypoint_names
from utils.doctor.every_check import LabelFiles
from utils.doctor.overlap import check_overlap


def label_sets(config: Config, info: Mapping, *, open_images: bool) -> list[LabelFiles]:
    """Find the annotation files of a config's training, validation and test sets.

    Args:
        config: the config.
        info: its description of keypoints, without a fault.
        open_images: name their folders too.

    Returns:
        Each file once.

    Raises:
        ValueError: there is none.
    """
    found: dict[Path, LabelFiles] = {}
    for part in ("train", "val", "test"):
        for data in mappings(config.get(f"{part}_dataloader") or {}):
            if data.get("type") not in ("KneronCocoDataset", "KneronMpiiDataset"):
                continue
            root = Path(data.get("data_root") or "")
            labels = root / data["ann_file"]
            found[labels] = LabelFiles(
                labels,
                images=root / data["data_prefix"]["img"] if open_images else None,
                category=data.get("category"),
                visible_above=data.get("visible_above"),
                keypoint_names=keypoint_names(info),
                input_wh=tuple(config.codec.input_size),
                is_trained_on=part == "train",
                is_mpii=data["type"] == "KneronMpiiDataset",
            )
    if not found:
        raise ValueError(
            f"{config.filename}: config must read COCO annotations or MPII's (KneronCocoDataset, "
            "KneronMpiiDataset), got none. Name an annotation file."
        )
    return list(found.values())


def images_of_both(config: Config) -> list[Fault]:
    """Look for images that a config trains on and validates on.

    Args:
        config: the config; one set for both is meant so.

    Returns:
        Warnings.
    """
    train: dict[Path, Path] = {}
    val: dict[Path, Path] = {}
    for part, found in (("train", train), ("val", val)):
        for data in mappings(config.get(f"{part}_dataloader") or {}):
            if data.get("type") == "KneronCocoDataset":
                root = Path(data.get("data_root") or "")
                found[root / data["ann_file"]] = root / data["data_prefix"]["img"]
    held = [(labels, folder) for labels, folder in val.items() if labels not in train]
    return [fault for each in held for fault in check_overlap([*train.items()], *each)]


def check_description(config: Config, info: Mapping) -> list[Fault]:
    """Find all faults of a config's keypoints: their description, and the head's maps.

    Args:
        config: the config.
        info: its description of keypoints, in mmpose's form.

    Returns:
        Errors.
    """
    file = str(config.filename)
    faults = check_skeleton(info, file)
    maps, count = config.model.head.get("out_channels"), len(info.get("keypoint_info", ()))
    told = [f"{maps} maps for {count} keypoints"] if maps not in (None, count) else []
    rule = "the head must give a map for each keypoint"
    cure = f"Write model = dict(head=dict(out_channels={count}))."
    return faults + error("head-channels", file, rule, told, cure)
