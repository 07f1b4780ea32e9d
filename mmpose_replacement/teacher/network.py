"""The network that teaches: any heatmap network, from a checkpoint or an ONNX file."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from mmengine.logging import print_log
from torch import nn

from mmpose_replacement.shared_transform import KneronPoseDataPreprocessor
from models.checkpoints.config import read_config
from models.checkpoints.load import load_file
from models.export.metadata import describe
from models.export.network import OnnxHeatmaps
from models.tracing.trace import build_estimator
from models.tracing.wrappers import HeatmapNetwork
from prepostprocess.files import require_file
from prepostprocess.metadata import PoseMetadata, read_metadata


@dataclass(frozen=True)
class Teacher:
    """A network that is asked and never changed.

    Attributes:
        path: its file.
        network: float32 (N, 3, H, W), normalised, to a tuple of heatmaps (N, K, h, w).
        notes: how images go in and what the heatmaps mean.
        prepare: uint8 images to what the network takes.
    """

    path: Path
    network: nn.Module
    notes: PoseMetadata
    prepare: KneronPoseDataPreprocessor

    @property
    def uses_udp(self) -> bool:
        """Whether crop and heatmaps follow UDP's grid."""
        return bool(self.notes.encoding_udp or self.notes.decoder == "udp")

    def order_of(self, names: Sequence[str]) -> list[int]:
        """Number the teacher's map of each of a student's joints.

        Args:
            names: K joints, all of which the teacher has.

        Returns:
            K numbers.
        """
        return [self.notes.keypoint_names.index(name) for name in names]

    def to(self, device: torch.device) -> None:
        """Move it to a device."""
        self.network.to(device)
        self.prepare.to(device)

    @torch.inference_mode()
    def heatmaps(self, pixels: torch.Tensor) -> torch.Tensor:
        """Ask for a batch.

        Args:
            pixels: uint8 (N, 3, H, W), RGB, on the device that it was moved to.

        Returns:
            float32 (N, K, h, w), on the same device.
        """
        return self.network(self.prepare({"inputs": pixels})["inputs"])[0].float()


class _AsTuple(nn.Module):
    """A heatmap network that answers as mmpose's backbones do, with a tuple of maps."""

    def __init__(self, network: HeatmapNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_BCHW: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.network(images_BCHW),)


class InOrder(nn.Module):
    """A teacher's network with its maps in a student's order.

    Args:
        teacher: whose network it is.
        names: the student's joints.
    """

    def __init__(self, teacher: Teacher, names: Sequence[str]) -> None:
        super().__init__()
        self.network, self.order = teacher.network, teacher.order_of(names)

    def forward(self, images_BCHW: torch.Tensor) -> tuple[torch.Tensor]:
        """Return the maps as mmpose's backbones do, in a tuple."""
        return (self.network(images_BCHW)[0][:, self.order],)


def read_teacher(path: Path) -> Teacher:
    """Read a teacher: what it is and how it wants its images stands in its file.

    Args:
        path: a checkpoint of this toolkit, which carries its config, or an ONNX file.

    Returns:
        The teacher, in evaluation mode, on the CPU.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is no heatmap network, or says too little of itself.
    """
    require_file(path, "teacher")
    read = _from_onnx if path.suffix == ".onnx" else _from_checkpoint
    network, notes = read(path)
    if notes.decoder == "megvii":
        raise ValueError(
            f"{path}: teacher must have peaks of height 1, got a network of decoder 'megvii', "
            "whose peaks are 255 high. Teach with another one."
        )
    return Teacher(path, network.eval(), notes, KneronPoseDataPreprocessor(notes.preprocess))


def _from_checkpoint(path: Path) -> tuple[nn.Module, PoseMetadata]:
    config = read_config(path)
    estimator = build_estimator(config)
    load_file(estimator, path)
    notes = describe(config, estimator, output="heatmaps", pixel_offset=None)
    return _AsTuple(HeatmapNetwork(estimator)), notes


def _from_onnx(path: Path) -> tuple[nn.Module, PoseMetadata]:
    network = OnnxHeatmaps(path)
    notes = read_metadata(network.session.get_modelmeta().custom_metadata_map, path)
    height, width = network.input.shape[2:]
    known = {}
    if notes.input_wh is None:
        if not (isinstance(height, int) and isinstance(width, int)):
            raise ValueError(
                f"{path}: teacher must say its input size, got {network.input.shape}. Export it "
                "with a fixed size."
            )
        known["input_wh"] = (width, height)
    if notes.preprocess is None:
        print_log(
            f"{path}: teacher says no preprocessing word; taken for 'float'",
            logger="current",
            level=logging.WARNING,
        )
        known["preprocess"] = "float"
    if notes.pixel_offset is not None:
        raise ValueError(
            f"{path}: teacher must take normalised images, but this one normalises in the graph "
            "(export2onnx.py --normalize-in-graph). Export it without."
        )
    return network, replace(notes, **known)
