"""An exported network in the place of the trained one, to test it in the same way."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from prepostprocess.metadata import read_metadata
from utils.runners.onnx_session import FLOATS, open_session


class OnnxHeatmaps(nn.Module):
    """Run an ONNX file that gives heatmaps; batches are split where its batch size is fixed.

    Args:
        path: file with one image input (N, 3, H, W) and one heatmap output (N, K, h, w).
    Raises: ValueError: no ONNX file, or one with other inputs and outputs.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        try:
            self.session = open_session(
                Path(path),
                threads=torch.get_num_threads(),
                providers=onnxruntime.get_available_providers(),
            )
        except Exception as err:  # onnxruntime's own exceptions share no public base
            raise ValueError(
                f"{path}: network must be an ONNX file that onnxruntime reads, but "
                f"{str(err).splitlines()[0]}. Export it again."
            ) from err
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        is_plain = len(inputs) == len(outputs) == 1 and inputs[0].type in FLOATS
        if not is_plain or len(outputs[0].shape) != 4:
            raise ValueError(
                f"{path}: network must have one image input and one heatmap output of rank 4, got "
                f"{[i.shape for i in inputs]} -> {[o.shape for o in outputs]}. Export it with "
                "export2onnx.py, without --keypoints."
            )
        self.input = inputs[0]

    def forward(self, images_BCHW: torch.Tensor) -> tuple[torch.Tensor]:
        """Return heatmaps as the one feature map that the head passes on."""
        images = np.ascontiguousarray(images_BCHW.cpu().numpy(), FLOATS[self.input.type])
        batch_size = self.input.shape[0]
        if isinstance(batch_size, int) and len(images) % batch_size:
            padding = np.zeros(
                (batch_size - len(images) % batch_size, *images.shape[1:]), images.dtype
            )
            images = np.concatenate([images, padding])
        step = batch_size if isinstance(batch_size, int) else len(images)
        maps = [
            self.session.run(None, {self.input.name: images[i : i + step]})[0]
            for i in range(0, len(images), step)
        ]
        heatmaps = np.concatenate(maps)[: len(images_BCHW)].astype(np.float32)
        return (torch.from_numpy(heatmaps).to(images_BCHW.device),)


def use_onnx(estimator: nn.Module, path: str | Path) -> None:
    """Let an estimator take its heatmaps from an ONNX file; decoding and flip test stay.

    Args:
        estimator: a TopdownPoseEstimator built from the config; changed in place.
        path: the exported network.
    Raises: ValueError: the file is no heatmap network, has another size or keypoint count, or its
        metadata names another preprocessing or decoder than the config.
    """
    network = OnnxHeatmaps(path)
    head = estimator.head
    expected = [3, *reversed(head.decoder.input_wh)]
    if network.input.shape[1:] != expected:
        raise ValueError(
            f"{path}: network must take images of {expected} (C, H, W), as the config says, got "
            f"{network.input.shape[1:]}. Use the config that it was exported with."
        )
    num_keypoints = network.session.get_outputs()[0].shape[1]
    if num_keypoints != head.out_channels:
        raise ValueError(
            f"{path}: network must give {head.out_channels} heatmaps, got {num_keypoints}. Use "
            "the config that it was exported with."
        )
    metadata = read_metadata(network.session.get_modelmeta().custom_metadata_map, path)
    if metadata.pixel_offset is not None:
        raise ValueError(
            f"{path}: network must take normalised images, but this one normalises in the graph "
            "(export2onnx.py --normalize-in-graph). Export it without, to test it."
        )
    ours = {"preprocess": estimator.data_preprocessor.preprocess, "decoder": head.decoder.decoder}
    for key, word in ours.items():
        theirs = getattr(metadata, key)
        if theirs not in (None, word):
            raise ValueError(
                f"{path}: {key} must be '{word}', as the config says, got '{theirs}' in the "
                "file's metadata. Use the config that it was exported with."
            )
    take_heatmaps_from(estimator, network)


def take_heatmaps_from(estimator: nn.Module, network: nn.Module) -> None:
    """Put a network that gives heatmaps in the place of an estimator's backbone and head.

    Args:
        estimator: a TopdownPoseEstimator; changed in place.
        network: (N, 3, H, W) to a tuple of one (N, K, h, w).
    """
    estimator.backbone, head = network, estimator.head
    head.deconv_layers = head.conv_layers = head.final_layer = nn.Identity()
