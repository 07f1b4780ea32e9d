import numpy as np
import pytest

from utils.inference.smoothing import OneEuroFilter, PeopleSmoother
from utils.inference.tracking import Tracker
from utils.people import People

RATE = 30


def people_at(*centers, size=60.0, score=0.9) -> People:
    """People as boxes with four joints at the corners."""
    centers = np.array(centers, np.float32).reshape(-1, 2)
    count = len(centers)
    boxes = np.concatenate([centers - size / 2, np.full((count, 2), size)], axis=1)
    corners = np.float32([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * size / 3
    return People(
        boxes.astype(np.float32),
        np.full(count, score, np.float32),
        centers[:, None] + corners,
        np.full((count, 4), score, np.float32),
        np.full(count, score, np.float32),
    )


def test_tracker__two_who_pass_each_other_far_apart_keep_their_numbers():
    tracker = Tracker(0.2, max_missed=10)
    for t in range(40):
        ids = tracker.update(people_at((50 + 8 * t, 100), (400 - 8 * t, 300)))
        assert ids == [1, 2]


def test_tracker__order_of_the_boxes_does_not_matter():
    tracker = Tracker(0.2, max_missed=10)
    assert tracker.update(people_at((50, 100), (300, 100))) == [1, 2]
    assert tracker.update(people_at((302, 100), (52, 100))) == [2, 1]


@pytest.mark.parametrize("speed", [0, 6, 15])
@pytest.mark.parametrize("missed", [1, 5, 10])
def test_tracker__numbers_survive_short_misses(speed, missed):
    tracker = Tracker(0.2, max_missed=10)
    for t in range(10):
        assert tracker.update(people_at((50 + speed * t, 100))) == [1]
    for _ in range(missed):
        assert tracker.update(people_at()) == []
    assert tracker.update(people_at((50 + speed * (10 + missed), 100))) == [1]


def test_tracker__gone_too_long_is_somebody_new():
    tracker = Tracker(0.2, max_missed=3)
    tracker.update(people_at((50, 100)))
    for _ in range(4):
        tracker.update(people_at())
    assert tracker.update(people_at((50, 100))) == [2]


def test_tracker__somebody_elsewhere_is_somebody_new():
    tracker = Tracker(0.2, max_missed=3)
    tracker.update(people_at((50, 100)))
    assert tracker.update(people_at((400, 100), (50, 100))) == [2, 1]


def test_follow__moves_with_the_person_and_leaves_out_who_is_not_seen():
    tracker = Tracker(0.2, max_missed=10)
    for t in range(6):
        tracker.update(people_at((100 + 10 * t, 100), (100, 300)))
    boxes = tracker.follow((640, 480)).boxes_xywh
    np.testing.assert_allclose(boxes[:, 0], [160 - 30, 70], atol=1)
    tracker.update(people_at((160, 100), (100, 300), score=0.1))
    assert len(tracker.follow((640, 480)).scores) == 0
    assert len(Tracker(0.2, 1).follow((640, 480)).scores) == 0


def test_recenter__the_box_follows_the_keypoints():
    tracker = Tracker(0.2, max_missed=10)
    tracker.update(people_at((100, 100)))
    guessed = people_at((100, 100))
    guessed.keypoints[:] += [12, 0]
    np.testing.assert_allclose(tracker.recenter(guessed).boxes_xywh, [[82, 70, 60, 60]])


def test_one_euro__calms_noise():
    noise = np.random.default_rng(0).normal(0, 1, (200, 17, 2))
    one_euro = OneEuroFilter()
    seen = np.ones(17, bool)
    smooth = [one_euro.update(100 + n, seen, 1 / RATE, 300) for n in noise]
    jitter = np.diff(np.array(smooth)[30:], axis=0).std()
    assert jitter < 0.4 * np.diff(noise, axis=0).std()


def test_one_euro__follows_quick_motion():
    one_euro = OneEuroFilter()
    seen = np.ones(1, bool)
    for t in range(60):
        place = np.array([[t * 900 / RATE, 0.0]])  # three person sizes a second
        smooth = one_euro.update(place, seen, 1 / RATE, 300)
    assert abs(smooth[0, 0] - place[0, 0]) < 300 * 0.05


def test_one_euro__unseen_points_pass_and_start_anew():
    one_euro = OneEuroFilter()
    one_euro.update(np.zeros((1, 2)), np.array([True]), 1 / RATE)
    unseen = one_euro.update(np.full((1, 2), 50.0), np.array([False]), 1 / RATE)
    np.testing.assert_array_equal(unseen, 50)
    again = one_euro.update(np.full((1, 2), 80.0), np.array([True]), 1 / RATE)
    np.testing.assert_array_equal(again, 80)


def test_people_smoother__each_identity_for_itself():
    smoother = PeopleSmoother(0.2)
    for t in range(10):
        found = people_at((100, 100), (300, 100))
        order = [0, 1] if t % 2 else [1, 0]
        smooth = smoother.update(found.pick(order), [order[0] + 1, order[1] + 1], t / RATE)
        # People at rest stay exactly where they are, whatever their order.
        np.testing.assert_allclose(smooth.keypoints, found.pick(order).keypoints, atol=1e-3)


def test_people_smoother__after_a_long_absence_nothing_drags():
    smoother = PeopleSmoother(0.2)
    smoother.update(people_at((100, 100)), [1], 0.0)
    found = people_at((400, 100))
    back = smoother.update(found, [1], 2.0)
    np.testing.assert_allclose(back.keypoints, found.keypoints, atol=1e-3)
    near = smoother.update(people_at((400.5, 100)), [1], 2.0 + 1 / RATE)
    assert (near.keypoints[..., 0] < people_at((400.5, 100)).keypoints[..., 0]).all()
