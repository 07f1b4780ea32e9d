"""Colours, raw layouts, files and dumps."""

import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from prepostprocess.kneron_preprocessing import API

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
# what a format keeps of an image is fixed by one trip; a second must not change it
FORMATS = ["rgb888", "rgba8888", "rgb565", "nir", "yuv444", "yuv422", "ycbcr444", "ycbcr422"]

# Device description, section 1.8.
GOLDEN = [
    ("yuv444", (100, 30, 226), (58, 111, 153)),
    ("yuv444", (200, 200, 40), (255, 191, 101)),
    ("ycbcr444", (81, 90, 240), (254, 0, 0)),
    ("ycbcr444", (145, 54, 34), (0, 255, 1)),
    ("ycbcr444", (41, 240, 110), (0, 0, 255)),
]


@pytest.mark.parametrize(("fmt", "pixel", "rgb"), GOLDEN)
def test_to_rgb__golden(fmt, pixel, rgb):
    found = API.convert(np.array([[pixel]], np.uint8), "RGB888", fmt)
    assert found.tolist() == [[list(rgb)]]


def signed_rounding(value):
    return np.clip(np.where(value >= 0, value + 512, value - 512) >> 10, 0, 255)


@pytest.mark.parametrize("y", range(0, 256, 5))
def test_every_chroma_to_rgb(y):
    u, v = np.meshgrid(np.arange(256), np.arange(256))
    image = np.stack([np.full_like(u, y), u, v], -1).astype(np.uint8)
    su, sv = np.where(u > 127, u - 256, u), np.where(v > 127, v - 256, v)
    rgb = [1024 * y + 1436 * sv, 1024 * y - 354 * su - 732 * sv, 1024 * y + 1814 * su]
    expected = np.stack([signed_rounding(plane) for plane in rgb], -1)
    np.testing.assert_array_equal(API.convert(image, "rgb", "yuv"), expected)
    luma, cb, cr = 1192 * (y - 16), u - 128, v - 128
    rgb = [luma + 1634 * cr, luma - 401 * cb - 833 * cr, luma + 2065 * cb]
    expected = np.stack([signed_rounding(plane) for plane in rgb], -1)
    np.testing.assert_array_equal(API.convert(image, "rgb", "ycbcr"), expected)


def cast(decimals):
    """Add 0.5, drop the 8 decimals towards 0, keep a byte."""
    decimals = decimals + 50_000_000
    return np.sign(decimals) * (np.abs(decimals) // 100_000_000) % 256


@pytest.mark.parametrize("r", range(0, 256, 5))
def test_every_green_and_blue_from_rgb(r):
    g, b = np.meshgrid(np.arange(256), np.arange(256))
    image = np.stack([np.full_like(g, r), g, b], -1).astype(np.uint8)
    yuv = [
        29899106 * r + 58654530 * g + 11446364 * b,
        -16877996 * r - 33110385 * g + 49988381 * b,
        49988381 * r - 41826072 * g - 8162309 * b,
    ]
    expected = np.stack([cast(plane) for plane in yuv], -1)
    np.testing.assert_array_equal(API.convert(image, "yuv", as_original=True), expected)
    expected = np.stack([(plane + 50_000_000) // 100_000_000 % 256 for plane in yuv], -1)
    np.testing.assert_array_equal(API.convert(image, "yuv"), expected)
    ycbcr = [
        16_00000000 + 25678824 * r + 50412941 * g + 9790588 * b,
        128_00000000 - 14822353 * r - 29099216 * g + 43921569 * b,
        128_00000000 + 43921569 * r - 36778824 * g - 7142745 * b,
    ]
    expected = np.stack([cast(plane) for plane in ycbcr], -1)
    np.testing.assert_array_equal(API.convert(image, "ycbcr"), expected)


def test_original_ycbcr_wraps_and_rounds_chroma_up():
    # 1.16438356 * 129 - 0.391762529 * -74 - 0.812968294 * -94 + 0.5 = 256.1 wraps to 0
    pixel = np.array([[[145, 54, 34]]], np.uint8)
    found = API.convert(pixel, source_fmt="ycbcr", as_original=True)
    assert found.tolist() == [[[0, 0, 1]]]
    # Cb of pure red: -37.80 + 0.5, truncated towards 0 before + 128: 91, not 90
    red = np.array([[[255, 0, 0]]], np.uint8)
    assert API.convert(red, "ycbcr")[0, 0].tolist() == [81, 90, 240]
    assert API.convert(red, "ycbcr", as_original=True)[0, 0].tolist() == [81, 91, 240]


def test_rgb565_keeps_the_high_bits():
    found = API.convert(np.array([[[255, 7, 8]]], np.uint8), "rgb565")
    assert found.tolist() == [[[31, 1, 1]]]
    assert API.convert(found, "rgb888", "rgb565").tolist() == [[[248, 4, 8]]]


def test_chroma_comes_from_even_and_odd_columns():
    whole, half = API.convert(IMAGE, "yuv444"), API.convert(IMAGE, "yuv422")
    np.testing.assert_array_equal(half[..., 0], whole[..., 0])
    np.testing.assert_array_equal(half[:, :, 1], np.repeat(whole[:, 0::2, 1], 2, axis=1))
    np.testing.assert_array_equal(half[:, :, 2], np.repeat(whole[:, 1::2, 2], 2, axis=1))


def test_gray_equals_pillow():
    pillow = pytest.importorskip("PIL.Image")
    expected = np.asarray(pillow.fromarray(IMAGE).convert("L"))
    np.testing.assert_array_equal(API.convert(IMAGE, "L"), expected)
    np.testing.assert_array_equal(API.convert(expected, "rgb", "nir")[..., 2], expected)


def test_rgba_appends_zero_and_drops():
    found = API.convert(IMAGE, "RGBA8888")
    np.testing.assert_array_equal(found, np.dstack([IMAGE, 0 * IMAGE[..., :1]]))
    np.testing.assert_array_equal(API.convert(found, "RGB888", "RGBA"), IMAGE)


def test_views_with_negative_strides():
    flipped = IMAGE[::-1, ::-1, ::-1]
    for fmt in FORMATS:
        np.testing.assert_array_equal(API.convert(flipped, fmt), API.convert(flipped.copy(), fmt))


@pytest.mark.parametrize("fmt", FORMATS)
def test_convert_leaves_its_input_alone(fmt):
    image = IMAGE.copy()
    found = API.convert(image, fmt)
    found[...] = 0
    np.testing.assert_array_equal(image, IMAGE)


CONVERT_REFUSED = {
    "format": (dict(out_fmt="bgr"), "out_fmt must be one of rgb888, .*got 'bgr'"),
    "source": (dict(source_fmt="rgba"), r"C = 4, got shape \(6, 8, 3\)"),
    "odd": (dict(image=IMAGE[:, :7], out_fmt="yuv422"), "even width for a 4:2:2 format, got 7"),
    "float": (dict(image=IMAGE / 2), "image must be uint8, got float64"),
    "gray": (dict(image=IMAGE[..., 0]), "image must be"),
}


@pytest.mark.parametrize(("change", "message"), CONVERT_REFUSED.values(), ids=CONVERT_REFUSED)
def test_convert_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        API.convert(**{"image": IMAGE, **change})


# --- files --------------------------------------------------------------------------------------
# One pair of pixels, worked from the layouts of section 1.8: red, then gray (16, 16, 16).
# YUV: Y .29899106 * 255 = 76.2, U -43.04 -> -43 = 213, V 127.47 -> 127; gray 16, 0, 0.
PAIR = np.array([[[255, 0, 0], [16, 16, 16]]], np.uint8)
BYTES = {
    "rgb888": [255, 0, 0, 16, 16, 16],
    "rgba8888": [255, 0, 0, 0, 16, 16, 16, 0],
    "rgb565": [0, 0xF8, 0x82, 0x10],
    "nir": [76, 16],
    "yuv444": [0, 127, 213, 76, 0, 0, 0, 16],
    "yuv422": [0, 16, 213, 76],
    "ycbcr444": [0, 240, 90, 81, 0, 128, 128, 30],
    "ycbcr422": [128, 30, 90, 81],
}


@pytest.mark.parametrize("fmt", FORMATS)
def test_bin_layout(fmt, tmp_path):
    API.dump_image(PAIR, tmp_path / "a.bin", "bin", fmt)
    assert list((tmp_path / "a.bin").read_bytes()) == BYTES[fmt]


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("file_fmt", ["bin", "hex"])
def test_dump_and_load(fmt, file_fmt, tmp_path):
    path = tmp_path / f"a.{file_fmt}"
    API.dump_image(IMAGE, path, file_fmt, fmt)
    load = API.load_bin if file_fmt == "bin" else API.load_hex
    np.testing.assert_array_equal(load(path, fmt.upper(), (8, 6)), API.simulate(IMAGE, fmt))


def test_hex_lines_run_from_right_to_left(tmp_path):
    image = np.arange(24, dtype=np.uint8).reshape(1, 6, 4)
    API.dump_image(image, tmp_path / "a.hex", "hex", "rgba8888")
    lines = (tmp_path / "a.hex").read_text().splitlines()
    assert lines[1:] == ["0f0e0d0c0b0a09080706050403020100", "00000000000000001716151413121110"]
    API.dump_image(image, tmp_path / "b.hex", "hex", "rgba8888", as_original=True)
    assert (tmp_path / "b.hex").read_text().splitlines() == lines[1:]


def test_txt_is_one_value_a_line(tmp_path):
    API.dump_image(PAIR, tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text().split() == [f"{v}.00000000" for v in BYTES["rgb888"]]
    API.dump_image(API.norm(PAIR), tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_text().split()[1] == "-0.50000000"


def test_gray_images_are_dumped(tmp_path):
    API.dump_image(IMAGE[..., 0], tmp_path / "a.bin", "bin", "nir")
    assert (tmp_path / "a.bin").read_bytes() == IMAGE[..., 0].tobytes()


def test_dump_without_output_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    API.dump_image(IMAGE)
    assert not list(tmp_path.iterdir())


def test_load_image(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), IMAGE[..., ::-1])
    np.testing.assert_array_equal(API.load_image(path), IMAGE)
    np.testing.assert_array_equal(API.load_image(str(path)), IMAGE)
    cv2.imwrite(str(path), IMAGE[..., 0])
    np.testing.assert_array_equal(API.load_image(path), np.repeat(IMAGE[..., :1], 3, axis=2))
    cv2.imwrite(str(path), np.dstack([IMAGE[..., ::-1], IMAGE[..., 0]]))  # with alpha
    np.testing.assert_array_equal(API.load_image(path), IMAGE)
    assert API.load_image(IMAGE) is IMAGE


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_load_image_refuses_half_a_file(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    big = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = cv2.imencode(suffix, big)[1].tobytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=f"a{suffix}: image must be a complete image file"):
        API.load_image(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="got 0 bytes"):
        API.load_image(path)
    with pytest.raises(FileNotFoundError, match="none.png: image must be an existing file"):
        API.load_image(tmp_path / "none.png")


def test_file_arguments_are_checked(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(97))
    with pytest.raises(ValueError, match="a.bin: image must hold 96 bytes for 8x6 rgb565, got 97"):
        API.load_bin(path, "rgb565", (8, 6))
    with pytest.raises(ValueError, match="size must have an even width for yuv422, got 7"):
        API.load_bin(path, "yuv422", (7, 6))
    with pytest.raises(ValueError, match=r"size must be \(width, height\), got None"):
        API.load_bin(path, "rgb565")
    with pytest.raises(ValueError, match="fmt must be one of rgb888, .*got None"):
        API.load_bin(path)
    with pytest.raises(FileNotFoundError, match="b.bin: image must be an existing file"):
        API.load_bin(tmp_path / "b.bin", "nir", (1, 1))
    with pytest.raises(FileNotFoundError, match="b.hex: file must be an existing file"):
        API.load_hex(tmp_path / "b.hex", "nir", (1, 1))
    with pytest.raises(ValueError, match="file_fmt must be one of bin, txt, hex, got 'png'"):
        API.dump_image(IMAGE, path, "png")
    with pytest.raises(ValueError, match="order must be 0, got 1"):
        API.dump_image(IMAGE, path, order=1)
    with pytest.raises(ValueError, match="image must be uint8, got float64"):
        API.dump_image(IMAGE / 2, path, "bin")


def test_hex_lines_are_checked(tmp_path):
    path = tmp_path / "a.hex"
    path.write_text("heading\n" + "00" * 16 + "\n" + "0g" * 16 + "\n")
    with pytest.raises(ValueError, match="a.hex: line 3 must be 32 hex digits, got '0g0g"):
        API.load_hex(path, "rgb565", (8, 2))
    path.write_text("heading\n" + "00" * 16 + "\n")
    with pytest.raises(ValueError, match="a heading and 2 lines for 8x2 rgb565, got 1 after"):
        API.load_hex(path, "rgb565", (8, 2))


# --- dumps compared -----------------------------------------------------------------------------
def test_bit_match():
    a, b = np.array([1, 2, 3, 4]), np.array([1, 1, 3, 9])
    same, positions = API.bit_match(a, a)
    assert same
    assert positions.tolist() == []
    same, positions = API.bit_match(a, b)
    assert not same
    assert positions.tolist() == [1, 3]
    assert API.bit_match(a, b, as_original=True)[1].tolist() == [3]  # misses what is smaller
    same, positions = API.bit_match(a, b[:2])
    assert not same
    assert positions.tolist() == [1, 2, 3]
    assert API.bit_match(a, b[:2], as_original=True) == (False, np.zeros(1))


def test_bit_match_of_files(tmp_path):
    API.dump_image(IMAGE, tmp_path / "a.bin", "bin")
    API.dump_image(IMAGE, tmp_path / "a.txt", "txt")
    assert API.bit_match(str(tmp_path / "a.bin"), tmp_path / "a.txt")[0]
    with pytest.raises(FileNotFoundError, match="b.bin: data2 must be an existing file"):
        API.bit_match(IMAGE, tmp_path / "b.bin")
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"a.png: data1 must be a \.bin or \.txt file"):
        API.bit_match(tmp_path / "a.png", IMAGE)
    with pytest.raises(ValueError, match="data1 must be an array or the path .* got list"):
        API.bit_match([1], IMAGE)


def test_cpr_to_crp():
    # crop 100x60 padded to 100x100 (left 0, right 0, above 20, below 20), resized to 50x50
    arguments = (0, 100, 0, 60, 0, 0, 20, 20, 0, 50, 0, 50)
    assert API.cpr_to_crp(*arguments) == (0, 100, 0, 60, 0, 0, 10, 10, 0, 50, 10, 40)
    # the original divides the lower padding by 60 + 10 + 20: round(20 * 50 / 90) = 11
    assert API.cpr_to_crp(*arguments, as_original=True)[6:8] == (10, 11)
    with pytest.raises(ValueError, match="pad_t must be at least 0, got -1"):
        API.cpr_to_crp(0, 100, 0, 60, 0, 0, -1, 20, 0, 50, 0, 50)
    with pytest.raises(ValueError, match="x_end must be above x_start = 100, got 0"):
        API.cpr_to_crp(100, 0, 0, 60, 0, 0, 1, 20, 0, 50, 0, 50)
    with pytest.raises(ValueError, match="rx_end and ry_end must leave pixels"):
        API.cpr_to_crp(0, 1, 0, 60, 99, 99, 1, 20, 0, 2, 0, 50)


def test_negative_chroma_is_rounded_and_the_original_truncates():
    pixel = np.array([[[0, 2, 0]]], np.uint8)  # U is -0.66, V -0.84
    assert API.convert(pixel, "yuv").tolist() == [[[1, 255, 255]]]
    assert API.convert(pixel, "yuv", as_original=True).tolist() == [[[1, 0, 0]]]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    shift = (API.simulate(noise, "yuv444").astype(int) - noise).mean(axis=(0, 1))
    assert np.abs(shift).max() < 0.3


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp"])
def test_alpha_is_dropped_and_never_multiplied(tmp_path, suffix):
    from prepostprocess.image import load_rgb

    pixel = np.full((8, 8, 4), (50, 100, 200, 128), np.uint8)  # BGRA
    flags = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []
    path = tmp_path / f"a{suffix}"
    path.write_bytes(cv2.imencode(suffix, pixel, flags)[1].tobytes())
    for load in (API.load_image, load_rgb):
        np.testing.assert_allclose(load(path)[4, 4], (200, 100, 50), atol=1)


FORMS = [
    "import kneron_preprocessing\nAPI = kneron_preprocessing.API",
    "import kneron_preprocessing.API\nAPI = kneron_preprocessing.API",
    "from kneron_preprocessing import API",
    "import kneron_preprocessing as ppp\nAPI = ppp.API",
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_import_where_the_folder_is_copied_to(tmp_path, form):
    source = Path(API.__file__).parent
    shutil.copytree(source, tmp_path / source.name)
    code = f"{form}\nAPI.set_default_as_520()\nprint(API.norm.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "kneron_preprocessing.norm\n"
