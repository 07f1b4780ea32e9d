"""The chips' resize: golden vectors of the device description, kernels, size rules, refusals."""

import cv2
import numpy as np
import pytest

from prepostprocess.kneron_preprocessing import API

RAMP = np.arange(0, 200, 20, dtype=np.uint8)  # 10 samples
FOUR = np.array([0, 100, 200, 250], np.uint8)
HUNDRED = np.arange(101, dtype=np.uint8)

# Worked from the rule in the device description, section 1.5.
ROWS = {  # name: (type, column of samples, rows wanted, expected)
    "520 shrinks exactly: special case 2": ("fixed_520", RAMP, 4, [0, 59, 119, 179]),
    "520 enlarges": (
        "fixed_520",
        FOUR,
        10,
        [0, 33, 66, 99, 133, 166, 199, 216, 233, 249],
    ),
    "520 halves: ratio 8191": ("fixed_520", HUNDRED, 51, [0, *range(1, 101, 2)]),
    # ratio 12288 hits rows 3, 6, 9; special case 1 reads one further; past the end: row 9.
    "720 shrinks exactly: special case 1": ("fixed_720", RAMP, 4, [0, 80, 140, 180]),
    "720 halves: last row repeats": ("fixed_720", HUNDRED, 51, [0, *range(3, 101, 2), 100]),
    "fixed hits rows": ("fixed", RAMP, 4, [0, 60, 120, 180]),
}


def stretch(image, width, height, kind, **options):
    return API.resize(image, (width, height), keep_ratio=False, type=kind, **options)


@pytest.mark.parametrize(("kind", "samples", "count", "expected"), ROWS.values(), ids=ROWS)
def test_rows__golden(kind, samples, count, expected):
    image = np.repeat(samples[:, None], 5, axis=1)
    found = stretch(image, 5, count, kind)
    np.testing.assert_array_equal(found, np.repeat(np.array(expected)[:, None], 5, axis=1))


@pytest.mark.parametrize("kind", ["fixed", "fixed_520", "fixed_720"])
@pytest.mark.parametrize(
    ("samples", "count", "expected"),
    [
        (RAMP, 4, [0, 60, 120, 180]),
        (FOUR, 10, [0, 33, 66, 99, 133, 166, 199, 216, 233, 249]),
        (HUNDRED, 51, list(range(0, 101, 2))),
    ],
)
def test_columns_have_no_special_case(kind, samples, count, expected):
    found = stretch(np.repeat(samples[None], 4, axis=0), count, 4, kind)
    np.testing.assert_array_equal(found, np.repeat(np.array([expected]), 4, axis=0))


def test_fixed_original_blanks_exact_rows():
    image = np.repeat(RAMP[:, None], 5, axis=1) + np.uint8(1)
    found = stretch(image, 5, 4, "fixed", as_original=True)
    np.testing.assert_array_equal(found[:, 0], [1, 0, 0, 0])


@pytest.mark.parametrize("kind", ["bilinear", "bicubic", "cv2", "fixed", "fixed_520", "fixed_720"])
@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 1), (7, 9, 3), (7, 9, 4)])
def test_same_size_is_identity(kind, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.testing.assert_array_equal(stretch(image, 9, 7, kind), image)


def test_both_passes_truncate():
    # 3 -> 4: positions 0, 2730, 5460, 8190 of 8192; unrounded, (3, 3) would be 4 - 4 / 4096
    image = np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4]], np.uint8)
    expected = [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 2, 2], [1, 1, 2, 2]]
    np.testing.assert_array_equal(stretch(image, 4, 4, "fixed"), expected)


@pytest.mark.parametrize("kind", ["fixed", "fixed_520", "fixed_720"])
def test_one_row_or_column_is_repeated(kind):
    np.testing.assert_array_equal(stretch(np.full((1, 1), 9, np.uint8), 3, 2, kind), [[9] * 3] * 2)


def test_cv2_keeps_the_dtype_and_the_channel_axis():
    image = np.random.default_rng(0).random((20, 30, 1))
    found = stretch(image, 12, 11, "cv2")
    assert found.shape == (11, 12, 1)
    np.testing.assert_array_equal(found[..., 0], cv2.resize(image, (12, 11)))


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
@pytest.mark.parametrize("target", [(7, 5), (640, 3), (13, 40), (1, 1), (37, 29), (36, 30)])
def test_antialiased_equals_pillow(kind, target):
    pillow = pytest.importorskip("PIL.Image")
    image = np.random.default_rng(1).integers(0, 256, (29, 37, 3), np.uint8)
    method = getattr(pillow, kind.upper())
    # two calls: Pillow up to 12 resizes x first always, from 13 on y first where that is faster
    expected = pillow.fromarray(image).resize((target[0], 29), method).resize(target, method)
    np.testing.assert_array_equal(stretch(image, *target, kind), np.asarray(expected))


# (source w, h), (target w, h), CSim rule?, expected
SIZES = {
    "landscape": ((640, 480), (256, 192), False, (256, 192)),
    "height rounds half to even": ((100, 25), (50, 50), False, (50, 12)),  # 12.5 -> 12
    "CSim rounds halves up": ((100, 25), (50, 50), True, (50, 13)),
    "width is free": ((100, 300), (192, 256), True, (85, 256)),  # 85.33
    "portrait": ((54, 56), (56, 56), False, (54, 56)),
}


@pytest.mark.parametrize(("source", "target", "csim", "expected"), SIZES.values(), ids=SIZES)
def test_kept_ratio(source, target, csim, expected):
    info = {}
    image = np.zeros((source[1], source[0], 3), np.uint8)
    found = API.resize(image, target, type="fixed", calculate_ratio_using_CSim=csim, info_out=info)
    assert found.shape[1::-1] == expected
    assert info["size"] == expected


def test_zoom_off_leaves_small_images_alone():
    image, info = np.zeros((10, 20), np.uint8), {}
    assert API.resize(image, (21, 5), keep_ratio="no", zoom="no", info_out=info) is image
    assert info["size"] == (20, 10)


def test_no_size_returns_the_image():
    image = np.zeros((10, 20), np.uint8)
    assert API.resize(image) is image


REFUSED = {
    "float": (dict(image=np.zeros((4, 4))), "image must be uint8, got float64"),
    "rank": (dict(image=np.zeros(4, np.uint8)), r"image must be \(H, W\) or .*got shape \(4,\)"),
    "channels": (dict(image=np.zeros((4, 4, 2), np.uint8)), r"C = 1 or 3 or 4, got shape"),
    "empty": (dict(image=np.zeros((0, 4), np.uint8)), "image must be non-empty"),
    "list": (dict(image=[[1]]), "image must be a NumPy array, got list"),
    "zero": (dict(size=(0, 4)), r"size\[0\] must be a whole number in 1\.\.65535, got 0"),
    "negative": (dict(size=(4, -4)), r"size\[1\] must be a whole number in 1\.\.65535, got -4"),
    "not a pair": (dict(size=4), r"size must be \(width, height\), got 4"),
    "fraction": (dict(size=(4.5, 4)), r"size\[0\] must be a whole number in 1\.\.65535, got 4.5"),
    "one column": (dict(size=(1, 4)), "size must give at least 2x2 pixels for type 'fixed'"),
    "type": (dict(type="area"), "type must be one of bilinear, .*got 'area'"),
    "flag": (dict(keep_ratio="maybe"), "keep_ratio must be a bool or yes/no"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_resize_refuses(change, message):
    good = dict(image=np.zeros((4, 4, 3), np.uint8), size=(3, 3), keep_ratio=False, type="fixed")
    with pytest.raises(ValueError, match=message):
        API.resize(**{**good, **change})


def test_ratio_vanishing_is_refused():
    with pytest.raises(ValueError, match="size must give at least 1x1 pixels"):
        API.resize(np.zeros((1, 900), np.uint8), (10, 10), type="bilinear")
