"""A head for other joints: those of the same name keep their maps."""

import pytest
import torch
from torch import nn

from models.checkpoints.joints import carry_joints, joints_of
from models.heads.subpixel_head import SubpixelConv

THEIRS = ("nose", "left_eye", "right_eye", "left_hip")
OURS = ("right_eye", "tail", "nose")


def network(num_joints: int, *, subpixel: bool) -> nn.Module:
    torch.manual_seed(num_joints)
    estimator = nn.Module()
    estimator.head = nn.Module()
    made = SubpixelConv(8, num_joints) if subpixel else nn.Conv2d(8, num_joints, 1)
    estimator.head.final_layer = made
    return estimator


@pytest.mark.parametrize("subpixel", [False, True])
def test_maps_follow_their_names(subpixel):
    old, new = network(4, subpixel=subpixel), network(3, subpixel=subpixel)
    features = torch.randn(2, 8, 5, 4)
    initial = new.head.final_layer(features)
    weights, lines = carry_joints(new, old.state_dict(), THEIRS, OURS)
    new.load_state_dict(weights)
    before, after = old.head.final_layer(features), new.head.final_layer(features)
    torch.testing.assert_close(after[:, 0], before[:, 2])
    torch.testing.assert_close(after[:, 1], initial[:, 1])
    torch.testing.assert_close(after[:, 2], before[:, 0])
    assert lines == ["head: 2 of 3 joints carried over by name from 4; new: tail"]


def test_the_same_joints_in_another_order_are_put_right():
    old, new = network(4, subpixel=False), network(4, subpixel=False)
    weights, lines = carry_joints(new, old.state_dict(), THEIRS, THEIRS[::-1])
    torch.testing.assert_close(
        weights["head.final_layer.weight"], old.head.final_layer.weight.flip(0)
    )
    assert lines == ["head: 4 of 4 joints carried over by name from 4"]


def test_without_names_another_number_begins_anew_and_the_same_stays():
    old, new = network(4, subpixel=False), network(3, subpixel=False)
    weights, lines = carry_joints(new, old.state_dict(), None, OURS)
    torch.testing.assert_close(weights, new.state_dict())
    assert "begins anew for all 3 joints" in lines[0]
    before = old.state_dict()
    assert carry_joints(old, before, None, THEIRS)[0] is before


def test_features_of_another_width_stay_for_the_check_to_refuse():
    old = {
        "head.final_layer.weight": torch.zeros(4, 30, 1, 1),
        "head.final_layer.bias": torch.zeros(4),
    }
    assert carry_joints(network(3, subpixel=False), old, None, OURS)[0] is old


META = {
    "dataset_meta": ({"keypoint_id2name": {0: "a", 1: "b"}}, ("a", "b")),
    "gaps": ({"keypoint_id2name": {0: "a", 2: "b"}}, None),
    "no mapping": ([1], None),
}


@pytest.mark.parametrize(("meta", "names"), META.values(), ids=META)
def test_names_stand_in_the_checkpoint(meta, names):
    assert joints_of({"meta": {"dataset_meta": meta}}) == names
    assert joints_of({"state_dict": {}}) is None
