import pickle

import cv2
import numpy as np
import pytest

from mmpose_replacement import loading
from mmpose_replacement.loading import KneronLoadImage
from prepostprocess.image import simulate_camera


@pytest.fixture
def picture_rgb() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)


@pytest.fixture
def path(tmp_path, picture_rgb) -> str:
    cv2.imwrite(str(tmp_path / "a.png"), picture_rgb[..., ::-1])
    return str(tmp_path / "a.png")


def test_load__rgb_and_sizes_as_mmpose_names_them(path, picture_rgb):
    results = KneronLoadImage(preprocess="float")({"img_path": path})
    np.testing.assert_array_equal(results["img"], picture_rgb)
    assert results["img_shape"] == results["ori_shape"] == (30, 40)


@pytest.mark.parametrize("colour", ["rgb565", "yuv422"])
def test_load__loses_the_cameras_colour(path, picture_rgb, colour):
    results = KneronLoadImage(preprocess="kneron_520", colour=colour)({"img_path": path})
    np.testing.assert_array_equal(results["img"], simulate_camera(picture_rgb, colour))
    assert (results["img"] != picture_rgb).any()


def test_load__names_a_broken_file(tmp_path, path):
    with pytest.raises(FileNotFoundError, match=r"none\.png: image must be an existing file"):
        KneronLoadImage(preprocess="float")({"img_path": str(tmp_path / "none.png")})
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"a\.png: image must be complete"):
        KneronLoadImage(preprocess="float")({"img_path": path})


def test_load__refuses_unknown_words():
    with pytest.raises(ValueError, match="preprocess must be one of .*got 'kneron'"):
        KneronLoadImage(preprocess="kneron")
    with pytest.raises(ValueError, match="colour must be one of rgb565, yuv422, got 'nv12'"):
        KneronLoadImage(preprocess="float", colour="nv12")


def test_load__decodes_a_kept_image_once_and_lets_nobody_write_to_it(path, monkeypatch):
    load = KneronLoadImage(preprocess="float", kept_images=2)
    first = load({"img_path": path})["img"]
    monkeypatch.setattr(loading, "load_rgb", None)
    assert load({"img_path": path})["img"] is first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 0


@pytest.mark.parametrize(("kept_images", "most_bytes"), [(2, 10**6), (9, 2 * 3600)])
def test_load__keeps_the_latest_used(picture_rgb, monkeypatch, kept_images, most_bytes):
    """Room for two images; by hand: c takes the place of b, as a was used since."""
    names = []
    monkeypatch.setattr(loading, "MOST_KEPT_BYTES", most_bytes)
    monkeypatch.setattr(loading, "load_rgb", lambda path: names.append(path) or picture_rgb.copy())
    load = KneronLoadImage(preprocess="float", kept_images=kept_images)
    for name in "abacab":
        load({"img_path": name})
    assert names == list("abcb")


def test_load__takes_no_images_along_to_another_process(path):
    load = KneronLoadImage(preprocess="float")
    load({"img_path": path})
    assert len(pickle.dumps(load)) < 1000 < len(load({"img_path": path})["img"].tobytes())


@pytest.mark.parametrize("count", [0, 1.5, "all"])
def test_load__must_keep_the_image_in_use(count):
    with pytest.raises(ValueError, match=f"kept_images must be at least 1, got {count!r}"):
        KneronLoadImage(preprocess="float", kept_images=count)
