import cv2
import numpy as np
import pytest

from prepostprocess.kneron_preprocessing import API
from prepostprocess.yolov5 import (
    Letterbox,
    boxes_to_image,
    decode_grids,
    decode_rows,
    letterbox_kneron,
    letterbox_ultralytics,
    make_grid,
    select_boxes,
)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 100, 3), np.uint8)


def test_letterbox_ultralytics__grey_on_both_sides(image):
    fitted = letterbox_ultralytics(image, (64, 64))
    # 100x48 by 0.64 is 64x30.72, so 31 rows; 33 are left: 16 above, 17 below.
    assert fitted.gain == 0.64
    assert fitted.offset_xy == (0, 16)
    assert fitted.tensor.shape == (1, 3, 64, 64)
    assert fitted.tensor.dtype == np.float32
    np.testing.assert_array_equal(fitted.tensor[0, :, :16], np.float32(114) / np.float32(255))
    np.testing.assert_array_equal(fitted.tensor[0, :, 47:], np.float32(114) / np.float32(255))
    expected = cv2.resize(image, (64, 31)).astype(np.float32) / 255
    np.testing.assert_array_equal(fitted.tensor[0, :, 16:47], np.moveaxis(expected, -1, 0))


@pytest.mark.parametrize("chip", ["520", "720"])
def test_letterbox_kneron__black_right_and_below(image, chip):
    fitted = letterbox_kneron(image, (64, 64), f"kneron_{chip}")
    assert fitted.offset_xy == (0, 0)
    np.testing.assert_array_equal(fitted.tensor[0, :, 31:], -0.5)
    resized = API.resize(image, (64, 31), keep_ratio=False, type=f"fixed_{chip}")
    expected = np.moveaxis(API.norm(resized), -1, 0)
    np.testing.assert_array_equal(fitted.tensor[0, :, :31], expected)


@pytest.mark.parametrize("fit", [letterbox_ultralytics, letterbox_kneron])
def test_letterbox__an_image_that_fits_is_not_resized(fit):
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    more = ("kneron_520",) if fit is letterbox_kneron else ()
    tensor = fit(image, (64, 64), *more).tensor[0]
    back = tensor * 255 if not more else (tensor + 0.5) * 256
    np.testing.assert_array_equal(np.rint(np.moveaxis(back, 0, -1)).astype(np.uint8), image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (3, 20000)])
def test_letterbox__any_size(shape):
    image = np.full((*shape, 3), 200, np.uint8)
    for fitted in (
        letterbox_ultralytics(image, (64, 32)),
        letterbox_kneron(image, (64, 32), "kneron_520"),
    ):
        assert fitted.tensor.shape == (1, 3, 32, 64)
        assert np.isfinite(fitted.tensor).all()


def grids(input_wh=(64, 32)):
    return [make_grid(input_wh[0] // s, input_wh[1] // s) for s in (8, 16, 32)]


def test_decode_grids__golden():
    outputs = [np.zeros((1, 3 * 7, 32 // s, 64 // s), np.float32) for s in (8, 16, 32)]
    # Stride 16, second anchor (62, 45), row 1, column 2; both class scores, the second is wanted.
    outputs[1][0, 7:14, 1, 2] = [0.5, 0.25, 0.5, 1.0, 0.8, 0.1, 0.5]
    boxes, scores = decode_grids(outputs, grids(), 1, 0.3)
    # Centre ((1 - 0.5 + 2) * 16, (0.5 - 0.5 + 1) * 16); size 1 * 62, 4 * 45.
    np.testing.assert_allclose(boxes, [[40 - 31, 16 - 90, 40 + 31, 16 + 90]])
    np.testing.assert_allclose(scores, [0.4], rtol=1e-6)
    assert decode_grids(outputs, grids(), 0, 0.3)[0].shape == (0, 4)  # 0.8 * 0.1


def test_decode_rows__golden():
    rows = np.array([[[10, 20, 4, 6, 0.9, 0.5], [1, 1, 1, 1, 0.2, 1], [5, 5, 1, 1, 0.9, 0.1]]])
    boxes, scores = decode_rows(rows.astype(np.float32), 0, 0.25)
    np.testing.assert_array_equal(boxes, [[8, 17, 12, 23]])
    np.testing.assert_allclose(scores, [0.45], rtol=1e-6)


def test_select_boxes__only_the_best_enter():
    boxes = np.arange(10, dtype=np.float32)[:, None] * 20 + np.float32([0, 0, 10, 10])
    scores = np.linspace(0.1, 1, 10, dtype=np.float32)
    kept, kept_scores = select_boxes(boxes, scores, 0.5, 3)
    np.testing.assert_array_equal(kept, boxes[[9, 8, 7]])
    np.testing.assert_array_equal(kept_scores, scores[[9, 8, 7]])


def test_boxes_to_image__inverts_the_fit_and_stays_inside():
    fitted = Letterbox(np.zeros(0), 0.5, (0, 10))
    boxes = np.array([[10, 20, 30, 40], [-5, -5, 500, 500]], np.float32)
    np.testing.assert_array_equal(
        boxes_to_image(boxes, fitted, (100, 80)), [[20, 20, 60, 60], [0, 0, 100, 80]]
    )
