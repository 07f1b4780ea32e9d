"""Exchanged left and right is told, and real labels raise no false alarm."""

from dataclasses import replace

import numpy as np
import pytest

from utils.doctor.sides import check_sides, side_pairs

EXCHANGED = {  # words of the left names
    "hips": ("hip",),
    "wrists": ("wrist",),
    "arms": ("shoulder", "elbow", "wrist"),
    "legs": ("hip", "knee", "ankle"),
    "limbs": ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"),
    "all": ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"),
}


def exchange(poses, words):
    points = poses.points.copy()
    for left, right in side_pairs(poses.names):
        if poses.names[left].removeprefix("left_") in words:
            points[:, [left, right]] = points[:, [right, left]]
    return replace(poses, points=points)


def test_real_labels_are_right(real_poses):
    assert not check_sides(real_poses, "a.json")


@pytest.mark.parametrize("words", EXCHANGED.values(), ids=EXCHANGED)
def test_exchanged_names_are_told(real_poses, words):
    (fault,) = check_sides(exchange(real_poses, words), "a.json")
    is_labelled = dict(zip(real_poses.names, (real_poses.points[..., 2] > 0).any(0), strict=True))
    told = [f"'left_{word}' and 'right_{word}'" for word in words if is_labelled[f"left_{word}"]]
    assert fault.level == "warning"
    assert fault.count == len(told)
    assert all(words in line for words, line in zip(told, fault.examples, strict=False))


def test_small_samples_raise_no_false_alarm(real_poses):
    rng = np.random.default_rng(1)
    for size in (20, 40, 80, 150):
        for _ in range(25):
            rows = rng.choice(len(real_poses.ids), size, replace=False)
            some = replace(
                real_poses,
                ids=tuple(rows.tolist()),
                points=real_poses.points[rows],
                boxes_xywh=real_poses.boxes_xywh[rows],
            )
            assert not check_sides(some, "a.json")


def test_keypoints_without_sides(real_poses):
    names = tuple(f"tip_{k}" for k in range(len(real_poses.names)))
    assert not check_sides(replace(real_poses, names=names), "a.json")
    assert not check_sides(replace(real_poses, names=()), "a.json")
