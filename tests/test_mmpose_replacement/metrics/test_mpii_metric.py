"""PCKh of MPII: from perfect predictions to files of another kind."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from scipy.io import savemat

from mmpose_replacement.data.datasets import KneronMpiiDataset
from mmpose_replacement.metrics.mpii_metric import KneronPCKhMetric

ROOT = Path(__file__).resolve().parents[3]


def write(path, content):
    path.write_text(json.dumps(content))
    return str(path)


def evaluate(metric, predictions, meta=None):
    predictions = list(predictions)
    metric.dataset_meta = meta
    metric.process(None, predictions)
    return metric.evaluate(size=len(predictions))


def mat_file(path, joints_1based, missing=None):
    """A file of mpii_gt_val.mat's form; head boxes of 3 x 4, so head size 0.6 * 5 = 3 pixels."""
    joints = np.asarray(joints_1based, np.float64)
    boxes = np.zeros((2, 2, len(joints)))
    boxes[1] = [[3], [4]]
    missing = np.zeros((16, len(joints))) if missing is None else missing
    content = {"pos_gt_src": joints.transpose(1, 2, 0), "jnt_missing": missing}
    savemat(path, content | {"headboxes_src": boxes})
    return str(path)


def mpii_samples(joints_0based):
    return [
        {"id": index, "pred_instances": {"keypoints": joints[None].astype(np.float32)}}
        for index, joints in enumerate(np.asarray(joints_0based))
    ]


@pytest.fixture
def mpii_joints():
    """Two people, 1-based whole pixels as in MPII's files."""
    return np.random.default_rng(2).integers(1, 100, (2, 16, 2)).astype(np.float64)


def test_pckh_of_a_perfect_prediction_is_100(tmp_path, mpii_joints):
    """The whole way: the data set's joints, predicted exactly, against a .mat of these people."""

    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((100, 100, 3), np.uint8))
    person = {"image": "1.png", "center": [50, 50], "scale": 0.4, "joints_vis": [1] * 16}
    people = [person | {"joints": joints.tolist()} for joints in mpii_joints]
    data = KneronMpiiDataset(
        ann_file=write(tmp_path / "mpii.json", people),
        data_prefix={"img": str(tmp_path)},
        metainfo=Config.fromfile(ROOT / "configs/_base_/datasets/mpii.py").dataset_info,
        test_mode=True,
    )
    metric = KneronPCKhMetric(mat_file(tmp_path / "gt.mat", mpii_joints))
    figures = evaluate(
        metric, mpii_samples([data.get_data_info(i)["keypoints"][0] for i in range(2)])
    )
    assert set(figures.values()) == {100.0}
    assert set(figures) == {
        f"mpii/{name}" for name in "Head Shoulder Elbow Wrist Hip Knee Ankle PCKh PCKh@0.1".split()
    }


def test_pckh_counts_a_joint_at_the_threshold_and_not_beyond(tmp_path, mpii_joints):
    gt_file = mat_file(tmp_path / "gt.mat", mpii_joints)
    for shift, expected in ((1.5, 100.0), (1.5001, 0.0)):  # half the head size of 3 pixels
        predicted = mpii_joints - 1 + [shift, 0]
        figures = evaluate(KneronPCKhMetric(gt_file), mpii_samples(predicted))
        assert figures["mpii/PCKh"] == expected
        assert figures["mpii/PCKh@0.1"] == 0.0


def test_pckh_worked_by_hand(tmp_path, mpii_joints):
    missing = np.zeros((16, 2))
    missing[9, 1] = 1  # second person's head top
    predicted = mpii_joints - 1
    predicted[0, 10] += 50  # right wrist of the first person
    predicted[:, 6] += 50  # pelvis: not counted
    predicted[1, 9] += 50  # not labelled
    metric = KneronPCKhMetric(mat_file(tmp_path / "gt.mat", mpii_joints, missing))
    figures = evaluate(metric, mpii_samples(predicted))
    assert next(iter(figures)) == "mpii/PCKh"  # a page and a summary show the first one
    assert figures["mpii/Wrist"] == 75.0  # right 1 of 2, left 2 of 2
    assert figures["mpii/Head"] == 100.0  # 1 of 1
    assert figures["mpii/PCKh"] == pytest.approx(100 * 26 / 27)  # 2 * 14 joints, one not labelled


def test_pckh_leaves_out_joints_that_nobody_has(tmp_path, mpii_joints):
    missing = np.zeros((16, 2))
    missing[[0, 5]] = 1
    metric = KneronPCKhMetric(mat_file(tmp_path / "gt.mat", mpii_joints, missing))
    assert "mpii/Ankle" not in evaluate(metric, mpii_samples(mpii_joints - 1))


def test_pckh_people_beyond_the_file_are_refused(tmp_path, mpii_joints):
    metric = KneronPCKhMetric(mat_file(tmp_path / "gt.mat", mpii_joints[:1]))
    with pytest.raises(
        ValueError, match=r"gt\.mat: .* got 1 people for 2 predictions\. Evaluate on"
    ):
        evaluate(metric, mpii_samples(mpii_joints))


def test_pckh_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gt\.mat: it must be MPII's file of head boxes"):
        KneronPCKhMetric(str(tmp_path / "gt.mat"))
    (tmp_path / "gt.mat").write_text("not MATLAB's")
    with pytest.raises(ValueError, match=r"gt\.mat: it must be a MATLAB file with pos_gt_src"):
        KneronPCKhMetric(str(tmp_path / "gt.mat"))
    savemat(tmp_path / "gt.mat", {"pos_gt_src": np.zeros((16, 2, 1))})
    with pytest.raises(ValueError, match=r"gt\.mat: it must be .*, got KeyError: 'jnt_missing'"):
        KneronPCKhMetric(str(tmp_path / "gt.mat"))
    mat_file(tmp_path / "gt.mat", np.zeros((2, 14, 2)))
    with pytest.raises(ValueError, match=r"must have shapes \(16, 2, N\), .* got \(14, 2, 2\)"):
        KneronPCKhMetric(str(tmp_path / "gt.mat"))


# Dump
