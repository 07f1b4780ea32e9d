import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine

from mmpose_replacement.top_down_transform import (
    KneronRandomBBox,
    KneronRandomShift,
    KneronTopdownAffine,
)
from prepostprocess.preprocess import PREPROCESS, keypoints_to_image, prepare_person

INPUT_WH = (192, 256)


@pytest.fixture
def seed():
    """Seed the generator that the random transforms draw from, and put it back afterwards."""
    state = np.random.get_state()
    np.random.seed(0)
    yield
    np.random.set_state(state)


def person(rng: np.random.Generator, image: np.ndarray) -> dict:
    height, width = image.shape[:2]
    corner = rng.uniform(-0.1, 0.8, 2) * (width, height)
    box = np.concatenate([corner, corner + rng.uniform(20, 250, 2)]).astype(np.float32)
    keypoints = rng.uniform(0, [width, height], (1, 17, 2)).astype(np.float32)
    return GetBBoxCenterScale()({"img": image, "bbox": box[None], "keypoints": keypoints})


def copied(results: dict) -> dict:
    return {key: value.copy() for key, value in results.items()}


@pytest.mark.parametrize("use_udp", [False, True])
def test_float__has_the_bits_of_mmpose(use_udp):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (480, 640, 3), np.uint8)
    ours = KneronTopdownAffine(INPUT_WH, "float", use_udp)
    reference = TopdownAffine(INPUT_WH, use_udp)
    for index in range(60):
        results = person(rng, image)
        if index % 2:
            results["bbox_rotation"] = rng.uniform(-60, 60, 1).astype(np.float32)
        expected, found = reference(copied(results)), ours(copied(results))
        assert expected.keys() == found.keys()
        np.testing.assert_array_equal(found["img"], expected["img"])
        for key in ("bbox_center", "bbox_scale"):
            np.testing.assert_array_equal(found[key], expected[key])
            assert found[key].dtype == expected[key].dtype
        # Far outside the crop float32 itself is coarser than 1e-4.
        np.testing.assert_allclose(
            found["transformed_keypoints"],
            expected["transformed_keypoints"],
            atol=1e-4,
            rtol=1e-6,
        )
        assert found["input_size"] == INPUT_WH


@pytest.mark.parametrize("use_udp", [False, True])
@pytest.mark.parametrize("word", PREPROCESS)
def test_mmposes_way_back_is_exact_for_every_word(word, use_udp):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (480, 640, 3), np.uint8)
    for _ in range(20):
        found = KneronTopdownAffine(INPUT_WH, word, use_udp)(person(rng, image))
        decoded = found["transformed_keypoints"] * INPUT_WH / (np.array(INPUT_WH) - use_udp)
        back = keypoints_to_image(decoded, found["bbox_center"], found["bbox_scale"], INPUT_WH)
        np.testing.assert_allclose(back, found["keypoints"], atol=1e-3)


@pytest.mark.parametrize("rotation", [None, 25.0])
@pytest.mark.parametrize("word", PREPROCESS)
def test_a_dot_moves_with_its_keypoint(word, rotation):
    image = np.zeros((300, 400, 3), np.uint8)
    cv2.circle(image, (210, 130), 6, (255, 255, 255), -1)
    results = {
        "img": image,
        "bbox": np.float32([[140, 50, 270, 260]]),
        "keypoints": np.float32([[[210, 130]]]),
    }
    if rotation is not None:
        results["bbox_rotation"] = np.float32([rotation])
    found = KneronTopdownAffine(INPUT_WH, word)(GetBBoxCenterScale()(results))
    weight = found["img"][..., 0].astype(np.float64)
    y, x = np.mgrid[:256, :192]
    center = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    # The chips' rows lie up to a pixel off where the counter hits one exactly (special case 1).
    atol = 0.6 if word != "float" and rotation is None else 0.1
    np.testing.assert_allclose(found["transformed_keypoints"][0, 0], center, atol=atol)


@pytest.mark.parametrize("word", PREPROCESS)
def test_the_crop_is_the_runners(word):
    image = np.random.default_rng(2).integers(0, 256, (480, 640, 3), np.uint8)
    results = GetBBoxCenterScale()({"img": image, "bbox": np.float32([[-20, 100, 130, 400]])})
    found = KneronTopdownAffine(INPUT_WH, word)(results)
    _, crop = prepare_person(image, (-20, 100, 150, 300), INPUT_WH, word)
    np.testing.assert_array_equal(found["img"], crop.image)


def test_a_rotation_of_zero_is_no_rotation():
    image = np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8)
    results = GetBBoxCenterScale()({"img": image, "bbox": np.float32([[100, 100, 230, 400]])})
    transform = KneronTopdownAffine(INPUT_WH, "kneron_520")
    zero = transform({**copied(results), "bbox_rotation": np.float32([0.0])})
    np.testing.assert_array_equal(zero["img"], transform(copied(results))["img"])


def test_refuses_an_unknown_word():
    with pytest.raises(ValueError, match="preprocess must be one of .*Did you mean 'kneron_520'"):
        KneronTopdownAffine(INPUT_WH, "kneron520")


# Shares of a normal distribution: beyond one deviation 0.1587 on a side, beyond two 0.0228.
def test_random_bbox__is_the_official_distribution(seed):
    transform = KneronRandomBBox()
    factors, rotations = np.empty(20000), np.empty(20000)
    for index in range(20000):
        results = transform({"bbox_scale": np.float32([[100, 200]])})
        factors[index] = results["bbox_scale"][0, 0] / 100
        assert results["bbox_scale"][0, 1] == pytest.approx(200 * factors[index])
        rotations[index] = results["bbox_rotation"][0]
    assert np.mean(factors == 0.75) == pytest.approx(0.1587, abs=0.01)
    assert np.mean(factors == 1.25) == pytest.approx(0.1587, abs=0.01)
    assert np.mean(np.abs(factors - 1) < 0.125) == pytest.approx(0.3829, abs=0.012)
    assert np.mean(rotations == 0) == pytest.approx(0.4, abs=0.012)
    assert np.mean(rotations == 60) == pytest.approx(0.6 * 0.0228, abs=0.004)
    assert np.mean(np.abs(rotations) > 30) == pytest.approx(0.6 * 0.3173, abs=0.012)
    assert np.abs(rotations).max() == 60


def test_random_shift__is_the_official_distribution(seed):
    transform = KneronRandomShift()
    results = {"bbox": np.float32([[100, 100, 200, 300]]), "bbox_center": np.float32([[150, 200]])}
    shifts = np.array([transform(dict(results))["bbox_center"][0] for _ in range(10000)])
    shifts -= (150, 200)
    moved = shifts[shifts.any(axis=1)]
    assert len(moved) / 10000 == pytest.approx(0.3, abs=0.015)
    assert np.abs(moved).max(axis=0) == pytest.approx([20, 40], abs=0.1)
    # A uniform distribution: half of it in the middle half.
    assert np.mean(np.abs(moved) < (10, 20), axis=0) == pytest.approx([0.5, 0.5], abs=0.03)
    assert results["bbox_center"].tolist() == [[150, 200]]


@pytest.mark.parametrize(
    ("transform", "arguments", "name"),
    [
        (KneronRandomShift, {"prob": 30}, "prob"),
        (KneronRandomBBox, {"rotation_prob": -0.1}, "rotation_prob"),
        (KneronRandomBBox, {"scale_factor": 1.5}, "scale_factor"),
    ],
)
def test_random__refuses_what_is_no_share(transform, arguments, name):
    with pytest.raises(ValueError, match=rf"{name} must be in \[0, 1\], got"):
        transform(**arguments)
