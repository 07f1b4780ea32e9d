"""The teacher's crop shows the region of the student's, which stays as it is."""

import numpy as np

from mmpose_replacement.teacher.view import KneronTeacherView
from mmpose_replacement.top_down_transform import KneronTopdownAffine


def sample() -> dict:
    rows, columns = np.mgrid[:240, :320]
    return {
        "img": np.stack([columns * 0.8, rows, columns * 0 + 90], axis=2).astype(np.uint8),
        "bbox_center": np.array([[150.0, 120.0]], np.float32),
        "bbox_scale": np.array([[90.0, 120.0]], np.float32),
        "bbox_rotation": np.array([20.0], np.float32),
        "keypoints": np.array([[[140.0, 100.0]]], np.float32),
    }


def test_both_crops_show_the_same_region():
    student = KneronTopdownAffine((48, 64), "float")
    alone = student.transform(sample())
    both = student.transform(KneronTeacherView((96, 128), "float").transform(sample()))
    for key in ("img", "bbox_center", "bbox_scale", "transformed_keypoints"):
        np.testing.assert_array_equal(both[key], alone[key])
    large = both["teacher_img"]
    assert large.shape == (128, 96, 3)
    # slopes are linear, so every second pixel of the large crop is a pixel of the small one
    gap = np.abs(large[::2, ::2].astype(int) - alone["img"].astype(int))
    assert gap.max() <= 1
