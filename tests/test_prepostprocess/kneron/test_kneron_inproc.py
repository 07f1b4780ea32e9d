"""The chips' input processors: tiles, seams, formats, normalisation, limits; the copied folder."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from prepostprocess.kneron_preprocessing import API
from prepostprocess.kneron_preprocessing.inproc_520 import normalise_520, split_axis
from prepostprocess.kneron_preprocessing.inproc_720 import apply_matrix

IMAGE = np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8)

# Worked by hand: (total, limit, padding before and after, mode, columns?) -> lengths
SPLITS = {
    "one tile": ((192, 511, (0, 0), 2, False), [192]),
    "even columns": ((512, 256, (0, 0), 0, True), [256, 256]),
    "even rows still get a last tile of 4": ((512, 256, (0, 0), 0, False), [256, 252, 4]),
    "stretching has none": ((512, 256, (0, 0), 2, False), [256, 256]),
    "remainder 44 below 50 + 4": ((300, 256, (49, 50), 0, False), [246, 54]),
    "its columns round up to 56": ((300, 256, (49, 50), 0, True), [244, 56]),
    "mode 1: full last tile": ((300, 256, (0, 50), 1, True), [44, 256]),
    "remainder 100 above 50 + 4": ((356, 256, (49, 50), 0, True), [256, 100]),
}


@pytest.mark.parametrize(("arguments", "expected"), SPLITS.values(), ids=SPLITS)
def test_split_axis(arguments, expected):
    *others, columns = arguments
    spans = split_axis(*others, columns=columns)
    assert [span.length for span in spans] == expected
    assert [span.start for span in spans] == np.cumsum([0, *expected[:-1]]).tolist()
    assert spans[0].pad_before == arguments[2][0]
    assert spans[-1].pad_after == arguments[2][1]


def test_one_tile_is_crop_resize_pad():
    found = API.inproc_520(IMAGE, npu_size=(64, 48), crop_box=(20, 10, 180, 110))
    scaled = API.resize(API.crop(IMAGE, (20, 10, 180, 110)), (64, 40), False, type="fixed_520")
    padded = API.pad_center(scaled, (64, 48), 0)
    expected = (padded.astype(int) - 128) % 256
    np.testing.assert_array_equal(found[..., :3][4:44], expected[4:44])
    assert (found[:4] == 128).all()
    assert (found[44:] == 128).all()
    assert not found[4:44, :, 3].any()


def test_seam_at_column_256():
    image = np.random.default_rng(1).integers(0, 256, (40, 640, 3), np.uint8)
    found = API.inproc_520(image, npu_size=(512, 32), pad_mode=2, norm="yolo")
    halves = [
        API.resize(image[:, x : x + 320], (256, 32), False, type="fixed_520") for x in (0, 320)
    ]
    np.testing.assert_array_equal(found[..., :3], np.concatenate(halves, axis=1))
    assert (found[..., :3] != API.resize(image, (512, 32), False, type="fixed_520")).any()


def test_pad_modes_and_width_rounding():
    found = API.inproc_520(IMAGE, npu_size=(100, 80), pad_mode=1)  # scaled to 100x60
    assert found.shape == (80, 112, 4)
    assert (found[60:, :100] == 128).all()
    assert (found[:, 100:] == 128).all()
    assert API.inproc_520(IMAGE, npu_size=(100, 80), round_w_to_16="no").shape == (80, 100, 4)
    assert API.inproc_520(IMAGE, npu_size=(100, 80), norm="yolo")[0, 0].tolist() == [0] * 4


# Section 1.7: y = (x - sub) mod 256, logical shift; the padding is shifted arithmetically.
NORMS = [
    ("kneron", 8, [128, 0, 127], 128),
    ("kneron", 6, [32, 0, 31], 224),
    ("yolo", 8, [0, 128, 255], 0),
    ("yolo", 7, [0, 64, 127], 0),
    ("tf", 7, [128, 0, 127], 128),
]


@pytest.mark.parametrize(("norm", "radix", "expected", "padding"), NORMS)
def test_normalise_520(norm, radix, expected, padding):
    found, value = normalise_520(np.array([0, 128, 255], np.uint8), norm, radix)
    assert found.tolist() == expected
    assert value == padding


@pytest.mark.parametrize("function", [API.inproc_520, API.inproc_720])
@pytest.mark.parametrize("fmt", ["rgb888", "rgba8888", "rgb565", "nir", "yuv422", "ycbcr444"])
def test_raw_files_equal_what_they_decode_to(function, fmt, tmp_path):
    path = tmp_path / "a.bin"
    API.dump_image(IMAGE, path, "bin", fmt)
    options = dict(npu_size=(64, 48), crop_box=(0, 0, 128, 96), norm="yolo")
    found = function(path, fmt, (200, 120), **options)
    decoded = API.load_bin(path, fmt, (200, 120))
    np.testing.assert_array_equal(found, function(decoded, **options))


@pytest.mark.parametrize("function", [API.inproc_520, API.inproc_720])
def test_gray_is_channel_0(function):
    found = function(IMAGE, npu_size=(64, 48), pad_mode=2, norm="yolo", gray=True)
    kind = "fixed_" + function.__name__[-3:]
    expected = API.resize(API.convert(IMAGE, "L"), (64, 48), False, type=kind)
    np.testing.assert_array_equal(found[..., 0], expected)
    assert not found[..., 1:].any()


def test_inproc_720():
    found = API.inproc_720(IMAGE, npu_size=(64, 48))  # scaled to 64x38
    scaled = API.resize(IMAGE, (64, 38), False, type="fixed_720")
    np.testing.assert_array_equal(found[5:43, :, :3], (scaled.astype(int) - 128) % 256)
    assert (found[:5] == 128).all()
    assert (found[43:] == 128).all()
    plain = API.inproc_720(IMAGE, npu_size=(64, 48), norm="yolo")
    np.testing.assert_array_equal(plain[5:43, :, :3], scaled)
    assert not API.inproc_720(IMAGE, npu_size=(64, 38), pad_mode=2, as_original=True).any()


def test_matrix_of_the_720():
    # floor((floor((512 * 3 + 1 * 5) / 2) + 130) / 128) = floor((770 + 130) / 128) = 7; then 128 off
    pixel = np.array([[[3, 5]]], np.uint8)
    matrix, vector = [[512, 1], [0, -256]], [130, 0]
    assert apply_matrix(pixel, matrix, vector, subtract_128=False).tolist() == [[[7, 0]]]
    found = apply_matrix(pixel, matrix, vector, subtract_128=True, add=1)
    assert found.tolist() == [[[(7 - 128 + 1) % 256, (-128 + 1) % 256]]]


@pytest.mark.parametrize("function", [API.inproc_520, API.inproc_720])
def test_no_size_returns_the_image(function):
    assert function(IMAGE) is IMAGE


REFUSED = {
    "padding": (dict(npu_size=(400, 40), pad_mode=1), "at most 127 pixels of padding .* got 333"),
    "ratio": (
        dict(image=np.zeros((4, 3000, 3), np.uint8), npu_size=(8, 8), pad_mode=2),
        "3000 to 8",
    ),
    "one row": (dict(npu_size=(8, 1), pad_mode=2), "npu_size must"),
    "zero": (dict(npu_size=(0, 8)), r"npu_size\[0\] must be a whole number in 1\.\.65535, got 0"),
    "mode": (dict(pad_mode=3), "pad_mode must be one of 0, 1, 2, got 3"),
    "norm": (dict(norm="torch"), "norm must be one of kneron, tf, yolo, got 'torch'"),
    "empty box": (dict(crop_box=(5, 5, 5, 9)), "crop_box must have x1 < x2"),
    "outside": (dict(crop_box=(200, 0, 240, 30)), "box must overlap the 200x120 image"),
    "gray array": (dict(image=IMAGE[..., 0]), "image must be"),
}


@pytest.mark.parametrize("function", [API.inproc_520, API.inproc_720])
@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_inproc_refuses(function, change, message):
    with pytest.raises(ValueError, match=message):
        function(**{"image": IMAGE, "npu_size": (64, 48), **change})


REFUSED_520 = {
    "tile rows": (
        dict(MAX_IMG_PREPROC_ROW_NUM=512),
        r"must be a whole number in 1\.\.511, got 512",
    ),
    "radix": (dict(radix=9), r"radix must be a whole number in 0\.\.8, got 9"),
    "tf radix": (dict(norm="tf"), r"radix must be a whole number in 0\.\.7, got 8"),
    "bits": (dict(bit_width=16), "bit_width must be 8, got 16"),
    "rotate": (dict(rotate=3), "rotate must be one of 0, 1, 2, got 3"),
    "last column": (
        dict(npu_size=(257, 40), pad_mode=2),
        r"every tile 2 columns besides padding, got tiles of \[256, 1\]",
    ),
    "no source": (
        dict(image=IMAGE[:, :1], npu_size=(8, 8), pad_mode=2),
        "every tile a source block, got 0x120",
    ),
}


@pytest.mark.parametrize(("change", "message"), REFUSED_520.values(), ids=REFUSED_520)
def test_inproc_520_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        API.inproc_520(**{"image": IMAGE, "npu_size": (64, 48), **change})


def test_inproc_720_is_one_pass():
    with pytest.raises(ValueError, match="passes of 2 to 511 columns besides the padding, got 512"):
        API.inproc_720(IMAGE, npu_size=(512, 300), pad_mode=2)
    with pytest.raises(ValueError, match="image must hold 48000 bytes for 200x120 rgb565"):
        API.inproc_720(__file__, raw_size=(200, 120), npu_size=(64, 48))
    with pytest.raises(ValueError, match=r"raw_size must be \(width, height\) for a raw file"):
        API.inproc_720(__file__, npu_size=(64, 48))


# --- the folder on its own ----------------------------------------------------------------------
NAMES = """load_image load_bin load_hex dump_image convert get_crop_range crop crop_center
crop_corner resize pad pad_center pad_corner norm inproc_520 inproc_720 bit_match cpr_to_crp
set_default_as_520 set_default_as_floating set_default_as_720""".split()

PROBE = """
import sys
sys.path.insert(0, sys.argv[1])
import kneron_preprocessing.API as API
missing = [name for name in sys.argv[2:] if not callable(getattr(API, name, None))]
assert not missing, missing
assert API.__file__.startswith(sys.argv[1]), API.__file__
import numpy as np
image = np.arange(3 * 40 * 60, dtype=np.uint8).reshape(40, 60, 3)
print(API.inproc_520(image, npu_size=(32, 32)).sum(), API.resize(image, (20, 20)).sum())
third = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(sorted(third - {"numpy", "cv2", "kneron_preprocessing", "__main__"}))
"""


def test_folder_works_when_copied_elsewhere(root, tmp_path):
    folder = root / "prepostprocess" / "kneron_preprocessing"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(folder, tmp_path / "kneron_preprocessing", ignore=ignored)
    command = [sys.executable, "-I", "-c", PROBE, str(tmp_path), *NAMES]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    image = np.arange(3 * 40 * 60, dtype=np.uint8).reshape(40, 60, 3)
    sums = API.inproc_520(image, npu_size=(32, 32)).sum(), API.resize(image, (20, 20)).sum()
    assert done.stdout.split("\n")[0] == f"{sums[0]} {sums[1]}"
    assert "PIL" not in done.stdout
    assert "torch" not in done.stdout


@pytest.mark.parametrize("chip", ["520", "720"])
@pytest.mark.parametrize("size", [(32, 32), (48, 32)])
def test_results_are_turned_by_a_quarter(chip, size):
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    run = {"520": API.inproc_520, "720": API.inproc_720}[chip]
    more = {"round_w_to_16": False} if chip == "520" else {}
    plain = run(image, npu_size=size, **more)
    clockwise = run(image, npu_size=size, rotate=1, **more)
    counter = run(image, npu_size=size, rotate=2, **more)
    np.testing.assert_array_equal(clockwise, np.rot90(plain, -1))
    np.testing.assert_array_equal(counter, np.rot90(plain, 1))


def test_a_tile_wholly_outside_the_image_is_zero():
    gray = np.arange(16, dtype=np.uint8).reshape(4, 4)
    image = np.repeat(gray[..., None], 3, axis=2)
    found = API.inproc_520(
        image,
        npu_size=(8, 4),
        crop_box=(-4, 0, 4, 4),
        pad_mode=2,
        norm="yolo",
        round_w_to_16=False,
        MAX_IMG_PREPROC_COL_NUM=4,
    )
    expected = np.hstack([np.zeros((4, 4), np.uint8), gray])
    np.testing.assert_array_equal(found[..., 0], expected)


@pytest.mark.parametrize("size", [(640, 352), (320, 256), (512, 512)])
def test_no_box_with_its_centre_inside_is_refused(size):
    image = np.zeros((480, 640, 3), np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(40):
        centre, half = rng.uniform(0, [640, 480]), rng.uniform(60, 300, 2)
        box = [*(centre - half), *(centre + half)]
        assert API.inproc_520(image, npu_size=size, crop_box=box, pad_mode=2).any()
    with pytest.raises(ValueError, match="crop_box must overlap the 640x480 image"):
        API.inproc_520(image, npu_size=size, crop_box=(700, 0, 800, 100), pad_mode=2)
