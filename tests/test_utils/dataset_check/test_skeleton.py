"""A description of keypoints: all its faults in one list."""

import copy
from pathlib import Path

import pytest

from utils.dataset_check.skeleton import check_skeleton

SPACE: dict = {}
exec(  # the shipped description, without mmengine
    (Path(__file__).resolve().parents[3] / "configs/_base_/datasets/coco.py").read_text(), SPACE
)
COCO = SPACE["dataset_info"]


def test_shipped_description_has_no_fault():
    assert not check_skeleton(COCO, "a.py")


FAULTS = {
    "sigmas short": (lambda i: i["sigmas"].pop(), "sigmas has 16 numbers for 17 keypoints"),
    "no sigmas": (lambda i: i.pop("sigmas"), "sigmas is missing"),
    "no weights": (lambda i: i.pop("joint_weights"), "joint_weights is missing"),
    "sigma 0": (lambda i: i["sigmas"].__setitem__(3, 0), "sigmas must be above 0, got 0"),
    "unknown swap": (
        lambda i: i["keypoint_info"][1].update(swap="tail"),
        "'left_eye' swaps with 'tail', which is no keypoint",
    ),
    "one-sided swap": (
        lambda i: i["keypoint_info"][1].update(swap=""),
        "'right_eye' swaps with 'left_eye', which swaps with nobody",
    ),
    "unknown link": (
        lambda i: i["skeleton_info"][0].update(link=("nose", "tail")),
        "link 0 goes to 'tail', which is no keypoint",
    ),
    "name twice": (
        lambda i: i["keypoint_info"][0].update(name="left_eye"),
        "keypoint 'left_eye' is there 2 times",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), FAULTS.values(), ids=FAULTS)
def test_fault_is_named(spoil, message):
    info = copy.deepcopy(COCO)
    spoil(info)
    (fault,) = check_skeleton(info, "a.py")
    assert message in fault.line
    assert fault.level == "error"


def test_all_faults_are_in_one_list():
    info = copy.deepcopy(COCO)
    for spoil, _ in (FAULTS["sigmas short"], FAULTS["no weights"], FAULTS["unknown link"]):
        spoil(info)
    (fault,) = check_skeleton(info, "a.py")
    assert fault.count == 3


def test_no_links_are_no_fault():
    assert not check_skeleton({**COCO, "skeleton_info": {}}, "a.py")
