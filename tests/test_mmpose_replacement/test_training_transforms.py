"""The cheap transforms give what mmpose's give with the same random draws."""

import numpy as np
import pytest
from mmpose.datasets.transforms import (
    GetBBoxCenterScale,
    RandomFlip,
    RandomHalfBody,
    TopdownAffine,
)

from mmpose_replacement.top_down_transform import KneronRandomBBox, KneronTopdownAffine
from mmpose_replacement.training_transforms import (
    KneronBBoxCenterScale,
    KneronRandomFlip,
    KneronRandomHalfBody,
    Origin,
)

INPUT_WH = (192, 256)
FLIP_INDICES = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]


@pytest.fixture(autouse=True)
def random_state():
    state = np.random.get_state()
    yield
    np.random.set_state(state)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)


def person(rng: np.random.Generator, image: np.ndarray) -> dict:
    corner = rng.uniform(0, 0.7, 2) * (320, 240)
    box = np.concatenate([corner, corner + rng.uniform(20, 150, 2)])[None].astype(np.float32)
    return {
        "img": image,
        "img_shape": image.shape[:2],
        "bbox": box,
        "keypoints": rng.uniform(box[0, :2], np.minimum(box[0, 2:], (320, 240)), (1, 17, 2)).astype(
            np.float32
        ),
        "keypoints_visible": (rng.uniform(size=(1, 17)) < rng.uniform()).astype(np.float32),
        "flip_indices": FLIP_INDICES,
        "upper_body_ids": list(range(11)),
        "lower_body_ids": list(range(11, 17)),
    }


def run(pipeline: list, results: dict, seed: int) -> tuple[dict, float]:
    """Return the sample, and the generator's next number."""
    results = {
        key: value.copy() if isinstance(value, np.ndarray) and key != "img" else value
        for key, value in results.items()
    }
    np.random.seed(seed)
    for transform in pipeline:
        results = transform(results)
    return results, np.random.rand()


def test_crops_and_keypoints_are_mmposes_with_the_same_draws(image):
    rng = np.random.default_rng(1)
    between = KneronRandomBBox()
    theirs = [GetBBoxCenterScale(), RandomFlip(), RandomHalfBody(prob=0.5), between]
    ours = [KneronBBoxCenterScale(), KneronRandomFlip(), KneronRandomHalfBody(prob=0.5), between]
    theirs.append(TopdownAffine(INPUT_WH))
    ours.append(KneronTopdownAffine(INPUT_WH, "float"))
    flips = 0
    for seed in range(150):
        sample = person(rng, image)
        (expected, expected_next), (found, found_next) = (
            run(pipeline, sample, seed) for pipeline in (theirs, ours)
        )
        assert found_next == expected_next
        assert found.keys() == expected.keys()
        for key in ("img", "bbox", "bbox_center", "bbox_scale", "keypoints", "keypoints_visible"):
            np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
            assert found[key].dtype == expected[key].dtype
        np.testing.assert_allclose(
            found["transformed_keypoints"], expected["transformed_keypoints"], atol=1e-3, rtol=1e-6
        )
        assert found["flip"] == expected["flip"]
        assert found["flip_direction"] == expected["flip_direction"]
        flips += found["flip"]
    assert 50 < flips < 100


HALVES = {  # places of the upper body's joints
    "on one point": lambda rng: np.full((11, 2), (60, 50)),
    "below the image": lambda rng: rng.uniform((60, 300), (120, 360), (11, 2)),
    "its middle beyond": lambda rng: np.array([(100, 230)] + [(100, 1000)] * 10),
}


@pytest.mark.parametrize("word", ["float", "kneron_520", "kneron_720"])
@pytest.mark.parametrize("place", HALVES.values(), ids=HALVES)
def test_a_half_without_a_picture_leaves_the_person_whole(image, word, place):
    rng = np.random.default_rng(4)
    sample = person(rng, image) | {"keypoints_visible": np.ones((1, 17), np.float32)}
    sample["keypoints"][0, :11] = place(rng)
    whole = [KneronBBoxCenterScale(), KneronRandomHalfBody(prob=0)]
    half = [KneronBBoxCenterScale(), KneronRandomHalfBody(prob=1, upper_prioritized_prob=1)]
    rest = [KneronRandomBBox(), KneronTopdownAffine(INPUT_WH, word)]
    for seed in range(20):
        (expected, _), (found, _) = (run(pipeline, sample, seed) for pipeline in (whole, half))
        for key in ("bbox_center", "bbox_scale"):
            np.testing.assert_array_equal(found[key], expected[key])
        run([*half, *rest], sample, seed)


@pytest.mark.parametrize("word", ["float", "kneron_520", "kneron_720"])
def test_a_part_gives_the_crop_of_the_whole_and_the_file_what_lies_beyond(
    image, word, tmp_path, monkeypatch
):
    monkeypatch.setattr("mmpose_replacement.top_down_transform.load_rgb", lambda path: image)
    rng = np.random.default_rng(2)
    pipeline = [KneronBBoxCenterScale(), KneronRandomFlip(), KneronRandomBBox()]
    affine = KneronTopdownAffine(INPUT_WH, word)
    for seed in range(100):
        sample = person(rng, image)
        left, top, right, bottom = sample["bbox"][0].astype(int) + (-60, -60, 60, 60)
        left, top = max(left, 0), max(top, 0)
        part = {
            "img": image[top:bottom, left:right],
            "img_origin": Origin(left, top),
            "img_path": "a.png",
        }
        expected, _ = run([*pipeline, KneronTopdownAffine(INPUT_WH, word)], sample, seed)
        found, _ = run([*pipeline, affine], {**sample, **part}, seed)
        np.testing.assert_array_equal(found["img"], expected["img"])
        np.testing.assert_array_equal(
            found["transformed_keypoints"], expected["transformed_keypoints"]
        )
    assert affine.num_parts == 100
    assert 10 < affine.num_beyond < 90


def test_a_part_that_another_transform_mirrored_is_refused(image):
    sample = person(np.random.default_rng(3), image)
    part = {"img": image[:100, :100], "img_origin": Origin(0, 0)}
    pipeline = [RandomFlip(prob=1.0), GetBBoxCenterScale(), KneronTopdownAffine(INPUT_WH, "float")]
    with pytest.raises(ValueError, match="must mirror by KneronRandomFlip where crop_cache is set"):
        run(pipeline, {**sample, **part}, 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: KneronRandomFlip(prob=50), r"prob must be in \[0, 1\], got 50"),
        (lambda: KneronRandomHalfBody(prob=-1), r"prob must be in \[0, 1\], got -1"),
        (lambda: KneronBBoxCenterScale(padding=0), "padding must be above 0, got 0"),
    ],
)
def test_refuses_what_makes_no_sense(build, message):
    with pytest.raises(ValueError, match=message):
        build()
