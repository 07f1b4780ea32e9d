import pickle

import numpy as np
import pytest

from prepostprocess.crop.box import fix_aspect
from prepostprocess.crop.partial_crop import CropMemory, crop_person_of_part, source_region
from prepostprocess.preprocess import PREPROCESS, crop_person

INPUT_WH = (48, 64)
IMAGE_WH = (200, 150)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*IMAGE_WH[::-1], 3), np.uint8)


def stained() -> CropMemory:
    """A canvas that an earlier crop has left dirty."""
    canvas = CropMemory()
    noise = np.random.default_rng(1).integers(0, 256, (150, 200, 3), np.uint8)
    canvas.lay(noise, (0, 0), (0, 0, 200, 150), IMAGE_WH, 4)
    return canvas


def regions(count: int):
    """Yield centre, size, rotation, udp: small and large, inside, across and beyond the border."""
    rng = np.random.default_rng(2)
    for index in range(count):
        center = rng.uniform([-20, -20], [220, 170]).astype(np.float32)
        size = np.float32(rng.uniform(10, 60, 2) * rng.choice([0.4, 0.4, 1, 3, 8]))
        rotation = 0.0 if index % 3 == 0 else rng.uniform(-80, 80)
        yield center, fix_aspect(size, INPUT_WH), rotation, bool(index % 2)


@pytest.mark.parametrize("word", PREPROCESS)
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_the_bits_are_those_of_the_whole_image_or_there_are_none(image, word, is_mirrored):
    canvas, found = stained(), {"part": 0, "beyond": 0}
    seen = image[:, ::-1] if is_mirrored else image
    part, origin = seen[20:130, 30:180], (30, 20)
    for center, size, rotation, udp in regions(400):
        arguments = (center, size, INPUT_WH, word)
        more = {"rotation_deg": rotation, "udp": udp}
        try:
            expected = crop_person(np.ascontiguousarray(seen), *arguments, **more)
        except ValueError:
            continue  # wholly outside the image, which chips cannot crop
        whole = crop_person_of_part(seen, (0, 0), IMAGE_WH, *arguments, canvas, **more)
        crop = crop_person_of_part(part, origin, IMAGE_WH, *arguments, canvas, **more)
        found["beyond" if crop is None else "part"] += 1
        for each in (whole, crop) if crop else (whole,):
            np.testing.assert_array_equal(each.image, expected.image)
            np.testing.assert_array_equal(each.matrix, expected.matrix)
            np.testing.assert_array_equal(each.center_xy, expected.center_xy)
            np.testing.assert_array_equal(each.scale_wh, expected.scale_wh)
    assert min(found.values()) > 50


@pytest.mark.parametrize("word", PREPROCESS)
def test_a_region_outside_fares_as_with_the_whole_image(image, word):
    arguments = (np.float32([900, 900]), np.float32([48, 64]), INPUT_WH, word)
    part = image[20:130, 30:180]
    if word == "float":
        crop = crop_person_of_part(part, (30, 20), IMAGE_WH, *arguments, stained())
        assert not crop.image.any()
    else:
        with pytest.raises(ValueError, match="region must share a pixel with the image"):
            crop_person_of_part(part, (30, 20), IMAGE_WH, *arguments, stained())


# Worked by hand: input pixels 0 to 47 and 0 to 63 are source 10 to 57 and 20 to 83, two more each.
def test_source_region__golden():
    matrix = np.array([[1, 0, -10], [0, 1, -20]], np.float64)
    assert source_region(matrix, INPUT_WH, IMAGE_WH) == (8, 18, 60, 86)
    assert source_region(matrix, INPUT_WH, (30, 40)) == (8, 18, 30, 40)


def test_canvas_travels_to_another_process_without_its_pixels():
    assert len(pickle.dumps(stained())) < 1000
