"""Labels of any format, held against their images."""

import cv2
import numpy as np
import pytest

from utils.label_formats.readers import read_label_set
from utils.label_formats.source import LabelSource

CVAT = """<annotations><image name="a.png" width="%d" height="%d">
<skeleton label="person"><points label="nose" points="4,2"/></skeleton></image></annotations>"""
LABELS = {"csv": "image,width,height,nose_x,nose_y\na.png,%d,%d,4,2\n", "cvat": CVAT}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("size", [(0, 0), (10, 0), (-10, 8)])
def test_images_without_a_size_are_refused(tmp_path, name, size):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 10, 3), np.uint8))
    (tmp_path / "labels").write_text(LABELS[name] % size)
    message = "labels: images must have a width and a height above 0, got 1 otherwise: a.png. "
    with pytest.raises(ValueError, match=message) as caught:
        read_label_set(LabelSource(name, tmp_path / "labels", tmp_path))
    assert "\n" not in str(caught.value)
