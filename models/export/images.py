"""What network and file are compared on: noise, and people of the config's test set."""

import contextlib
import io
from dataclasses import dataclass

import numpy as np
from mmengine.config import Config
from mmpose.registry import DATASETS

from models.tracing.trace import ExportOptions
from prepostprocess.preprocess import network_input, normalize

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


@dataclass(frozen=True)
class ComparisonImages:
    """What network and file are compared on.

    Attributes:
        random: batches of noise pixels.
        crops: batches of one, people of the config's test set.
        no_crops: the file of that set that is not there, or "".
    """

    random: list[Images]
    crops: list[Images]
    no_crops: str


def comparison_images(config: Config, options: ExportOptions) -> ComparisonImages:
    """Draw noise, and cut the first people out of the config's test set.

    Args:
        config: the training config.
        options: whether the batch is open, and who normalises.

    Returns:
        Both.

    Raises: ValueError: files of the test set that are there and broken.
    """
    preprocess, offset = config.model.data_preprocessor.preprocess, options.pixel_offset
    sizes = (1, 3) if options.dynamic_batch else (1, 1)
    random = random_images(config.codec.input_size, preprocess, offset, sizes)
    crops, no_crops = crop_images(config, offset, batch_size=1)
    return ComparisonImages(random, crops, no_crops)


def random_images(
    input_wh: tuple[int, int], preprocess: str, pixel_offset: float | None, sizes: tuple[int, ...]
) -> list[Images]:
    """Draw batches of noise pixels, uniform in 0..255, seeded.

    Args:
        input_wh: width and height in pixels.
        preprocess: the word whose mean and standard deviation the network knows.
        pixel_offset: None if the file takes normalised images, else what is taken off pixels.
        sizes: how many images each batch has.

    Returns:
        A batch for each of the sizes.
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
