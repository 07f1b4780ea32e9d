import numpy as np
import pytest

from prepostprocess.crop.box import box_to_center_scale, fix_aspect, xywh_to_xyxy

INPUT_WH = (192, 256)
# Worked by hand: aspect 0.75; the side that is too short grows; then 1.25 times.
GOLDEN = {
    "too wide": ((0, 0, 100, 100), (50, 50), (125, 500 / 3)),
    "too high": ((10, 20, 30, 80), (25, 60), (75, 100)),
    "just right": ((-30, 5, 150, 200), (45, 105), (187.5, 250)),
}


@pytest.mark.parametrize(("box", "center", "scale"), GOLDEN.values(), ids=GOLDEN)
def test_box_to_center_scale__golden(box, center, scale):
    found_center, found_scale = box_to_center_scale(box, INPUT_WH)
    np.testing.assert_array_equal(found_center, center)
    np.testing.assert_allclose(found_scale, scale, rtol=1e-7)  # float32
    assert found_center.dtype == found_scale.dtype == np.float32


def test_box_to_center_scale__many_boxes_at_once():
    boxes = np.array([row[0] for row in GOLDEN.values()])
    centers, scales = box_to_center_scale(boxes, INPUT_WH)
    for box, center, scale in zip(boxes, centers, scales, strict=True):
        one = box_to_center_scale(box, INPUT_WH)
        np.testing.assert_array_equal([center, scale], one)


def test_fix_aspect__has_the_bits_of_mmpose():
    from mmpose.datasets.transforms import TopdownAffine

    scales = np.random.default_rng(0).uniform(1, 900, (1000, 2)).astype(np.float32)
    expected = TopdownAffine._fix_aspect_ratio(scales, 192 / 256)
    np.testing.assert_array_equal(fix_aspect(scales, INPUT_WH), expected)


def test_xywh_to_xyxy__rounds_once():
    # In float32 0.1 + 0.2 would be rounded thrice.
    np.testing.assert_array_equal(
        xywh_to_xyxy([0.1, 0.2, 0.2, 0.1]), np.array([0.1, 0.2, 0.1 + 0.2, 0.2 + 0.1], np.float32)
    )


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (0, 0, 5, -1), (0, 0, np.nan, 5), (0, 0, np.inf, 5)])
def test_box_to_center_scale__refuses_boxes_without_area(box):
    with pytest.raises(ValueError, match="box_xywh must be finite with width and height above 0"):
        box_to_center_scale(box, INPUT_WH)


def test_xywh_to_xyxy__refuses_other_shapes():
    with pytest.raises(ValueError, match=r"box_xywh must have shape \(\.\.\., 4\), got \(5,\)"):
        xywh_to_xyxy([1, 2, 3, 4, 0.9])
