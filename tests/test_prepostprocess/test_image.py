import os
import struct
import zlib

import cv2
import numpy as np
import pytest

import prepostprocess.image as image_module
from prepostprocess.image import check_rgb, load_rgb, simulate_camera


def encode(image_bgr: np.ndarray, extension: str) -> bytes:
    return cv2.imencode(extension, image_bgr)[1].tobytes()


@pytest.fixture
def picture_bgr() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    return cv2.GaussianBlur(noise, (5, 5), 0)


@pytest.mark.parametrize("extension", [".png", ".bmp", ".jpg"])
def test_load_rgb__gives_the_decoded_pixels_as_rgb(tmp_path, picture_bgr, extension):
    data = encode(picture_bgr, extension)
    (tmp_path / "a").write_bytes(data)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(load_rgb(tmp_path / "a"), expected)


@pytest.mark.parametrize(
    "image",
    [
        np.full((4, 6), 7, np.uint8),
        np.full((4, 6, 4), 7, np.uint8),
        np.full((4, 6, 3), 7 * 257, np.uint16),
    ],
    ids=["grey", "alpha", "16 bit"],
)
def test_load_rgb__always_three_channels_of_8_bits(tmp_path, image):
    (tmp_path / "a.png").write_bytes(encode(image, ".png"))
    loaded = load_rgb(tmp_path / "a.png")
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, np.full((4, 6, 3), 7))


def test_load_rgb__turns_upright_by_exif(tmp_path, picture_bgr):
    data = encode(picture_bgr, ".jpg")
    # One TIFF entry: tag 0x0112 (orientation), type 3 (short), count 1, value 6 (turn clockwise).
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    exif = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    (tmp_path / "plain.jpg").write_bytes(data)
    (tmp_path / "turned.jpg").write_bytes(data[:2] + exif + data[2:])
    expected = np.rot90(load_rgb(tmp_path / "plain.jpg"), -1)
    np.testing.assert_array_equal(load_rgb(tmp_path / "turned.jpg"), expected)


@pytest.mark.parametrize("extension", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.3, 0.8, 0.99])
def test_load_rgb__refuses_truncated_files(tmp_path, picture_bgr, extension, share):
    data = encode(picture_bgr, extension)
    (tmp_path / "cut").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=r"cut: image must be complete, got \d+ bytes.*again"):
        load_rgb(tmp_path / "cut")


def test_load_rgb__a_thumbnails_end_is_not_the_pictures(tmp_path, picture_bgr):
    data = encode(picture_bgr, ".jpg")
    thumbnail = encode(picture_bgr[:8, :8], ".jpg")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    (tmp_path / "whole").write_bytes(data[:2] + segment + data[2:] + b"camera notes")
    (tmp_path / "cut").write_bytes(data[:2] + segment + data[2:-40])
    assert load_rgb(tmp_path / "whole").shape == (40, 60, 3)
    with pytest.raises(ValueError, match="image must be complete"):
        load_rgb(tmp_path / "cut")


@pytest.mark.parametrize("side", [17000, 60000])
def test_load_rgb__refuses_more_pixels_than_it_says_before_they_are_decoded(tmp_path, side):
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    with pytest.raises(ValueError, match=rf"huge\.png: .*at most 268435456 pixels, got {side}x"):
        load_rgb(tmp_path / "huge.png")


def test_load_rgb__does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match=r"a\.png: image must be an existing file"):
        load_rgb(tmp_path / "a.png")


def test_load_rgb__says_what_is_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.jpg: image must be an existing file"):
        load_rgb(tmp_path / "none.jpg")
    for name, data in (("empty.jpg", b""), ("text.jpg", b"not a picture")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(
            ValueError, match=rf"{name}: image must be a format that OpenCV decodes"
        ):
            load_rgb(tmp_path / name)


@pytest.mark.parametrize(
    ("image", "got"),
    [
        (np.zeros((4, 4, 3), np.float32), r"float32 \(4, 4, 3\)"),
        (np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"uint8 \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"uint8 \(0, 4, 3\)"),
        ([[0]], "list"),
    ],
)
def test_check_image__names_what_it_got(image, got):
    with pytest.raises(ValueError, match=rf"picture must be a non-empty uint8 .* got {got}"):
        check_rgb(image, "picture")


def test_simulate_camera__rgb565_drops_the_low_bits(picture_bgr):
    expected = picture_bgr & np.array([0xF8, 0xFC, 0xF8], np.uint8)
    np.testing.assert_array_equal(simulate_camera(picture_bgr, "rgb565"), expected)


@pytest.mark.parametrize("width", [1, 5, 6])
def test_simulate_camera__yuv422_keeps_any_width(width):
    grey = np.tile(np.arange(width, dtype=np.uint8)[None, :, None] * 20, (2, 1, 3))
    # Grey has no chroma to lose; the fixed-point matrices are off by one at most.
    result = simulate_camera(grey, "yuv422")
    assert result.shape == grey.shape
    assert np.abs(result.astype(int) - grey).max() <= 1


def test_simulate_camera__refuses_other_formats():
    with pytest.raises(ValueError, match="colour must be one of rgb565, yuv422, got 'yuv444'"):
        simulate_camera(np.zeros((2, 2, 3), np.uint8), "yuv444")


@pytest.mark.parametrize(("most", "warns"), [(4095, True), (65535, False)])
def test_twelve_bits_in_a_file_of_sixteen_are_told_once(tmp_path, caplog, monkeypatch, most, warns):
    monkeypatch.setattr(image_module, "_dark_images", set())
    path = tmp_path / f"{most}.png"
    pixels = np.linspace(0, most, 4 * 6 * 3).reshape(4, 6, 3).astype(np.uint16)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    for _ in range(2):
        load_rgb(path)
    assert ["must use their range" in text for text in caplog.messages] == [True] * warns
