"""The order of training samples: random, but people of one image near one another."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from mmengine.dataset import BaseDataset, DefaultSampler
from mmengine.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class KneronImageSampler(DefaultSampler):
    """Shuffle people so that a loader process that keeps images decodes each once an epoch.

    Images are shuffled and cut into windows; the people of a window are shuffled, across all its
    batches. Batches of one window go to one process: PyTorch deals them out in turn. Everybody
    comes once an epoch (a few twice, so that all ranks have as many). People whose pixels are in a
    cache of crops, and repetitions of a person, count as images of their own.

    Args:
        dataset: of people, with ``get_data_info``.
        seed: the same in all ranks; None draws one.
        batch_size: of the loader; ``PoseRunner`` fills it in.
        num_workers: processes of the loader, at least 1; ``PoseRunner`` fills it in.
        window: images in which people are shuffled. ``KneronLoadImage`` must keep as many.
            The more, the fewer people of one image share a batch: with COCO's 2.65 people an image
            and batches of 64, 256 images are 10 batches.
    """

    def __init__(
        self,
        dataset: BaseDataset,
        seed: int | None = None,
        *,
        batch_size: int = 1,
        num_workers: int = 1,
        window: int = 256,
    ) -> None:
        super().__init__(dataset, shuffle=True, seed=seed)
        if not isinstance(window, int) or window < 1:
            raise ValueError(f"window must be at least 1 image, got {window!r}. Leave it out.")
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.window = window
        self._image_of_person = _number_images(dataset)

    def __iter__(self) -> Iterator[int]:
        """Yield the people of this rank and epoch."""
        generator = np.random.default_rng((self.seed, self.epoch))
        order = shuffle_by_image(self._image_of_person, self.window, generator)
        own = np.resize(order, self.total_size)[self.rank * self.num_samples :][: self.num_samples]
        return iter(deal_out(own, self.batch_size, self.num_workers).tolist())


def shuffle_by_image(
    image_of_person: np.ndarray, window: int, generator: np.random.Generator
) -> np.ndarray:
    """Put people in a random order in which those of one image are at most a window apart.

    Args:
        image_of_person: int (N,), from 0.
        window: images in which people are shuffled.
        generator: source of all draws.
    Returns: int (N,), a permutation.
    """
    place_of_image = generator.permutation(image_of_person.max() + 1)
    window_of_person = place_of_image[image_of_person] // window
    return np.lexsort((generator.random(len(image_of_person)), window_of_person))


def deal_out(order: np.ndarray, batch_size: int, num_workers: int) -> np.ndarray:
    """Arrange that batches dealt out in turn give each process consecutive parts of ``order``.

    Args:
        order: int (N,), what is drawn.
        batch_size: of one process.
        num_workers: processes that take batches in turn.

    Returns:
        Int (N,), such that batches dealt out in turn give each process consecutive parts.
    """
    places = np.arange(len(order))
    by_worker = np.lexsort((places, places // batch_size % num_workers))
    dealt = np.empty_like(order)
    dealt[by_worker] = order
    return dealt


def _number_images(dataset: BaseDataset) -> np.ndarray:
    """Give people the same number whose pixels come from one decoding; int (N,)."""
    numbers: dict[tuple, int] = {}
    seen: Counter = Counter()
    image_of_person = np.empty(len(dataset), np.int64)
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        person = info["img_path"], info["sample_idx"]
        image = (index,) if "img" in info else (info["img_path"], seen[person])
        seen[person] += 1
        image_of_person[index] = numbers.setdefault(image, len(numbers))
    return image_of_person
