"""labelme: rectangles by two corners, or by all four."""

import json

import pytest

from utils.label_formats.labelme import read_labelme

CORNERS = {
    "two": [[50, 20], [10, 60]],
    "four": [[10, 20], [50, 20], [50, 60], [10, 60]],
    "turned": [[10, 40], [30, 20], [50, 40], [30, 60]],
}


@pytest.mark.parametrize("corners", CORNERS.values(), ids=CORNERS)
def test_a_rectangle_is_all_its_corners(tmp_path, corners):
    shapes = [
        {"label": "nose", "points": [[30, 30]], "shape_type": "point"},
        {"label": "body", "points": corners, "shape_type": "rectangle"},
    ]
    content = {"imagePath": "a.png", "imageWidth": 100, "imageHeight": 80, "shapes": shapes}
    (tmp_path / "a.json").write_text(json.dumps(content))
    ((person,),) = [image.people for image in read_labelme(tmp_path, tmp_path)]
    assert person.box_xywh == (10, 20, 40, 40)
