import numpy as np
import pytest

from prepostprocess.crop.affine import apply_affine
from prepostprocess.keypoints.decode import decode_heatmaps
from prepostprocess.preprocess import (
    PREPROCESS,
    crop_person,
    get_preprocess,
    keypoints_to_image,
    network_input,
    normalize,
    prepare_person,
)

INPUT_WH = (192, 256)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)


@pytest.mark.parametrize("word", ["kneron_520", "kneron_720"])
def test_normalize__kneron_is_exact(word):
    # x / 256 - 0.5 has at most 8 significant bits: float32 holds it.
    pixels = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)
    expected = np.repeat(np.arange(256) / 256 - 0.5, 3).reshape(16, 16, 3)
    np.testing.assert_array_equal(normalize(pixels, word), expected.transpose(2, 0, 1))


def test_normalize__float_is_imagenets():
    # The published mean and standard deviation in 0..1, times 255.
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    expected = (pixels / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    result = normalize(pixels, "float").transpose(0, 2, 3, 1)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 128.0])
def test_network_input__pixels_less_an_offset_for_networks_that_normalise(image, offset):
    found = network_input(image[None], "float", offset)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found[0].transpose(1, 2, 0), image.astype(int) - int(offset))
    np.testing.assert_array_equal(network_input(image, "float"), normalize(image, "float"))


def test_normalize__refuses_other_arrays():
    with pytest.raises(ValueError, match=r"image must be uint8 .* got float32 \(4, 4, 3\)"):
        normalize(np.zeros((4, 4, 3), np.float32), "float")


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("kneron520", r"Did you mean 'kneron_\w+'\?"),
        ("rgb", "Use the word"),
        (None, "Use the word"),
    ],
)
def test_get_preprocess__suggests_a_word(word, fix):
    with pytest.raises(
        ValueError, match=f"preprocess must be one of float, kneron_520, kneron_720, got .*{fix}"
    ):
        get_preprocess(word)


@pytest.mark.parametrize("udp", [False, True])
@pytest.mark.parametrize("word", PREPROCESS)
@pytest.mark.parametrize("box", [(100, 60, 60, 120), (-20, -10, 90, 150), (280, 100, 60, 140)])
def test_prepare_person__the_matrix_undoes_the_way_back(image, word, box, udp):
    tensor, crop = prepare_person(image, box, INPUT_WH, word, udp=udp)
    assert tensor.shape == (3, 256, 192)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    np.testing.assert_array_equal(tensor, normalize(crop.image, word))
    points = np.random.default_rng(1).uniform(0, 190, (17, 2))
    # What decoders give: UDP's pixel p counts as p / (input - 1) of the input.
    decoded = points * np.array(INPUT_WH) / (np.array(INPUT_WH) - udp)
    back = keypoints_to_image(decoded, crop.center_xy, crop.scale_wh, INPUT_WH)
    np.testing.assert_allclose(apply_affine(back, crop.matrix), points, atol=1e-3)


@pytest.mark.parametrize("word", PREPROCESS)
def test_prepare_person__a_dot_comes_back_to_its_place(word):
    image = np.zeros((240, 320, 3), np.uint8)
    image[119:122, 149:152] = 255  # a dot around x=150, y=120
    tensor, crop = prepare_person(image, (110, 60, 80, 140), INPUT_WH, word)
    dot = tensor[:1] - tensor.min()
    y, x = np.mgrid[:256, :192]
    center = np.array([(dot * x).sum(), (dot * y).sum()]) / dot.sum()
    place = keypoints_to_image(center, crop.center_xy, crop.scale_wh, INPUT_WH)
    # The 520 and 720 lose up to two levels and half a row to truncation.
    np.testing.assert_allclose(place, (150, 120), atol=0.05 if word == "float" else 0.5)


@pytest.mark.parametrize("word", PREPROCESS)
def test_all_words_put_the_person_in_the_same_place(image, word):
    # Clipped and aligned or not: sizes within 2 percent, centres within a pixel and a half.
    for box in [(100, 60, 60, 120), (-20, -10, 90, 150), (280, 100, 60, 140)]:
        _, crop = prepare_person(image, box, INPUT_WH, word)
        _, reference = prepare_person(image, box, INPUT_WH, "float")
        np.testing.assert_allclose(crop.scale_wh, reference.scale_wh, rtol=0.02)
        np.testing.assert_allclose(crop.center_xy, reference.center_xy, atol=1.5)


@pytest.mark.parametrize("word", ["kneron_520", "kneron_720"])
def test_crop_person__border_is_black_for_every_word(word):
    white = np.full((100, 100, 3), 255, np.uint8)
    tensor, _ = prepare_person(white, (-60, 10, 90, 90), INPUT_WH, word)
    assert tensor[:, 128, 0].tolist() == [-0.5] * 3  # what the chip's own padding byte 0x80 means
    # The right-hand column is the image's last but for the 520's alignment, which loses up to 3.
    assert tensor[:, 128, 180].tolist() == [255 / 256 - 0.5] * 3


@pytest.mark.parametrize("word", ["kneron_520", "kneron_720"])
def test_crop_person__a_rotated_region_is_warped(image, word):
    region = (np.float32([160, 120]), np.float32([90, 120]), INPUT_WH)
    rotated = crop_person(image, *region, word, rotation_deg=30.0)
    reference = crop_person(image, *region, "float", rotation_deg=30.0)
    np.testing.assert_array_equal(rotated.image, reference.image)
    np.testing.assert_array_equal(rotated.matrix, reference.matrix)
    upright = crop_person(image, *region, word)
    assert (upright.image != crop_person(image, *region, "float").image).any()


def test_prepare_person__refuses_what_is_no_image():
    with pytest.raises(ValueError, match=r"image must be a non-empty uint8 .* got uint8 \(9, 9\)"):
        prepare_person(np.zeros((9, 9), np.uint8), (1, 1, 4, 4), INPUT_WH, "float")


def test_a_network_that_marks_the_dot_gives_its_place():
    """From box to image keypoint through a stand-in network: 4x4 pixel means of the red channel."""
    image = np.zeros((240, 320, 3), np.uint8)
    image[100:104, 200:204] = 255
    for word in PREPROCESS:
        tensor, crop = prepare_person(image, (160, 40, 96, 160), INPUT_WH, word)
        heatmap = (tensor[0] - tensor[0].min()).reshape(64, 4, 48, 4).mean(axis=(1, 3))
        keypoints, _ = decode_heatmaps(heatmap[None, None], INPUT_WH, "argmax")
        place = keypoints_to_image(keypoints, crop.center_xy, crop.scale_wh, INPUT_WH)
        # One heatmap pixel is 3.1 to 4.2 source pixels.
        np.testing.assert_allclose(place[0, 0], (201.5, 101.5), atol=4.2)
