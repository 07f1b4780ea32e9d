"""A data set in one YAML file: what follows from names, and all faults at once."""

from pathlib import Path

import numpy as np
import pytest

from models.export.metadata import colours_of
from prepostprocess.keypoints.coco import (
    COCO_FLIP_PAIRS,
    COCO_SIGMAS,
    COCO_SKELETON,
    KEYPOINT_NAMES,
)
from utils.config_reader.evaluation import choose_boxes, words_by_boxes
from utils.config_reader.read import read_config_file
from utils.drawing import LEFT_RGB, MIDDLE_RGB, RIGHT_RGB
from utils.own_data.data_file import read_own_data
from utils.params import ParamsError

SETS = """
train: {annotations: labels.json, images: pictures/}
val: {annotations: held_out.json, images: pictures/}
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "pictures").mkdir()
    for name in ("labels.json", "held_out.json"):
        (tmp_path / name).write_text("{}")

    def write(text: str, sets: str = SETS) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(sets + text)
        return path

    return write


def test_coco_needs_names_alone(write):
    data = read_own_data(write(f"keypoints: {list(KEYPOINT_NAMES)}"))
    assert data.joints.flip_pairs == COCO_FLIP_PAIRS
    assert set(data.joints.links) == set(COCO_SKELETON)
    np.testing.assert_array_equal(data.joints.sigmas, COCO_SIGMAS)
    assert not data.remarks
    assert data.val.images == data.source.parent / "pictures"


def test_sigmas_that_nobody_knows_are_said(write):
    data = read_own_data(write("keypoints: [nose, antenna]"))
    assert data.joints.sigmas.tolist() == [0.026, 0.05]
    assert "1 take 0.05" in data.remarks[0]


def test_what_is_given_counts(write):
    text = "keypoints: [a, b, c]\nflip_pairs: [[a, c]]\nlinks: [[c, b]]\nsigmas: [.1, 0.2, 1]\n"
    joints = read_own_data(write(text + "category: 3")).joints
    assert joints.flip_pairs == ((0, 2),)
    assert joints.links == ((2, 1),)
    assert joints.sigmas.tolist() == [0.1, 0.2, 1.0]


def test_sides_may_stand_anywhere_in_a_name(write):
    joints = read_own_data(write("keypoints: [eye_right, EarLeft, eye_left, EarRight]")).joints
    assert joints.flip_pairs == ((1, 3), (2, 0))


SIDED = {
    "l_eye, r_eye, tip": ((0, 1),),
    "REye, LEye": ((1, 0),),
    "eye-l, eye-r": ((0, 1),),
    "eyeR, eyeL": ((1, 0),),
    "lsho, rsho": ((0, 1),),
    "LEFT_EYE, RIGHT_EYE": ((0, 1),),
    "lip, rib, heel": (),
    "left_eye, right_eye, l_ear, r_ear": ((0, 1), (2, 3)),
}


@pytest.mark.parametrize(("names", "pairs"), SIDED.items(), ids=SIDED)
def test_sides_may_be_letters_and_are_said(write, names, pairs):
    data = read_own_data(write(f"keypoints: [{names}]\nsigmas: {[0.1] * len(names.split())}"))
    assert data.joints.flip_pairs == pairs
    told = ["by a letter of their names, [" in remark for remark in data.remarks]
    assert told == ([True] if pairs else [])


def test_what_may_be_a_slip_is_said(write):
    one = "{annotations: labels.json, images: pictures/}"
    sets = f"train: [{one}, {one}]\nval: {one}\n"
    remarks = read_own_data(write("keypoints: [a, b]\nsigmas: [0.26, 2.6]", sets)).remarks
    assert [remark.partition(".")[0] for remark in remarks] == [
        "a sigma of 2",  # .6
        "train names labels",  # .json 2 times
        "val is trained on too",
    ]


FAULTS = {
    "a key twice": ("keypoints: [a]\nkeypoints: [b]", "line 5: 'keypoints' is there twice"),
    "lonely side": ("keypoints: [left_a]", "'left_a' has no 'right_a' to change places with"),
    "twice": ("keypoints: [a, a]", "keypoint 'a' is there 2 times"),
    "no list": ("keypoints: a", "keypoints must be a list of names"),
    "pair of strangers": ("keypoints: [a]\nflip_pairs: [[a, x]]", "flip_pairs: 'x' is no keypoint"),
    "in two pairs": ("keypoints: [a, b, c]\nflip_pairs: [[a, b], [a, c]]", "'a' is in two"),
    "no pair": ("keypoints: [a]\nlinks: [[a]]", r"links: \['a'\] is no pair"),
    "few sigmas": ("keypoints: [a, b]\nsigmas: [1]", "sigmas must be 2 numbers above 0"),
    "sigma of 0": ("keypoints: [a]\nsigmas: [0]", "sigmas must be 1 numbers above 0"),
    "no second labels": ("keypoints: [a]\nsigmas: {repeated: gone}", "sigmas: no file .*gone"),
    "other words": ("keypoints: [a]\nsigmas: {again: labels.json}", "one a keypoint, or {repeated"),
    "category": ("keypoints: [a]\ncategory: [1]", "category must be a name or a number"),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS)
def test_faults_are_told(write, text, message):
    with pytest.raises(ParamsError, match=rf"mine\.yaml: .*{message}"):
        read_own_data(write(text))


def test_all_faults_stand_in_one_line(write):
    sets = "train: {annotations: gone.json, images: lost/}\nval: 5\n"
    with pytest.raises(ParamsError) as caught:
        read_own_data(write("keypoints: [a, a]\nsigmas: [-1, 1]", sets))
    told = str(caught.value)
    assert "\n" not in told
    assert "got 5 faults" in told
    for part in ("gone.json", "lost", "val must have annotations", "2 times", "sigmas must"):
        assert part in told


def test_a_misspelt_key_is_told(write):
    with pytest.raises(ParamsError, match="unknown key 'keypoint'. Did you mean 'keypoints'"):
        read_own_data(write("keypoint: [a]"))


COLOURED = "keypoints: [tip, left_a, right_a]\nsigmas: [.1, .1, .1]\ncolours: {tip: [1, 2, 3]}"


def test_colours_reach_the_config_and_the_exported_file(write):
    config = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
    expected = ((1, 2, 3), LEFT_RGB, RIGHT_RGB)
    file = write(COLOURED)
    assert read_own_data(file).joints.colours == expected
    assert colours_of(read_config_file(config, data=file)) == expected
    assert colours_of(read_config_file(config)) is None  # its sides' say it


@pytest.mark.parametrize("more", ["", "\ncolours: {tip: [90, 220, 90]}"], ids=["none", "some"])
def test_colours_that_are_not_given_follow_names_then_pairs(write, more):
    config = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
    text = "keypoints: [tip, port, starboard, right_a, left_a]\nsigmas: [.1, .1, .1, .1, .1]\n"
    text += "flip_pairs: [[port, starboard], [right_a, left_a]]"
    found = colours_of(read_config_file(config, data=write(text + more)))
    assert found == (MIDDLE_RGB, LEFT_RGB, RIGHT_RGB, RIGHT_RGB, LEFT_RGB)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("[1]", "colours must be lines of a keypoint"),
        ("{x: [1, 2, 3]}", "colours: 'x' is no keypoint"),
        ("{tip: [1, 2]}", "'tip' must have three numbers 0..255"),
        ("{tip: [1, 2, 256]}", "'tip' must have three numbers 0..255"),
    ],
)
def test_colours_that_are_none(write, given, fault):
    with pytest.raises(ParamsError, match=fault):
        read_own_data(write(COLOURED.replace("{tip: [1, 2, 3]}", given)))


BOXED = SETS.strip()[:-1] + ", detections: boxes.json}\n"


def test_boxes_of_a_detector_reach_the_tests(write, tmp_path):
    config = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
    (tmp_path / "boxes.json").write_text("[]")
    file = write("keypoints: [a]\nsigmas: [.1]", BOXED)
    boxes = tmp_path / "boxes.json"
    assert read_own_data(file).val.detections == boxes
    found = read_config_file(config, data=file)
    assert choose_boxes(found) == ["ground-truth", "detector"]
    both = words_by_boxes(found, words=["mAP", "PCK"])
    assert both == {"ground-truth": ["mAP", "PCK"], "detector": ["mAP"]}
    assert words_by_boxes(found, words=["EPE"]) == {"ground-truth": ["EPE"]}
    assert words_by_boxes(found, "detector", ["EPE"]) == {"detector": ["EPE"]}  # refused later
    assert words_by_boxes(found) == {"ground-truth": [], "detector": []}
    assert Path(found.detection_file) == boxes
    assert (
        read_config_file(config, data=write("keypoints: [a]\nsigmas: [.1]")).detection_file is None
    )


@pytest.mark.parametrize(
    ("sets", "fault"),
    [
        (BOXED, "val: no file"),
        (
            BOXED.replace("val:", "x:").replace("train:", "val:").replace("x:", "train:"),
            "train must",
        ),
        (SETS.replace("images", "pictures"), "val must have annotations and images"),
    ],
)
def test_boxes_where_they_do_not_belong(write, sets, fault):
    with pytest.raises(ParamsError, match=fault):
        read_own_data(write("keypoints: [a]\nsigmas: [.1]", sets))
