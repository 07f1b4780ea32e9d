"""MPII: 0-based people from 1-based files, and one clear line for each fault."""

import copy
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmpose_replacement.data.datasets import KneronMpiiDataset

ROOT = Path(__file__).resolve().parents[3]
METAINFO = Config.fromfile(ROOT / "configs/_base_/datasets/mpii.py").dataset_info


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    return tmp_path


MPII_PERSON = {  # made up; 1-based pixels, as in MPII's own files
    "image": "000000007.png",
    "center": [31.0, 21.0],
    "scale": 0.2,
    "joints": [[11.0 + k, 21.0 + k] for k in range(16)],
    "joints_vis": [1] * 15 + [0],
}


def build_mpii(folder, people, **more):
    (folder / "mpii.json").write_text(json.dumps(people))
    cv2.imwrite(str(folder / "images/000000007.png"), np.zeros((48, 64, 3), np.uint8))
    arguments = {"ann_file": "mpii.json", "data_prefix": {"img": "images/"}} | more
    return KneronMpiiDataset(data_root=str(folder), metainfo=METAINFO, **arguments)


def test_mpii_centre_and_joints_are_both_0_based(folder):
    info = build_mpii(folder, [MPII_PERSON]).get_data_info(0)
    np.testing.assert_array_equal(info["keypoints"][0, 0], [10, 20])
    np.testing.assert_array_equal(info["keypoints"][0, 15], [25, 35])
    # side 0.2 * 200 = 40; centre (31 - 1, 21 + 15 * 0.2 - 1) = (30, 23)
    np.testing.assert_allclose(info["bbox"], [[10, 3, 50, 43]], atol=1e-5)
    assert info["img_id"] == 7
    np.testing.assert_array_equal(info["keypoints_visible"][0], [1] * 15 + [0])


def test_mpii_place_in_the_file_is_the_id(folder):
    nobody = MPII_PERSON | {"joints_vis": [0] * 16}
    data = build_mpii(folder, [nobody, MPII_PERSON])
    assert [data.get_data_info(i)["id"] for i in range(len(data))] == [1]


def test_mpii_joints_of_visibility_minus_1_have_no_label(folder):
    nobody = MPII_PERSON | {"joints_vis": [-1] * 16}
    partly = MPII_PERSON | {"joints_vis": [-1] * 14 + [0, 1]}
    data = build_mpii(folder, [nobody, partly])
    assert len(data) == 1
    info = data.get_data_info(0)
    np.testing.assert_array_equal(info["keypoints_visible"][0], [0] * 15 + [1])
    assert info["num_keypoints"] == 1


def test_mpii_without_joints_is_for_inference_only(folder):
    unlabelled = {key: MPII_PERSON[key] for key in ("image", "center", "scale")}
    with pytest.raises(
        ValueError,
        match=r"people must have 'joints' .*people\[0\]. A file without .* for inference only: ",
    ):
        build_mpii(folder, [unlabelled])
    data = build_mpii(folder, [unlabelled], test_mode=True)
    np.testing.assert_allclose(data.get_data_info(0)["bbox"], [[10, 3, 50, 43]], atol=1e-5)
    assert not data.get_data_info(0)["keypoints_visible"].any()


MPII_FAULTS = {
    "COCO form": ({"images": []}, r"mpii\.json: it must be a list of people .*, got dict"),
    "no centre": ([{"image": "000000007.png", "scale": 1}], r"people\[0\] without center"),
    "14 joints": (
        [MPII_PERSON | {"joints": [[1, 1]] * 14}],
        r"must have 16 joints .*people\[0\] has 14 joints, 16 joints_vis\. Label all",
    ),
    "joint NaN": (
        [MPII_PERSON | {"joints": [[1, 1]] * 15 + [[1, float("nan")]]}],
        r"mpii\.json: people must have finite numbers.*people\[0\] in joints",
    ),
    "joint of 1": (
        [MPII_PERSON | {"joints": [[1, 1]] * 15 + [[1]]}],
        r"must have finite numbers.*people\[0\] in joints",
    ),
    "joints null": ([MPII_PERSON | {"joints": None}], r"must have 16 joints .* has None joints"),
    "joints_vis text": (
        [MPII_PERSON | {"joints_vis": ["1"] * 16}],
        r"must have finite numbers.*people\[0\] in joints or joints_vis",
    ),
    "scale null": ([MPII_PERSON | {"scale": None}], r"finite numbers.* scale None"),
    "centre of 3": (
        [MPII_PERSON | {"center": [1, 2, 3]}],
        r"finite numbers.* has center \[1, 2, 3\]",
    ),
    "image a number": (
        [MPII_PERSON | {"image": 7}],
        r"image named by its number, .*people\[0\] has 7",
    ),
    "image without number": (
        [MPII_PERSON | {"image": "anna.png"}],
        r"must have an image named by its number, .*people\[0\] has 'anna\.png'",
    ),
}


@pytest.mark.parametrize(("people", "message"), MPII_FAULTS.values(), ids=MPII_FAULTS)
def test_fault_in_mpii_is_one_clear_line(folder, people, message):
    with pytest.raises(ValueError, match=message):
        build_mpii(folder, copy.deepcopy(people))


def test_real_mpii_sample_is_read(shared):
    data = KneronMpiiDataset(
        data_root=str(shared / "data/mpii"),
        ann_file="test_mpii.json",
        data_prefix={"img": ""},
        metainfo=METAINFO,
    )
    assert len(data) == 5
    # first entry: joint 0 at (804, 711), 1-based
    np.testing.assert_array_equal(data.get_data_info(0)["keypoints"][0, 0], [803, 710])
