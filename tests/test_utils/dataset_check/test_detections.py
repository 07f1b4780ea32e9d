"""Detector boxes that lie elsewhere than the labelled people: told, with the reading that fits."""

import json

import numpy as np
import pytest

from utils.dataset_check.detections import check_boxes_fit, read_detections

WIDTH, HEIGHT = 400, 300


@pytest.fixture
def labels():
    """Forty people on twenty images, two each, far from one another."""
    rng = np.random.default_rng(5)
    images = [{"id": i, "width": WIDTH, "height": HEIGHT} for i in range(20)]
    people = [
        {
            "image_id": i,
            "bbox": [*(rng.uniform(20, 60, 2) + (180 * place, 60)), *rng.uniform(50, 110, 2)],
        }
        for i in range(20)
        for place in (0, 1)
    ]
    return {"images": images, "annotations": people}


@pytest.fixture
def faults(tmp_path, labels):
    def faults(change):
        found = [
            dict(
                image_id=p["image_id"],
                category_id=1,
                score=0.9,
                bbox=change(*map(float, p["bbox"])),
            )
            for p in labels["annotations"]
        ]
        (tmp_path / "boxes.json").write_text(json.dumps(found))
        boxes = read_detections(tmp_path / "boxes.json", {"id": 1}, set(range(20))).require()
        return check_boxes_fit(boxes, labels)

    return faults


READINGS = {
    "shares of the image": lambda x, y, w, h: [x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT],
    "percent of the image": lambda x, y, w, h: [x / 4, y / 3, w / 4, h / 3],
    "[left, top, right, bottom]": lambda x, y, w, h: [x, y, x + w, y + h],
    "[centre x, centre y, width, height]": lambda x, y, w, h: [x + w / 2, y + h / 2, w, h],
}


@pytest.mark.parametrize(("words", "change"), READINGS.items(), ids=range(4))
def test_another_reading_is_named(faults, words, change):
    (fault,) = faults(change)
    assert fault.level == "error"
    assert f"met as {words}, " in fault.line


def test_boxes_that_meet_nobody(faults):
    (fault,) = faults(lambda x, y, w, h: [2 * x, 2 * y, 3 * w, 3 * h])
    assert fault.level == "warning"
    assert "0% of the labelled people on the same images met" in fault.line


def test_good_and_loose_boxes_are_not_told(faults):
    assert not faults(lambda *box: list(box))
    assert not faults(lambda x, y, w, h: [x - 0.1 * w, y - 0.1 * h, 1.2 * w, 1.2 * h])


def test_a_poor_detector_is_not_told(faults):
    rng = np.random.default_rng(0)
    assert not faults(
        lambda x, y, w, h: [x + rng.choice([0, 0, 60]), y + rng.choice([0, 70]), w, h]
    )
