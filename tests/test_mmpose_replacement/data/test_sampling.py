"""Everybody once an epoch, at random, and each image decoded once by the process that has it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset
from torch.utils.data import DataLoader, Dataset, get_worker_info

from mmpose_replacement.data.sampling import KneronImageSampler, deal_out, shuffle_by_image
from mmpose_replacement.engine.runner import PoseRunner


class _WhoLoads(Dataset):
    """What the loader's processes meet: person and process."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[int, int]:
        return index, get_worker_info().id


class People(BaseDataset):
    """As many people on each image as ``counts`` says."""

    def __init__(self, counts: list[int], name: str = "image", **more: object) -> None:
        self.counts, self.name, self.more = counts, name, more
        super().__init__()

    def load_data_list(self) -> list[dict]:
        return [
            {"img_path": f"{self.name}{image}", **self.more}
            for image, count in enumerate(self.counts)
            for _ in range(count)
        ]


@given(
    counts=st.lists(st.integers(1, 6), min_size=1, max_size=60),
    window=st.integers(1, 20),
    batch_size=st.integers(1, 9),
    num_workers=st.integers(1, 4),
    epoch=st.integers(0, 3),
)
def test_a_process_meets_an_image_within_one_window_only(
    counts, window, batch_size, num_workers, epoch
):
    image_of_person = np.repeat(np.arange(len(counts)), counts)
    order = shuffle_by_image(image_of_person, window, np.random.default_rng(epoch))
    dealt = deal_out(order, batch_size, num_workers)
    assert sorted(dealt) == list(range(len(image_of_person)))
    batches = [dealt[at : at + batch_size] for at in range(0, len(dealt), batch_size)]
    streams = [np.concatenate([[], *batches[worker::num_workers]]) for worker in range(num_workers)]
    assert np.array_equal(np.concatenate(streams), order)
    images = image_of_person[order]
    for image in range(len(counts)):
        first, *_, last = np.flatnonzero(images == image)[[0, -1]]
        assert len(set(images[first : last + 1])) <= window


def test_pytorchs_loader_deals_batches_out_in_turn():
    """All people of an image go to one process, except where its window is cut in two."""
    people = People([4] * 32)
    sampler = KneronImageSampler(people, seed=0, batch_size=8, num_workers=2, window=4)
    loader = DataLoader(_WhoLoads(128), batch_size=8, num_workers=2, sampler=sampler)
    met = [pair for index, worker in loader for pair in zip(index // 4, worker, strict=True)]
    assert len(met) == 128
    assert len({(int(image), int(worker)) for image, worker in met}) == 32


def test_each_epoch_and_seed_has_its_own_order():
    people = People([3] * 40)
    sampler, same, other = (KneronImageSampler(people, seed=seed) for seed in (1, 1, 2))
    first = list(sampler)
    assert first == list(same) != list(other)
    sampler.set_epoch(1)
    assert first != list(sampler)
    assert sorted(first) == sorted(sampler) == list(range(120))
    assert len(sampler) == 120


@pytest.mark.parametrize("world_size", [2, 3, 7])
def test_ranks_share_the_people(world_size, monkeypatch):
    people = People([1, 2, 3, 4] * 5)  # 50
    shares = []
    for rank in range(world_size):
        monkeypatch.setattr(
            "mmengine.dataset.sampler.get_dist_info", lambda rank=rank: (rank, world_size)
        )
        shares.append(list(KneronImageSampler(people, seed=0, batch_size=4, window=3)))
    assert {len(share) for share in shares} == {-(-50 // world_size)}
    assert set().union(*shares) == set(range(50))


def test_people_of_an_image_seldom_share_a_batch():
    """In a window of 256 images with 4 people each are 16 batches: a pair has 63 / 1023 chances."""
    sampler = KneronImageSampler(People([4] * 2560), seed=0, batch_size=64)
    image = np.array(list(sampler)) // 4
    pairs = sum(
        count * (count - 1) / 2
        for batch in image.reshape(-1, 64)
        for count in np.unique(batch, return_counts=True)[1]
    )
    assert pairs / (2560 * 6) == pytest.approx(63 / 1023, rel=0.1)


def test_repetitions_are_images_of_their_own():
    """A person who comes four times an epoch is not to come four times within one window."""
    numbers = KneronImageSampler(RepeatDataset(People([2] * 3), 4), seed=0)._image_of_person
    np.testing.assert_array_equal(numbers, np.repeat(np.arange(12), 2))


def test_data_sets_in_a_row_keep_their_images_apart():
    both = ConcatDataset([People([2] * 3), People([1, 3], "other")])
    numbers = KneronImageSampler(both, seed=0)._image_of_person
    np.testing.assert_array_equal(numbers, [0, 0, 1, 1, 2, 2, 3, 4, 4, 4])


def test_people_with_pixels_at_hand_are_shuffled_freely():
    sampler = KneronImageSampler(People([4] * 5, img="pixels of a cache"), seed=0)
    assert len(set(sampler._image_of_person)) == 20


@pytest.mark.parametrize(("num_workers", "told"), [(0, 1), (3, 3)])
def test_runner_tells_how_batches_are_dealt_out(num_workers, told):
    config = dict(
        batch_size=5,
        num_workers=num_workers,
        dataset=People([1] * 20),
        sampler=dict(type="KneronImageSampler", window=7),
    )
    sampler = PoseRunner.build_dataloader(config, seed=1).sampler
    assert (sampler.batch_size, sampler.num_workers, sampler.window) == (5, told, 7)
    assert "batch_size" not in config["sampler"]


@pytest.mark.parametrize("window", [0, 1.5, "all"])
def test_refuses_what_is_no_number_of_images(window):
    with pytest.raises(ValueError, match=f"window must be at least 1 image, got {window!r}"):
        KneronImageSampler(People([1]), window=window)
