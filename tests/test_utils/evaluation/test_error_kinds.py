"""Each kind of error, made by hand, gets its name; mending all kinds gives a similarity of one."""

import numpy as np
import pytest

from prepostprocess.keypoints.oks import oks
from utils.evaluation.comparison import Match, Person
from utils.evaluation.error_kinds import ERROR_KINDS, classify_joints, similarity_without
from utils.joints import COCO_JOINTS

NAMES = COCO_JOINTS.names
LEFT_WRIST, RIGHT_WRIST, NOSE = map(NAMES.index, ("left_wrist", "right_wrist", "nose"))
AREA = 100.0**2
ONE_SIGMA = 2 * COCO_JOINTS.sigmas * 100.0  # pixels at which a joint's similarity is exp(-1/2)


def person(offset: float = 0.0, image: str = "a.jpg") -> Person:
    """Joints 1,000 pixels apart: none is near another."""
    points = np.column_stack([1000.0 * np.arange(17) + offset, np.zeros(17)])
    box = np.array([offset, 0, 17000, 10.0])
    return Person(image, points, np.ones(17, bool), AREA, box, 1.0)


def match(truth: Person, points: np.ndarray | None) -> Match:
    if points is None:
        return Match(truth, None, 0.0)
    similar = float(oks(points[None], truth.keypoints, AREA, truth.labelled)[0])
    found = Person(truth.image, points, np.ones(17, bool), AREA, truth.bbox_xywh, 1.0)
    return Match(truth, found, similar)


def kind_of(points: np.ndarray, joint: int, others: tuple[Person, ...] = ()) -> str:
    matches = [match(person(), points), *(match(other, None) for other in others)]
    return ERROR_KINDS[classify_joints(matches, COCO_JOINTS)[0, joint]]


@pytest.mark.parametrize(
    ("steps", "kind"),
    [(0, "good"), (0.5, "good"), (0.6, "jitter"), (1.15, "jitter"), (1.2, "miss"), (9, "miss")],
)
def test_a_step_away_is_jitter_and_further_a_miss(steps, kind):
    """exp(-s^2 / 2) is .85 at s = .570 and .5 at 1.177."""
    points = person().keypoints
    points[NOSE, 1] = steps * ONE_SIGMA[NOSE]
    assert kind_of(points, NOSE) == kind


def test_the_other_side_of_the_same_person_is_an_inversion():
    points = person().keypoints
    points[LEFT_WRIST] = points[RIGHT_WRIST]
    assert kind_of(points, LEFT_WRIST) == "inversion"
    assert kind_of(points, RIGHT_WRIST) == "good"


@pytest.mark.parametrize("joint", [LEFT_WRIST, RIGHT_WRIST])
def test_a_like_joint_of_another_person_is_a_swap(joint):
    points, other = person().keypoints, person(300.0)
    points[LEFT_WRIST] = other.keypoints[joint]
    assert kind_of(points, LEFT_WRIST, (other,)) == "swap"
    assert kind_of(points, LEFT_WRIST, (person(300.0, "b.jpg"),)) == "miss"


def test_another_joint_of_anybody_is_a_miss():
    points = person().keypoints
    points[LEFT_WRIST] = points[NOSE]
    assert kind_of(points, LEFT_WRIST) == "miss"


def test_a_joint_without_label_has_no_kind_and_is_nobodys_place():
    truth = person()
    truth.labelled[RIGHT_WRIST] = False
    points = person().keypoints
    points[LEFT_WRIST] = points[RIGHT_WRIST]
    kinds = classify_joints([match(truth, points)], COCO_JOINTS)[0]
    assert kinds[RIGHT_WRIST] == -1
    assert ERROR_KINDS[kinds[LEFT_WRIST]] == "miss"


def test_gains_of_all_kinds_add_up_to_a_perfect_answer():
    rng = np.random.default_rng(0)
    matches = []
    for number in range(30):
        truth = person(image=f"{number // 3}.jpg")
        truth.labelled[:] = rng.random(17) < 0.8
        points = truth.keypoints + rng.normal(size=(17, 2)) * 2 * ONE_SIGMA[:, None]
        matches.append(match(truth, points if number % 7 else None))
    means = similarity_without(matches, classify_joints(matches, COCO_JOINTS), COCO_JOINTS)
    now = means["good"]
    assert now == pytest.approx(np.mean([each.similarity for each in matches]))
    gains = sum(means[kind] - now for kind in ERROR_KINDS[1:])
    small = 1 - now - gains  # what "good" joints lack
    assert 0 < small < 0.15
    assert all(means[kind] >= now for kind in ERROR_KINDS)
