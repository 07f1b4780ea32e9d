"""People as arrays, drawn by chance or real ones."""

import pytest

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.dataset_check.coco_file import LabelRules, read_coco
from utils.doctor.poses import Poses, labelled_poses

SETS = (
    "coco/annotations/person_keypoints_train2017.json",
    "coco/annotations/person_keypoints_val2017.json",
    "lspet/person_keypoints_lspet.json",
)


@pytest.fixture(scope="session", params=SETS)
def real_poses(request, shared) -> Poses:
    file = read_coco(shared / "data" / request.param, LabelRules(KEYPOINT_NAMES))
    return labelled_poses(file.require())
