"""People of a few pixels are told, by the network's input."""

from dataclasses import replace

import numpy as np

from utils.doctor.small_people import check_small_people


def test_a_person_of_few_pixels(real_poses):
    boxes = real_poses.boxes_xywh.copy()
    boxes[:, 2:] = 100
    many = replace(real_poses, boxes_xywh=boxes)
    assert not check_small_people(many, (192, 256), "a.json")
    boxes[3, 2:] = 20  # x 1.25 = 25 of 192 pixels: a pixel fills 7.7 of the input's, 1.9 cells
    assert not check_small_people(many, (192, 256), "a.json")
    (fault,) = check_small_people(many, (384, 512), "a.json")
    assert (fault.level, fault.kind, fault.count) == ("note", "small", 1)
    assert f"annotation {real_poses.ids[3]} is 20x20" in fault.line
    boxes[:, 2:] = 10
    (fault,) = check_small_people(many, None, "a.json")
    assert fault.level == "warning"
    assert "100.0 % of the people" in fault.line


def test_joints_in_one_cell(real_poses):
    rows = np.flatnonzero((real_poses.points[..., 2] > 0).sum(axis=1) > 2)[:1]
    points = real_poses.points.copy()
    points[rows, :, :2] = real_poses.boxes_xywh[rows, :2]
    (fault,) = check_small_people(replace(real_poses, points=points), (192, 256), "a.json")
    assert (fault.kind, fault.count) == ("joints-together", 1)
