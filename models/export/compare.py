"""Does an exported file compute what PyTorch computes? On random pixels and on real crops."""

from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
import torch
from mmengine.config import Config
from torch import nn

from models.export.images import ComparisonImages, Images
from models.tracing.wrappers import HeatmapNetwork
from prepostprocess.keypoints.decode import decode_heatmaps

TOLERANCE = 1e-4  # of heatmaps about 1 high


@dataclass(frozen=True)
class Agreement:
    """How far a file is from PyTorch.

    Attributes:
        gaps: largest absolute difference of heatmaps on "random" pixels and, if there are, "crops".
        num_crops: people of the config's test set that were compared on.
        no_crops: file of that set that is not there, or "".
    """

    gaps: dict[str, float]
    num_crops: int
    no_crops: str

    def lines(self) -> list[str]:
        """Say it to the user."""
        text = f"max |PyTorch - onnxruntime| {self.gaps['random']:.1e} on random pixels"
        if self.num_crops:
            people = f"{self.num_crops} people of the config's test set"
            return [f"{text}, {self.gaps['crops']:.1e} on {people}"]
        return [
            text,
            f"no images of the config's data set found ({self.no_crops}): compared on random "
            "inputs alone; --cfg-options data_root=FOLDER/ says where they are",
        ]


def compare(
    config: Config,
    estimator: nn.Module,
    model: onnx.ModelProto,
    images: ComparisonImages,
    *,
    with_keypoints: bool,
) -> Agreement:
    """Run network and file on the same images.

    Args:
        config: the training config.
        estimator: the network.
        model: the file: heatmaps alone or keypoints, scores and heatmaps.
        images: what both are fed with.
        with_keypoints: whether the file gives keypoints.

    Returns:
        How far they are apart.

    Raises: ValueError: heatmaps differ by more than 1e-4, or keypoints are not those of the
        decoder, bit for bit.
    """
    decoder = (config.codec.input_size, config.codec.decoder) if with_keypoints else None
    network = HeatmapNetwork(estimator).eval()
    found = gaps(network, model, [*images.random, *images.crops], decoder)
    for kind, gap in found.items():
        if not gap <= TOLERANCE:
            raise ValueError(
                f"exported network must agree with PyTorch to {TOLERANCE}, but differs by "
                f"{gap:.2e} on {kind}; nothing was written. Try another --opset or --raw, and "
                "report this."
            )
    return Agreement(found, len(images.crops), images.no_crops)


def gaps(
    network: nn.Module, model: onnx.ModelProto, batches: list[Images], decoder: tuple | None
) -> dict[str, float]:
    """Run both and return the largest absolute difference of heatmaps for each kind of images.

    Args:
        network: gives heatmaps of normalised images.
        model: the file: heatmaps alone or, with a decoder, keypoints, scores and heatmaps.
        batches: what both are fed with.
        decoder: input (w, h) and decoder word of a file that gives keypoints, else None.
    Returns: kind to difference.
    Raises: ValueError: the file's keypoints are not those that its heatmaps decode to, bit for bit.
    """
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    found: dict[str, float] = {}
    for batch in batches:
        outputs = session.run(None, {name: batch.fed})
        if decoder:
            _check_decoded(*outputs, *decoder)
        with torch.no_grad():
            reference = network(torch.from_numpy(batch.normalized)).numpy()
        gap = np.abs(reference - outputs[-1]).max()
        found[batch.kind] = float(np.maximum(gap, found.get(batch.kind, 0.0)))  # NaN stays
    return found


def _check_decoded(
    keypoints: np.ndarray,
    scores: np.ndarray,
    heatmaps: np.ndarray,
    input_wh: tuple[int, int],
    decoder: str,
) -> None:
    expected, peaks = decode_heatmaps(heatmaps, input_wh, decoder)
    if not (np.array_equal(keypoints, expected) and np.array_equal(scores, peaks)):
        count = int((keypoints != expected).any(axis=-1).sum())
        raise ValueError(
            f"keypoints in the graph must be those of the decoder '{decoder}', got {count} others. "
            "Export without --keypoints, and report this."
        )
