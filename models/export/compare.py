"""Does an exported file compute what PyTorch computes? On random pixels and on real crops."""

import contextlib
import io
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
import torch
from mmengine.config import Config
from mmpose.registry import DATASETS
from torch import nn

from prepostprocess.keypoints.decode import decode_heatmaps
from prepostprocess.preprocess import network_input, normalize

TOLERANCE = 1e-4  # of heatmaps about 1 high
NUM_CROPS = 8


@dataclass(frozen=True)
class Images:
    """A batch in the form the trained network takes, and in the form the file takes.

    Attributes:
        kind: "random" or "crops".
        normalized: float32 (N, 3, H, W).
        fed: float32 (N, 3, H, W), the same or, if the graph normalises, pixels.
    """

    kind: str
    normalized: np.ndarray
    fed: np.ndarray


def random_images(
    input_wh: tuple[int, int], preprocess: str, pixel_offset: float | None, sizes: tuple[int, ...]
) -> list[Images]:
    """Draw batches of noise pixels, uniform in 0..255, seeded.

    Args:
        input_wh: width and height in pixels.
        preprocess: the word whose mean and standard deviation the network knows.
        pixel_offset: None if the file takes normalised images, else what is taken off pixels.
        sizes: how many images each batch has.
    """
    generator = np.random.default_rng(0)
    width, height = input_wh
    return [
        _prepare(
            "random",
            generator.integers(0, 256, (size, height, width, 3), np.uint8),
            preprocess,
            pixel_offset,
        )
        for size in sizes
    ]


def crop_images(
    config: Config, pixel_offset: float | None, batch_size: int
) -> tuple[list[Images], str]:
    """Cut the first people out of the config's test set, by its own pipeline.

    Args:
        config: the training config.
        pixel_offset: as in ``random_images``.
        batch_size: images in a batch.
    Returns: batches with 8 people in all (fewer if there are fewer), and "" or why there are none.
    Raises: ValueError: files that are there and broken.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # the COCO reader's chatter
            people = DATASETS.build(config.test_dataloader.dataset)
        found = [people[i]["inputs"].numpy() for i in range(min(NUM_CROPS, len(people)))]
    except FileNotFoundError as err:
        return [], str(err).partition(": ")[0]
    pixels = np.stack(found).transpose(0, 2, 3, 1)
    preprocess = config.model.data_preprocessor.preprocess
    starts = range(0, len(pixels) - batch_size + 1, batch_size)
    return [
        _prepare("crops", pixels[i : i + batch_size], preprocess, pixel_offset) for i in starts
    ], ""


def _prepare(kind: str, pixels: np.ndarray, preprocess: str, pixel_offset: float | None) -> Images:
    fed = network_input(pixels, preprocess, pixel_offset)
    return Images(kind, normalize(pixels, preprocess), fed)


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
        gap = float(np.abs(reference - outputs[-1]).max())
        found[batch.kind] = max(gap, found.get(batch.kind, 0.0))
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
