"""Random regions: where they lie, what is drawn of them again, and that nothing is labelled."""

import copy
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmpose_replacement  # noqa: F401 - registers the classes
from mmpose_replacement.data.datasets import KneronCocoDataset
from mmpose_replacement.data.draws import RepeatableDataset
from mmpose_replacement.data.regions import RandomRegions, take_unlabelled
from mmpose_replacement.post_transforms import KneronHeatmap
from models.losses.located_heatmap_loss import LocatedHeatmapLoss

ROOT = Path(__file__).resolve().parents[3]
METAINFO = Config.fromfile(ROOT / "configs/_base_/datasets/coco.py").dataset_info
SIZE, LARGER = (48, 64), (96, 128)  # (w, h)
PIPELINE = [
    dict(type="KneronLoadImage", preprocess="float"),
    dict(type="KneronBBoxCenterScale"),
    dict(type="KneronRandomShift"),
    dict(type="KneronRandomFlip"),
    dict(type="KneronRandomHalfBody"),
    dict(type="KneronRandomBBox"),
    dict(type="KneronTeacherView", input_size=SIZE, preprocess="float"),
    dict(type="KneronTopdownAffine", input_size=SIZE, preprocess="float"),
    dict(type="KneronPackTraining"),
]
PEOPLE, IMAGES = 3, 2  # the third image, of 20x20 pixels, is too small for a region


@pytest.fixture
def arguments(tmp_path) -> dict:
    """Of a data set: three images of noise with two people, one and one."""
    init_default_scope("mmpose")
    rng = np.random.default_rng(0)
    images, people = [], []
    for number, (width, height, count) in enumerate(((160, 120, 2), (90, 200, 1), (20, 20, 1)), 1):
        pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), pixels)
        images.append(dict(id=number, file_name=f"{number}.png", width=width, height=height))
        for _ in range(count):
            points = [value for k in range(17) for value in (3 + k / 2, 4 + k / 2, 2)]
            box = [2 + len(people), 3, 15, 14]
            people.append(
                dict(id=len(people), image_id=number, category_id=1, bbox=box, keypoints=points)
            )
    content = dict(images=images, annotations=people, categories=[dict(id=1, name="person")])
    (tmp_path / "people.json").write_text(json.dumps(content))
    return dict(
        type="KneronCocoDataset",
        metainfo=METAINFO,
        data_root=str(tmp_path),
        ann_file="people.json",
        pipeline=PIPELINE,
    )


def with_regions(arguments: dict, number: int, **more: object) -> dict:
    data = copy.deepcopy(arguments) | more
    take_unlabelled(data, number, SIZE)
    return data


@pytest.mark.parametrize("image_wh", [(640, 480), (120, 640), (43, 43), (32, 4000)])
def test_regions_lie_in_the_picture_and_have_the_inputs_aspect(image_wh):
    regions = RandomRegions(1, (96, 128))
    assert regions.fits(image_wh)
    np.random.seed(0)
    boxes = np.array([regions.draw(image_wh) for _ in range(2000)], float)
    sizes = boxes[:, 2:] - boxes[:, :2]
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= np.array(image_wh) + 1e-3).all()
    np.testing.assert_allclose(sizes[:, 0] / sizes[:, 1], 0.75, rtol=1e-3)
    assert sizes.prod(axis=1).min() >= 32**2 * (1 - 1e-3)
    largest = min(image_wh[0], image_wh[1] * 0.75)
    share = np.log(sizes[:, 0] / largest)
    least = max(np.log(1 / 7), np.log(np.sqrt(32**2 / (largest**2 / 0.75))))
    # uniform: each quarter holds a quarter, within four standard deviations
    counts = np.histogram(share, np.linspace(least - 1e-6, 1e-6, 5))[0]
    assert np.abs(counts - 500).max() < 4 * np.sqrt(2000 * 0.25 * 0.75)
    middles = (boxes[:, :2] / np.maximum(np.array(image_wh) - sizes, 1e-9))[share < -0.1]
    if len(middles) and (np.array(image_wh) - sizes[share < -0.1]).min() > 1:
        assert np.abs(middles.mean(axis=0) - 0.5).max() < 0.05


def test_a_picture_of_few_pixels_gives_none():
    assert not RandomRegions(1, (96, 128)).fits((30, 30))


def test_regions_come_after_the_people_of_their_pictures(arguments):
    data = KneronCocoDataset(**{k: v for k, v in with_regions(arguments, 3).items() if k != "type"})
    people = PEOPLE + 1
    assert len(data) == people + 3 * IMAGES
    infos = [data.get_data_info(index) for index in range(people, len(data))]
    assert [info["img_id"] for info in infos] == [1, 1, 1, 2, 2, 2]
    assert len({tuple(info["bbox"][0]) for info in infos}) == len(infos)
    for info in infos:
        assert not info["keypoints"].any()
        assert not info["keypoints_visible"].any()
    assert data.get_data_info(0)["keypoints_visible"].all()


def test_indices_choose_people_and_their_pictures_give_regions(arguments):
    data = with_regions(arguments, 2, indices=2)  # the two people of the first image
    assert len(RepeatableDataset(data)) == 2 + 2


def test_draws_follow_from_seed_epoch_and_number(arguments):
    def pixels(seed: int, epoch: int, indices: list[int]) -> list[np.ndarray]:
        data = RepeatableDataset(with_regions(arguments, 2))
        data.begin(seed, epoch)
        return [data[index]["inputs"].numpy().copy() for index in indices]

    regions = list(range(PEOPLE + 1, PEOPLE + 1 + 2 * IMAGES))
    first = pixels(1, 0, regions)
    for ours, theirs in zip(pixels(1, 0, regions[::-1]), first[::-1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for other in (pixels(1, 1, regions), pixels(2, 0, regions)):
        assert all((a != b).any() for a, b in zip(other, first, strict=True))


def test_the_teacher_is_shown_the_students_crop(arguments):
    data = RepeatableDataset(with_regions(arguments, 4))
    for index in range(len(data)):
        sample = data[index]
        assert torch.equal(sample["data_samples"]["teacher_inputs"], sample["inputs"])


def test_labels_do_not_count(arguments):
    sample = RepeatableDataset(with_regions(arguments, 1))[PEOPLE + 1]["data_samples"]
    codec = KneronHeatmap(SIZE, (12, 16), 1.5)
    maps, weights = codec.encode_batch(sample["keypoints"][None], sample["keypoints_visible"][None])
    assert not weights.any()
    output = torch.rand(maps.shape, requires_grad=True)
    loss = LocatedHeatmapLoss()(output, maps, weights)
    loss.backward()
    assert loss == 0
    assert not output.grad.any()


def test_a_cache_of_crops_changes_no_pixel(arguments, tmp_path):
    cached = RepeatableDataset(with_regions(arguments, 3, crop_cache=str(tmp_path / "crops")))
    plain = RepeatableDataset(with_regions(arguments, 3))
    assert len(cached.dataset.crops) == PEOPLE + 1
    for index in range(len(plain)):
        assert torch.equal(cached[index]["inputs"], plain[index]["inputs"])


def test_no_data_set_that_gives_regions():
    with pytest.raises(ValueError, match="random_regions must have a KneronCocoDataset"):
        take_unlabelled({"type": "KneronMpiiDataset"}, 2, SIZE)
