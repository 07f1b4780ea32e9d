"""People as label tools know them: what is written of them."""

import pytest

from utils.label_formats.labelled import (
    LabelledImage,
    LabelledPerson,
    around_turned,
    to_annotations,
)

NO_SIZE = {
    "keypoints beyond the image": (700.0, 20.0, None),
    "a line": (20.0, 20.0, (10.0, 10.0, 40.0, 0.0)),
    "less than is written": (20.0, 20.0, (10.0, 10.0, 0.004, 40.0)),
}


@pytest.mark.parametrize(("x", "y", "box"), NO_SIZE.values(), ids=NO_SIZE)
def test_a_box_without_size_is_refused(x, y, box):
    image = LabelledImage("b/a.png", (640, 480), (LabelledPerson({"nose": (x, y, 2)}, box),))
    with pytest.raises(ValueError, match="^b/a.png: box of a person must have a width") as caught:
        to_annotations([image], ("nose",))
    assert "\n" not in str(caught.value)


def test_a_box_without_size_or_keypoints_is_for_training_to_count():
    image = LabelledImage("a.png", (640, 480), (LabelledPerson({}, (10.0, 10.0, 40.0, 0.0)),))
    assert len(to_annotations([image], ("nose",))["annotations"]) == 1


def test_a_box_turns_clockwise():
    eighth = around_turned((0.0, 0.0, 2.0, 1.0), 45, (0.0, 0.0))
    side = 0.5**0.5  # the other corners: 2 down to the right, 1 down to the left, and both
    assert eighth == pytest.approx((-side, 0, 3 * side, 3 * side))
