"""utils/calibration/arrays.py: whom it chooses, and that it feeds exactly what the runners feed."""

import json

import cv2
import numpy as np
import pytest

from prepostprocess.image import load_rgb
from utils.calibration.arrays import (
    choose_people,
    load_noted_pipeline,
    make_calibration,
    summary_of,
    warnings_of,
)
from utils.calibration.files import write_calibration
from utils.params import ParamsError

BOXES = [(10, 5, 40, 60), (-4, 20, 30, 30), (50, 40, 28, 23)]  # the second crosses the border


@pytest.fixture
def picture(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (80, 100, 3), np.uint8)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def make_pipeline(e2e_models, tmp_path):
    def make(**changes):
        metadata = {**e2e_models.OWN_METADATA, **changes}
        model = e2e_models.pose_model(tmp_path / "pose.onnx", metadata=metadata)
        return load_noted_pipeline(model, None)

    return make


def people_of(picture):
    return [(picture, np.array(box, float)) for box in BOXES]


@pytest.mark.parametrize("word", ["float", "kneron_520", "kneron_720"])
@pytest.mark.parametrize("udp", [False, True])
def test_arrays_are_what_the_runner_feeds_its_network(make_pipeline, picture, word, udp):
    pipeline = make_pipeline(preprocess=word, padding=1.1, encoding_udp=udp)
    fed, run = [], pipeline.pose.session.run
    pipeline.pose.session.run = lambda batch: (fed.append(batch), run(batch))[1]
    pipeline(load_rgb(picture), np.array(BOXES))
    made = make_calibration(pipeline, people_of(picture))
    np.testing.assert_array_equal(made.images, np.concatenate(fed))
    np.testing.assert_array_equal(made.boxes_xywh, np.array(BOXES, np.float32))
    assert made.images.flags.c_contiguous
    assert made.notes["preprocess"] == word
    assert made.notes["padding"] == 1.1


def test_layouts_and_colours_are_permutations(make_pipeline, picture):
    pipeline = make_pipeline(preprocess="float")  # whose channels are not treated alike
    made = {
        (layout, colour): make_calibration(pipeline, people_of(picture), layout, colour).images
        for layout in ("nchw", "nhwc")
        for colour in ("rgb", "bgr")
    }
    plain = made["nchw", "rgb"]
    assert plain.shape == (3, 3, 64, 48)
    np.testing.assert_array_equal(made["nchw", "bgr"], plain[:, [2, 1, 0]])
    np.testing.assert_array_equal(made["nhwc", "rgb"], np.moveaxis(plain, 1, -1))
    np.testing.assert_array_equal(made["nhwc", "bgr"], np.moveaxis(plain[:, [2, 1, 0]], 1, -1))


def test_values_are_those_of_the_kneron_norm(make_pipeline, picture):
    made = make_calibration(make_pipeline(preprocess="kneron_720"), people_of(picture))
    crops = np.stack(made.crops).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(made.images, crops / 256.0 - 0.5)


def test_network_that_normalises_itself_gets_pixels(make_pipeline, picture):
    pipeline = make_pipeline(preprocess="kneron_720", pixel_offset=128.0)
    made = make_calibration(pipeline, people_of(picture))
    crops = np.stack(made.crops).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(made.images, crops - 128.0)
    assert made.notes["pixel_offset"] == 128.0


def test_people_are_spread_over_pictures_and_repeat_with_the_seed():
    boxes = {"a": 3, "b": 1, "c": 0, "d": 2}
    asked = []

    def boxes_of(name):
        asked.append(name)
        return np.array([[i, 0, 1, 1] for i in range(boxes[name])], float)

    chosen = list(choose_people(list(boxes), boxes_of, seed=3))
    names = [name for name, _ in chosen]
    assert sorted(names[:3]) == ["a", "b", "d"]
    assert sorted(names[3:5]) == ["a", "d"]
    assert names[5:] == ["a"]
    assert len(set((name, box[0]) for name, box in chosen)) == 6
    assert sorted(asked) == ["a", "b", "c", "d"]
    again = list(choose_people(list(boxes), boxes_of, seed=3))
    assert [(n, b[0]) for n, b in again] == [(n, b[0]) for n, b in chosen]
    orders = {tuple(n for n, _ in choose_people(list(boxes), boxes_of, s)) for s in range(8)}
    assert len(orders) > 1


def test_pictures_are_looked_at_only_until_there_are_enough():
    asked = []
    people = choose_people(range(50), lambda i: (asked.append(i), np.ones((2, 4)))[1], seed=0)
    for _ in range(5):
        next(people)
    assert len(asked) == 5


def test_network_without_metadata(e2e_models, tmp_path):
    model = e2e_models.pose_model(tmp_path / "bare.onnx")
    with pytest.raises(ParamsError, match=r"bare.onnx: metadata must say .* got no input_wh, colo"):
        load_noted_pipeline(model, None)


def test_nobody_and_a_box_outside(make_pipeline, picture):
    pipeline = make_pipeline(preprocess="kneron_520")
    with pytest.raises(ValueError, match="must show people, got nobody"):
        make_calibration(pipeline, [])
    with pytest.raises(ValueError, match=r"^\S+a.png: the region must share a pixel with the im"):
        make_calibration(pipeline, [(picture, np.array([500.0, 0, 9, 9]))])


def test_words_about_it(make_pipeline, picture):
    made = make_calibration(make_pipeline(preprocess="kneron_720"), people_of(picture))
    assert summary_of(made).startswith("3 crops from 1 images, float32 (3, 3, 64, 48) rgb, kner")
    assert [text[:52] for text in warnings_of(made)] == [
        "calibration should have at least 100 crops, got 3. G"
    ]
    many = make_calibration(make_pipeline(preprocess="float"), people_of(picture) * 34)
    (text,) = warnings_of(many)
    assert "got float, which no chip computes" in text


def test_files_are_whole_or_not_there(make_pipeline, picture, tmp_path, monkeypatch):
    made = make_calibration(make_pipeline(), people_of(picture))
    folder = tmp_path / "new" / "folder"

    def fail(image, suffix):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("utils.calibration.files.encode_rgb", fail)
        with pytest.raises(OSError, match=r"No space left on device: .*c\.npz"):
            write_calibration(folder / "c.npz", made)
    assert list(folder.iterdir()) == []
    assert write_calibration(folder / "c.npz", made) == folder / "c.png"
    assert sorted(file.name for file in folder.iterdir()) == ["c.npz", "c.png"]
    with np.load(folder / "c.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["images"], made.images)
        np.testing.assert_array_equal(file["boxes_xywh"], made.boxes_xywh)
        assert file["files"].tolist() == [str(picture)] * 3
        assert json.loads(str(file["notes"])) == made.notes
