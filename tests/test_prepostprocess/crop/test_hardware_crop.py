import numpy as np
import pytest

from prepostprocess.crop.hardware_crop import AxisPlan, hardware_crop, plan_axis
from prepostprocess.kneron_preprocessing import API

INPUT_WH = (192, 256)
# By hand, 640 pixels to 192: (centre, length wanted, alignment) -> start, stop, offset, size.
GOLDEN = {
    "inside: fills the input": ((320, 192, 1), (224, 416, 0, 192)),
    "rounded outwards": ((320.5, 191.5, 1), (224, 417, 0, 192)),
    "over the left edge": ((0, 192, 1), (0, 96, 96, 96)),
    "over the right edge": ((640, 192, 1), (544, 640, 0, 96)),
    "over both": ((320, 1280, 1), (0, 640, 48, 96)),
    "520, on its grid": ((320, 192, 4), (224, 416, 0, 192)),
    "520, 3 and 1 columns lost": ((321, 192, 4), (228, 416, 3, 188)),
    "520, all columns lost": ((2, 2, 4), (0, 4, 0, 192)),
    "520, all columns of two fours lost": ((8, 6, 4), (4, 12, 0, 192)),
    "a sliver of one column": ((-49, 100, 1), (0, 2, 189, 3)),
}


@pytest.mark.parametrize(("wanted", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_plan_axis__golden(wanted, expected):
    center, scale, align = wanted
    assert plan_axis(center, scale, 640, 192, align) == AxisPlan(*expected)


def test_plan_axis__always_fits_image_and_input():
    rng = np.random.default_rng(0)
    for _ in range(5000):
        length, align = int(rng.integers(2, 700)), int(rng.choice([1, 4]))
        scale = float(np.exp(rng.uniform(np.log(0.3), np.log(3000))))
        center = length * rng.uniform() + 0.7 * scale * rng.uniform(-1, 1)
        plan = plan_axis(center, scale, length, 192, align)
        if plan is None:  # only when the wanted interval misses the image
            assert center + scale / 2 <= 0 or center - scale / 2 >= length
            continue
        assert 0 <= plan.start <= plan.stop - 2 <= length - 2
        assert plan.start % align == (length - plan.stop) % align == 0
        assert plan.offset >= 0
        assert plan.size >= 2
        assert plan.offset + plan.size <= 192


def test_plan_axis__crops_what_the_emulators_rule_says():
    rng = np.random.default_rng(1)
    for _ in range(500):
        width = int(rng.integers(100, 900))
        left, right = np.sort(rng.uniform(0, width, 2))
        if right - left < 10:
            continue
        box = API.get_crop_range((left, 0, right, 1), align_w_to_4=True, image_width=width)
        plan = plan_axis((left + right) / 2, right - left, width, 192, 4)
        assert (plan.start, plan.stop) == (box[0], box[2])


@pytest.mark.parametrize("chip", ["520", "720"])
def test_hardware_crop__a_region_of_the_inputs_size_is_a_plain_cut(chip):
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    crop, center, scale = hardware_crop(image, (320, 240), INPUT_WH, INPUT_WH, chip)
    np.testing.assert_array_equal(crop, image[112:368, 224:416])
    np.testing.assert_array_equal(center, (320, 240))
    np.testing.assert_array_equal(scale, INPUT_WH)


@pytest.mark.parametrize("chip", ["520", "720"])
def test_hardware_crop__is_the_emulators_crop_resize_pad(chip):
    image = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    # Wanted columns -45..45, rows 30..150: by hand the 45 columns inside take 97..191 of the input.
    crop, _, _ = hardware_crop(image, (0, 90), (90, 120), INPUT_WH, chip)
    right = 44 if chip == "520" else 45  # 400 - 45 = 355 is rounded up to 356
    last = round((right - 1 + 45) * 191 / 89)
    expected = API.resize(
        image[30:150, :right], (last - 97 + 1, 256), keep_ratio=False, type=f"fixed_{chip}"
    )
    np.testing.assert_array_equal(crop[:, 97 : last + 1], expected)
    assert not crop[:, :97].any()
    assert not crop[:, last + 1 :].any()


@pytest.mark.parametrize("udp", [False, True])
@pytest.mark.parametrize("chip", ["520", "720"])
@pytest.mark.parametrize("center", [(120, 100), (10, 30), (225, 190)])
def test_hardware_crop__the_way_back_is_exact(chip, center, udp):
    # The picture holds its own coordinates: x in red, y in green.
    y, x = np.mgrid[:200, :240]
    image = np.dstack([x, y, x * 0]).astype(np.uint8)
    crop, center, scale = hardware_crop(image, center, (66, 88), INPUT_WH, chip, udp=udp)
    rows, columns = np.nonzero(crop[..., :2].any(axis=2))
    pixels = np.stack([columns, rows], axis=1)
    places = pixels / (np.array(INPUT_WH) - udp) * scale + center - scale / 2
    error = crop[rows, columns, :2] - places
    # Two truncations take at most 1 each off x, the step's own truncation 255 / 4096 more; the
    # rows' exact hits (special case 1) may be read one row further down.
    assert error[:, 0].max() < 0.01
    assert error[:, 0].min() > -2.1
    assert error[:, 1].max() < 1.01
    assert error[:, 1].min() > -2.1
    assert np.abs(np.median(error, axis=0)).max() < 1


def test_hardware_crop__refuses_a_region_outside_the_image():
    image = np.zeros((40, 60, 3), np.uint8)
    with pytest.raises(ValueError, match="the region must share a pixel with the image"):
        hardware_crop(image, (-50, 20), (30, 40), INPUT_WH, "720")
    with pytest.raises(ValueError, match="which must be at least 2x2, got .* image of 60x1"):
        hardware_crop(image[:1], (30, 0), (30, 40), INPUT_WH, "720")
