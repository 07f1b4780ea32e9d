"""Weights out of an ONNX file, made ready to be trained on."""

import copy
import logging
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from torch import nn

from mmpose_replacement.data.crops import training_crops
from models.checkpoints.load import load_file
from models.checkpoints.unfold import unfold
from models.export.metadata import keypoints_of
from models.tracing.trace import build_estimator
from models.tracing.wrappers import HeatmapNetwork
from prepostprocess.files import replacing
from prepostprocess.metadata import read_metadata
from utils.onnx_graph.file import read_model

FILE_NAME = "imported_weights.pth"


def import_for_training(config: Config, path: Path) -> Path:
    """Turn an ONNX file into a checkpoint in the work directory, its BatchNorm un-folded.

    Args:
        config: the training config, with its work directory.
        path: the ONNX file.

    Returns:
        The checkpoint.

    Raises:
        ValueError: the file does not fit the config's network.
        FileNotFoundError: the config's training data are not there.
    """
    target = Path(config.work_dir, FILE_NAME)
    target.parent.mkdir(parents=True, exist_ok=True)
    names = _joints_of(path)
    config = copy.deepcopy(config)
    config.model.head.out_channels = len(names)  # other joints are the training's to carry over
    estimator = build_estimator(config)
    lines = load_file(estimator, path)
    lines.append(_unfold(estimator, training_crops(config)))
    _save(estimator, config, target, names)
    for line in lines:
        print_log(line, logger="current", level=logging.INFO)
    return target


def import_file(config: Config, path: Path, target: Path, file_word: str | None) -> list[str]:
    """Turn an ONNX file into a checkpoint, un-folded where the training data are there.

    Args:
        config: of the network.
        path: the ONNX file.
        target: the checkpoint; it appears whole or not at all.
        file_word: preprocessing word of the file, where it does not say it.

    Returns:
        Lines for the user.

    Raises:
        ValueError: the file does not fit the config's network.
        OSError: the checkpoint cannot be written.
    """
    estimator = build_estimator(config)
    lines = load_file(estimator, path, file_word=file_word)
    try:
        lines.append(_unfold(estimator, training_crops(config)))
    except FileNotFoundError as err:
        missing = str(err).partition(": ")[0]
        lines.append(
            f"training set not found ({missing}): BatchNorm has no statistics of its own. Good for "
            "testing and export; to train, say where the data are (--cfg-options "
            "data_root=FOLDER/), or freeze it (norm_eval=True for the backbone, in the config)."
        )
    _save(estimator, config, target, keypoints_of(config))
    return [*lines, f"{target}: {target.stat().st_size / 1e6:.1f} MB"]


def _unfold(estimator: nn.Module, crops_BCHW: torch.Tensor) -> str:
    count = unfold(HeatmapNetwork(estimator), crops_BCHW)
    return f"statistics of {count} BatchNorm layers measured on {len(crops_BCHW)} training crops"


def _joints_of(path: Path) -> tuple[str, ...]:
    """Read the joints that a file's heatmaps are of; COCO's where it is silent."""
    notes = {prop.key: prop.value for prop in read_model(path).metadata_props}
    return read_metadata(notes, path).keypoint_names


def _save(estimator: nn.Module, config: Config, target: Path, names: tuple[str, ...]) -> None:
    with replacing(target) as file:
        joints = {"keypoint_id2name": dict(enumerate(names))}
        meta = {"cfg": config.pretty_text, "dataset_meta": joints}
        torch.save({"state_dict": estimator.state_dict(), "meta": meta}, file)
