"""People of an annotation file: who is chosen, and what training would refuse is refused."""

import json

import cv2
import numpy as np
import pytest

from utils.calibration.labels import choose_labelled


def person(number, box, **more):
    return dict(id=number, image_id=1, category_id=1, bbox=box, num_keypoints=5, iscrowd=0) | more


@pytest.fixture
def content():
    return {
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
        "images": [
            {"id": 1, "file_name": "x/a.png", "width": 40, "height": 30},
            {"id": 2, "file_name": "b.jpg", "width": 40, "height": 30},
        ],
        "annotations": [
            person(1, [1, 2, 13, 14]),
            person(2, [1, 2, 0, 14]),
            person(3, [5, 2, 13, 14], iscrowd=1),
            person(4, [6, 2, 13, 14], num_keypoints=0),
            person(5, [7, 2, 13, 14], category_id=2),
            person(6, [8, 2, 13, 14]),
        ],
    }


@pytest.fixture
def choose(tmp_path, content):
    (tmp_path / "x").mkdir()
    cv2.imwrite(str(tmp_path / "x/a.png"), np.zeros((30, 40, 3), np.uint8))

    def choose(count=10):
        (tmp_path / "labels.json").write_text(json.dumps(content))
        return choose_labelled(tmp_path / "labels.json", tmp_path, 0, count)

    return choose


def test_labels_that_do_not_count_are_left_out(choose, tmp_path):
    chosen = choose()
    assert {path for path, _ in chosen} == {tmp_path / "x/a.png"}
    assert sorted(box.tolist() for _, box in chosen) == [[1, 2, 13, 14], [8, 2, 13, 14]]
    assert len(choose(1)) == 1


def test_only_the_files_that_are_chosen_are_looked_at(choose, content):
    content["annotations"].append(person(7, [1, 2, 13, 14], image_id=2))
    with pytest.raises(ValueError, match=r"1 missing: b\.jpg"):
        choose()


def shares(content):
    for each in content["annotations"]:
        each["bbox"] = [0.1, 0.1, 0.4, 0.5]
        each["keypoints"] = [0.2, 0.2, 2, 0.3, 0.4, 2]


SPOILT = {
    "size": (lambda c: c["images"][0].update(width=30, height=40), "a.png is 40x30, not 30x40"),
    "shares": (shares, "must be in pixels"),
    "box": (lambda c: c["annotations"][0].pop("bbox"), "must have a bbox"),
    "orphan": (lambda c: c["annotations"][0].update(image_id=9), "image_id"),
    "outside": (lambda c: c["images"][0].update(file_name="../a.png"), "must stay in the image"),
    "nobody": (lambda c: c["annotations"].clear(), "must hold labelled people, got none"),
    "several": (lambda c: c["categories"][0].update(name="cat"), "must be of one category"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILT.values(), ids=SPOILT)
def test_what_training_refuses_is_refused(choose, content, spoil, message):
    spoil(content)
    with pytest.raises(ValueError, match=rf"labels\.json: .*{message}"):
        choose()


@pytest.mark.parametrize("text", ["{", "[]", "{}", "\x00", "[" * 100_000], ids=range(5))
def test_files_of_another_kind(tmp_path, text):
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(ValueError, match=r"labels\.json: it must be a COCO keypoint file.* got"):
        choose_labelled(tmp_path / "labels.json", tmp_path, 0, 5)
