"""Crops, padding, normalisation and the process-wide defaults."""

import threading

import numpy as np
import pytest

from prepostprocess.kneron_preprocessing import API

IMAGE = np.random.default_rng(0).integers(1, 256, (480, 640, 3), np.uint8)


@pytest.fixture(autouse=True)
def floating_defaults():
    yield
    API.set_default_as_floating()


# Device description, sections 1.3 and 7; the rest worked by hand.
BOXES = {  # name: (box, options, expected)
    "aligned": ((272, 145, 461, 341), dict(align_w_to_4=True), (272, 145, 460, 341)),
    "left edge goes right": ((273, 0, 461, 9), dict(align_w_to_4="yes"), (276, 0, 460, 9)),
    "squared": ((272, 145, 461, 341), dict(pad_square_to_4=True), (268, 145, 464, 341)),
    "aligned, then squared": (
        (272, 145, 461, 341),
        dict(align_w_to_4=True, pad_square_to_4=True),
        (268, 145, 464, 341),
    ),
    "wide box grows in y": ((269, 220, 371, 260), dict(pad_square_to_4="1"), (269, 192, 371, 294)),
    "outwards": ((10.2, 20.7, 30.2, 40.7), {}, (10, 20, 31, 41)),
    "to nearest, halves to even": (
        (10.5, 11.5, 30.4, 40.6),
        dict(rounding_type=1),
        (10, 12, 30, 41),
    ),
}


@pytest.mark.parametrize(("box", "options", "expected"), BOXES.values(), ids=BOXES)
def test_crop_range__golden(box, options, expected):
    assert API.get_crop_range(box, **options) == expected
    assert API.get_crop_range(box, **options, image_width=640) == expected
    info = {}
    found = API.crop(IMAGE, box, **options, info_out=info)
    assert info["box"] == expected
    x1, y1, x2, y2 = expected
    np.testing.assert_array_equal(found, IMAGE[y1:y2, x1:x2])


def test_crop_range__odd_width_needs_to_be_told():
    # width 639: margin 178 -> 180, right edge 459
    assert API.get_crop_range((272, 0, 461, 9), True, image_width=639) == (272, 0, 459, 9)


def test_crop_range__original_answers():
    box, both = (272, 145, 461, 341), dict(align_w_to_4=True, pad_square_to_4=True)
    assert API.get_crop_range(box, **both, as_original=True) == (272, 145, 461, 341)
    found = API.crop(IMAGE, box, pad_square_to_4=True, as_original=True)
    assert found.shape == (196, 189, 3)


def test_no_box():
    assert API.get_crop_range(None) == (0, 0, 0, 0)
    assert API.crop(IMAGE, None) is IMAGE
    assert API.crop_center(IMAGE) is IMAGE
    assert API.crop_corner(IMAGE) is IMAGE


def test_outside_is_black():
    found = API.crop(IMAGE, (-3, -2, 5, 4))
    assert found.shape == (6, 8, 3)
    assert not found[:2].any()
    assert not found[:, :3].any()
    np.testing.assert_array_equal(found[2:, 3:], IMAGE[:4, :5])


def test_crop_is_a_copy():
    image = IMAGE.copy()
    API.crop(image, (0, 0, 640, 480))[...] = 0
    np.testing.assert_array_equal(image, IMAGE)


def test_center_and_corner():
    info = {}
    API.crop_center(IMAGE, (102, 40), pad_square_to_4=True, info_out=info)
    assert info["box"] == (269, 192, 371, 294)
    API.crop_center(IMAGE, (101, 40), rounding_type=1, info_out=info)  # 269.5..370.5
    assert info["box"] == (270, 220, 370, 260)
    API.crop_corner(IMAGE, (102, 40), pad_square_to_4=True, info_out=info)
    assert info["box"] == (0, -28, 102, 74)


def test_a_crop_leaves_no_trace_in_the_next():
    API.crop(IMAGE, (1, 2, 9, 9))  # the original's crop_center would then return this box
    assert API.crop_center(IMAGE, (20, 30)).shape == (30, 20, 3)


def test_defaults_switch_and_arguments_win():
    box = (273, 0, 461, 9)
    API.set_default_as_520()
    assert API.get_crop_range(box) == (276, 0, 460, 9)
    assert API.get_crop_range(box, align_w_to_4=False) == box
    ramp = np.repeat(np.arange(0, 200, 20, dtype=np.uint8)[:, None], 4, axis=1)
    assert API.resize(ramp, (4, 4), keep_ratio=False)[:, 0].tolist() == [0, 59, 119, 179]
    API.set_default_as_720()
    assert API.resize(ramp, (4, 4), keep_ratio=False)[:, 0].tolist() == [0, 80, 140, 180]
    API.set_default_as_floating()
    assert API.get_crop_range(box) == box


def test_calls_do_not_disturb_one_another_across_threads():
    jobs = [((x, 0, x + 40 + x % 7, 30), x % 2 == 0) for x in range(200)]
    alone = [API.crop(IMAGE, box, pad_square_to_4=square) for box, square in jobs]
    wrong = []

    def work():
        for (box, square), expected in zip(jobs, alone, strict=True):
            if not np.array_equal(API.crop(IMAGE, box, pad_square_to_4=square), expected):
                wrong.append(box)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


CROP_REFUSED = {
    "three numbers": (dict(box=(1, 2, 3)), r"box must be \(x1, y1, x2, y2\), got \(1, 2, 3\)"),
    "empty": (dict(box=(5, 5, 5, 9)), "box must have x1 < x2 and y1 < y2"),
    "reversed": (dict(box=(9, 5, 5, 9)), "box must have x1 < x2 and y1 < y2"),
    "nan": (dict(box=(0, 0, float("nan"), 9)), r"box\[2\] must be a finite number"),
    "outside": (dict(box=(640, 0, 650, 9)), "box must overlap the 640x480 image"),
    "aligned away": (dict(box=(1, 0, 3, 9), align_w_to_4=True), "at least one pixel"),
    "rounding": (dict(rounding_type=2), "rounding_type must be one of 0, 1, got 2"),
    "flag": (dict(align_w_to_4="si"), "align_w_to_4 must be a bool or yes/no"),
    "float image": (dict(image=np.zeros((9, 9))), "image must be uint8, got float64"),
}


@pytest.mark.parametrize(("change", "message"), CROP_REFUSED.values(), ids=CROP_REFUSED)
def test_crop_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        API.crop(**{"image": IMAGE, "box": (0, 0, 4, 4), **change})


@pytest.mark.parametrize("function", [API.crop_center, API.crop_corner])
def test_range_is_checked(function):
    with pytest.raises(ValueError, match=r"range\[1\] must be a whole number in 1\.\.65535, got 0"):
        function(IMAGE, (4, 0))


def test_pad_center_puts_the_odd_pixel_right_and_below():
    found = API.pad_center(np.full((2, 2), 7, np.uint8), (5, 5), pad_val=1)
    expected = np.ones((5, 5), np.uint8)
    expected[1:3, 1:3] = 7
    np.testing.assert_array_equal(found, expected)


def test_pad_corner_keeps_the_top_left():
    found = API.pad_corner(np.full((2, 2, 3), 7, np.uint8), (3, 4))
    assert found.shape == (4, 3, 3)
    assert (found[:2, :2] == 7).all()
    assert found.sum() == 7 * 12


def test_pad_sides_and_edge():
    image = np.array([[1, 2], [3, 4]], np.uint8)
    np.testing.assert_array_equal(API.pad(image, 1, 0, 0, 1, 9), [[9, 1, 2], [9, 3, 4], [9, 9, 9]])
    np.testing.assert_array_equal(
        API.pad(image, 1, 0, 0, 1, "edge"), [[1, 1, 2], [3, 3, 4], [3, 3, 4]]
    )


def test_pad_after_normalising():
    found = API.pad(API.norm(np.zeros((1, 1), np.uint8)), 1, pad_val=-0.5)
    assert found.tolist() == [[-0.5, -0.5]]


PAD_REFUSED = {
    "negative": (dict(pad_l=-1), r"pad_l must be a whole number in 0\.\.65535, got -1"),
    "wraps": (dict(pad_val=256), r"pad_val must be a whole number in 0\.\.255 for uint8, got 256"),
    "is cut": (dict(pad_val=-0.5), r"pad_val must be .*got -0.5\. Normalise before padding"),
    "word": (dict(pad_val="mirror"), "pad_val must be a finite number, got 'mirror'"),
    "rank": (dict(image=np.zeros(3)), "image must be"),
    "complex": (dict(image=np.zeros((3, 3), complex)), "image must be of a real number type"),
}


@pytest.mark.parametrize(("change", "message"), PAD_REFUSED.values(), ids=PAD_REFUSED)
def test_pad_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        API.pad(**{"image": IMAGE, **change})


@pytest.mark.parametrize("function", [API.pad_center, API.pad_corner])
def test_pad_target_must_hold_the_image(function):
    with pytest.raises(ValueError, match="size must be at least the image's 640x480, got 639x480"):
        function(IMAGE, (639, 480))
    assert function(IMAGE) is IMAGE


def test_norm__golden():
    # Device description, section 7: x / 256 - 0.5
    found = API.norm(np.array([[0, 128, 255]], np.uint8))
    assert found.dtype == np.float64
    assert found.tolist() == [[-0.5, 0.0, 0.49609375]]
    # equals (x / 255 - 128 / 255) / (256 / 255), the training toolkit's form, to 1e-7
    x = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_allclose(API.norm(x), (x / 255 - 128 / 255) / (256 / 255), atol=1e-7)


# One pixel (10, 20, 30); expected values from the formulae, section 1.7.
NORMS = {
    "kneron": [10 / 256 - 0.5, 20 / 256 - 0.5, 30 / 256 - 0.5],
    "tf": [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1],
    "yolo": [10 / 255, 20 / 255, 30 / 255],
    "torch": [
        (10 / 255 - 0.485) / 0.229,
        (20 / 255 - 0.456) / 0.224,
        (30 / 255 - 0.406) / 0.225,
    ],
    "caffe": [30 - 103.939, 20 - 116.779, 10 - 123.68],
}


@pytest.mark.parametrize("kind", NORMS)
def test_norm_types(kind):
    pixel = np.array([[[10, 20, 30]]], np.uint8)
    np.testing.assert_allclose(API.norm(pixel, type=kind)[0, 0], NORMS[kind], atol=1e-12)


@pytest.mark.parametrize("kind", ["torch", "caffe"])
def test_norm_leaves_gray_images_of_colour_types(kind):
    image = np.zeros((2, 2), np.uint8)
    assert API.norm(image, type=kind) is image


def test_norm_specific_order():
    pixel = np.array([[[10, 20, 30]]], np.uint8)
    found = API.norm(pixel, scale=10, bias=1, mean=(1, 2, 3), std=(1, 2, 4))
    np.testing.assert_array_equal(found, [[[1, 0.5, 0.25]]])
    np.testing.assert_array_equal(API.norm(pixel, scale=0, bias=0), pixel)


NORM_REFUSED = {
    "zero std": (dict(std=(1, 0, 1)), "std must be non-zero"),
    "two means": (dict(mean=(1, 2)), r"mean must have one value or one per channel \(3\), got 2"),
    "type": (dict(type="imagenet"), "type must be one of specific, kneron"),
    "scale": (dict(scale="x"), "scale must be a finite number, got 'x'"),
    "text": (dict(image=np.array([["a"]])), "image must be of a real number type"),
}


@pytest.mark.parametrize(("change", "message"), NORM_REFUSED.values(), ids=NORM_REFUSED)
def test_norm_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        API.norm(**{"image": IMAGE, **change})


def test_norm_takes_planes_batches_and_a_fourth_channel():
    planes = API.norm(np.full((3, 2, 2), 128))
    np.testing.assert_array_equal(planes, np.zeros((3, 2, 2)))
    batch = API.norm(np.full((2, 4, 4, 3), 255, np.uint8), 255.0, 0, [0.5, 0.5, 0.5])
    np.testing.assert_array_equal(batch, np.full((2, 4, 4, 3), 0.5))
    four = API.norm(np.full((1, 1, 4), 128), 255.0, 0, [0.5, 0.5, 0.5])
    np.testing.assert_allclose(four, [[[0.00196, 0.00196, 0.00196, 0.50196]]], atol=1e-5)
    with pytest.raises(ValueError, match="mean must have one value or one per channel"):
        API.norm(np.full((1, 1, 3), 128), 255.0, 0, [0.5, 0.5])
