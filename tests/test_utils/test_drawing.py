import itertools

import numpy as np
import pytest

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.drawing import BOX_RGB, LEFT_RGB, MIDDLE_RGB, RIGHT_RGB, draw_people
from utils.people import People


def one_person(width: int, height: int, score: float = 0.9) -> People:
    rng = np.random.default_rng(0)
    points = rng.uniform(0.2, 0.8, (1, 17, 2)) * [width, height]
    return People(
        np.float32([[0.1 * width, 0.1 * height, 0.8 * width, 0.8 * height]]),
        np.float32([0.9]),
        points.astype(np.float32),
        np.full((1, 17), score, np.float32),
        np.float32([0.87]),
    )


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(axis=-1).sum())


@pytest.mark.parametrize("size", [(1, 1), (24, 16), (640, 480), (3000, 2000), (20000, 4)])
def test_draw_people__any_size(size):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    drawn = draw_people(image, one_person(*size), KEYPOINT_NAMES, 0.2)
    assert not image.any()  # a copy
    assert drawn.dtype == np.uint8
    factor = drawn.shape[0] // size[1]
    assert drawn.shape == (size[1] * factor, size[0] * factor, 3)
    assert drawn.any()
    if min(size) >= 16:
        assert count(drawn, LEFT_RGB) > 0
        assert count(drawn, RIGHT_RGB) > 0
        assert min(drawn.shape[:2]) >= 240


def test_draw_people__a_box_far_beyond_the_image():
    person = one_person(640, 480)
    person.boxes_xywh[:] = (-3e9, 100, 6e9, 3e9)
    drawn = draw_people(np.zeros((480, 640, 3), np.uint8), person, KEYPOINT_NAMES, 0.2)
    assert (drawn[100, 300:] == BOX_RGB).all(axis=-1).any()  # the box's upper edge


def test_draw_people__left_and_right_are_the_persons():
    person = one_person(640, 480)
    person.keypoint_scores[:] = 0
    person.keypoint_scores[0, KEYPOINT_NAMES.index("left_wrist")] = 0.9
    drawn = draw_people(np.zeros((480, 640, 3), np.uint8), person, KEYPOINT_NAMES, 0.2)
    assert count(drawn, LEFT_RGB) > 0
    assert count(drawn, RIGHT_RGB) == 0


def test_draw_people__a_side_stands_anywhere_in_a_name():
    people = one_person(640, 480)
    names = tuple(f"point_{i}" for i in range(15)) + ("EarLeft", "eye_right")
    canvas = np.zeros((480, 640, 3), np.uint8)
    for shown, colour in ((15, LEFT_RGB), (16, RIGHT_RGB), (3, MIDDLE_RGB)):
        people.keypoint_scores[:] = 0
        people.keypoint_scores[0, shown] = 0.9
        drawn = draw_people(canvas, people, names, 0.2)
        assert [c for c in (LEFT_RGB, RIGHT_RGB, MIDDLE_RGB) if count(drawn, c)] == [colour]


def test_draw_people__threshold_and_nobody():
    image = np.full((480, 640, 3), 50, np.uint8)
    faint = draw_people(image, one_person(640, 480, score=0.2), KEYPOINT_NAMES, 0.2)
    assert count(faint, LEFT_RGB) == 0
    nobody = draw_people(image, one_person(640, 480).pick([]), KEYPOINT_NAMES, 0.2)
    np.testing.assert_array_equal(nobody, image)


def test_draw_people__points_far_outside_do_no_harm():
    person = one_person(640, 480)
    person.keypoints[0, ::2] = [[1e7, -1e7]]
    draw_people(np.zeros((480, 640, 3), np.uint8), person, KEYPOINT_NAMES, 0.2, ids=[12])


def test_draw_people__other_joints_without_limbs():
    names = tuple(f"point {k}" for k in range(17))
    drawn = draw_people(np.zeros((480, 640, 3), np.uint8), one_person(640, 480), names, 0.2)
    assert drawn.any()


def test_labels_of_a_crowd_stand_beside_one_another(monkeypatch):
    places = []
    monkeypatch.setattr(
        "utils.drawing.cv2.putText", lambda canvas, text, origin, *_: places.append((text, origin))
    )
    boxes = np.array([[100, 100, 60, 150], [104, 102, 60, 150], [98, 101, 60, 150]], np.float32)
    people = People(
        boxes_xywh=boxes,
        box_scores=np.ones(3, np.float32),
        keypoints=np.zeros((3, 17, 2), np.float32),
        keypoint_scores=np.zeros((3, 17), np.float32),
        scores=np.array([0.9, 0.8, 0.7], np.float32),
    )
    draw_people(np.zeros((400, 400, 3), np.uint8), people, KEYPOINT_NAMES, 0.5)
    assert [text for text, _ in places] == ["0.90", "0.80", "0.70"]
    assert places[0][1][1] < 100  # the first stands above its box
    for (_, first), (_, second) in itertools.combinations(places, 2):
        assert abs(first[0] - second[0]) > 25 or abs(first[1] - second[1]) >= 12


def test_keypoints_may_have_colours_of_their_own():
    image, people = np.zeros((240, 240, 3), np.uint8), one_person(240, 240)
    own = tuple((10 + k, 200, 255 - k) for k in range(17))
    drawn = draw_people(image, people, KEYPOINT_NAMES, 0.5, links=[], colours=own)
    for colour in own:
        assert (drawn == colour).all(axis=2).any(), colour
    assert not (drawn == LEFT_RGB).all(axis=2).any()
