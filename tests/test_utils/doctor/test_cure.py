"""What is broken in a known way is cured to what it was; what is in doubt is refused."""

import copy
import json

import cv2
import numpy as np
import pytest
from exif_images import with_orientation

from prepostprocess.image import load_rgb
from utils.dataset_check.json_file import load_json
from utils.doctor.cures.write import write_cured
from utils.doctor.every_check import LabelFiles
from utils.doctor.label_moves import upright

K = 5
SIZES = [(160, 120), (90, 200), (131, 77), (240, 250), (64, 64), (123, 201), (300, 210), (80, 50)]
UPRIGHT = [1] * len(SIZES)


@pytest.fixture(params=range(4))
def rng(request):
    return np.random.default_rng(request.param)


def labels(rng, sizes=SIZES) -> dict:
    """Two people on each image, joints in their boxes, some not labelled."""
    content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "person"}]}
    for number, size in enumerate(sizes, start=1):
        name = f"{number}.jpg"
        content["images"].append(dict(id=number, file_name=name, width=size[0], height=size[1]))
        for _ in range(2):
            start = rng.uniform(0, 0.4, 2) * size
            box = np.concatenate([start, rng.uniform(0.3, 0.55, 2) * size]).round(2)
            points = np.column_stack([rng.uniform(box[:2], box[:2] + box[2:] - 1, (K, 2)), [2] * K])
            points[:, :2] = points[:, :2].clip(0).round(2)
            points[rng.integers(K)] = 0
            content["annotations"].append(
                dict(
                    id=len(content["annotations"]) + 1,
                    image_id=number,
                    category_id=1,
                    bbox=box.tolist(),
                    area=float(0.53 * box[2] * box[3]),
                    keypoints=points.ravel().tolist(),
                    num_keypoints=K - 1,
                    segmentation=[[*box[:2].tolist(), *(box[:2] + box[2:]).tolist()]],
                )
            )
    return content


def write_images(folder, sizes, orientations=UPRIGHT):
    """Files that are decoded in these sizes."""
    folder.mkdir()
    for number, (size, turn) in enumerate(zip(sizes, orientations, strict=True), start=1):
        stored = size[::-1] if turn >= 5 else size
        data = cv2.imencode(".jpg", np.zeros((stored[1], stored[0], 3), np.uint8))[1].tobytes()
        (folder / f"{number}.jpg").write_bytes(with_orientation(data, turn))
    return folder


def cured(tmp_path, content, images=None) -> tuple[dict, list[str]]:
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(content))
    said = write_cured(LabelFiles(path, images), tmp_path / "cured.json")
    return load_json(tmp_path / "cured.json", "labels"), said


def assert_same(found: dict, wanted: dict, pixels: float = 0.02):
    assert [(i["width"], i["height"]) for i in found["images"]] == [
        (i["width"], i["height"]) for i in wanted["images"]
    ]
    assert [i["file_name"] for i in found["images"]] == [i["file_name"] for i in wanted["images"]]
    for one, other in zip(found["annotations"], wanted["annotations"], strict=True):
        np.testing.assert_allclose(one["keypoints"], other["keypoints"], atol=pixels)
        np.testing.assert_allclose(one["bbox"], other["bbox"], atol=pixels)
        assert one["area"] == pytest.approx(other["area"], rel=0.02)
        assert one["num_keypoints"] == other["num_keypoints"]


def each_person(content, change):
    sizes = {i["id"]: np.array((i["width"], i["height"]), float) for i in content["images"]}
    for person in content["annotations"]:
        points = np.reshape(np.array(person["keypoints"], float), (K, 3))
        change(person, points, points[:, 2] > 0, sizes[person["image_id"]])
        person["keypoints"] = points.ravel().tolist()


def share(person, points, labelled, size, by=1.0):
    points[:, :2] *= by / size
    person["bbox"] = (np.array(person["bbox"]) * np.tile(by / size, 2)).tolist()
    person["area"] *= by * by / size.prod()


def as_percent(person, points, labelled, size):
    share(person, points, labelled, size, 100)


def keypoints_as_share(person, points, labelled, size):
    points[:, :2] /= size


def minus_one(person, points, labelled, size):
    points[~labelled, 2] = -1
    person["num_keypoints"] = K


def no_area(person, points, labelled, size):
    person["area"] = None if person["id"] % 2 else 0


ALL = [share, as_percent, keypoints_as_share, minus_one, no_area]


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.__name__)
def test_numbers_of_another_kind(tmp_path, rng, change):
    wanted = labels(rng, [(3 * w, 3 * h) for w, h in SIZES])
    broken = copy.deepcopy(wanted)
    each_person(broken, change)
    found, said = cured(tmp_path, broken)
    assert_same(found, wanted)
    assert len(said) > 1


def test_only_who_was_multiplied_out_is_counted(tmp_path, rng):
    wanted = labels(rng, [(3 * w, 3 * h) for w, h in SIZES])
    broken = copy.deepcopy(wanted)
    each_person(broken, share)
    broken["annotations"][0] = copy.deepcopy(wanted["annotations"][0])  # in pixels
    found, said = cured(tmp_path, broken)
    assert_same(found, wanted)
    count = len(wanted["annotations"]) - 1
    assert said[:2] == [f"{count} people: {what} multiplied out" for what in ("keypoints", "boxes")]


def test_a_named_rule_of_visibility(tmp_path, rng):
    wanted = labels(rng)
    broken = copy.deepcopy(wanted)
    for person in broken["annotations"]:
        person["keypoints"][2::3] = [0.9 if v else 0.3 for v in person["keypoints"][2::3]]
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken))
    said = write_cured(LabelFiles(path, visible_above=0.5), tmp_path / "cured.json")
    assert_same(load_json(tmp_path / "cured.json", "labels"), wanted)
    assert said[0] == "80 visibilities: written as 2 above 0.5, as 0 else"


def test_backslashes(tmp_path, rng):
    wanted = labels(rng)
    broken = copy.deepcopy(wanted)
    for image in wanted["images"]:
        image["file_name"] = "a/b/" + image["file_name"]
    for image in broken["images"]:
        image["file_name"] = "a\\b\\" + image["file_name"]
    found, said = cured(tmp_path, broken)
    assert_same(found, wanted)
    assert said[0] == "8 file_names: written with / for \\"


def scale_labels(content, from_sizes, to_sizes):
    factors = {
        n: np.divide(to, of)
        for n, (of, to) in enumerate(zip(from_sizes, to_sizes), 1)  # noqa: B905
    }
    for image, to in zip(content["images"], to_sizes, strict=True):
        image["width"], image["height"] = to

    def change(person, points, labelled, size):
        factor = factors[person["image_id"]]
        points[labelled, :2] = (points[labelled, :2] + 0.5) * factor - 0.5
        person["bbox"] = (np.array(person["bbox"]) * np.tile(factor, 2)).tolist()
        person["area"] *= factor.prod()

    each_person(content, change)


def test_copies_of_another_size(tmp_path, rng):
    wanted = labels(rng)
    broken = copy.deepcopy(wanted)
    scale = rng.uniform(0.8, 4)
    larger = [(round(w * scale), round(h * scale)) for w, h in SIZES]
    scale_labels(broken, SIZES, larger)
    found, said = cured(tmp_path, broken, write_images(tmp_path / "images", SIZES))
    assert_same(found, wanted, pixels=0.6)  # a label at the very edge stays in the picture
    assert said[0].startswith("8 images: labels scaled")


def test_photographs_labelled_unturned(tmp_path, rng):
    turns = [6, *rng.integers(1, 9, len(SIZES) - 1).tolist()]
    wanted = labels(rng)
    broken = copy.deepcopy(wanted)
    stored = [size[::-1] if turn >= 5 else size for size, turn in zip(SIZES, turns, strict=True)]
    for image, size in zip(broken["images"], stored, strict=True):
        image["width"], image["height"] = size
    back = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # the turn that undoes a turn

    def unturn(person, points, labelled, size):
        number = person["image_id"] - 1
        frame = upright(back[turns[number]], SIZES[number])
        points[labelled, :2] = frame.move_points(points[labelled, :2])
        person["bbox"] = frame.move_box(person["bbox"]).tolist()

    each_person(broken, unturn)
    found, said = cured(tmp_path, broken, write_images(tmp_path / "images", SIZES, turns))
    assert_same(found, wanted, pixels=0.6)
    assert said[0].startswith(f"{sum(turn > 1 for turn in turns)} images: labels turned")


@pytest.mark.parametrize("turn", range(2, 9))
def test_labels_turn_as_the_decoder_turns_pixels(tmp_path, turn):
    stored = np.zeros((48, 80, 3), np.uint8)
    stored[8:16, 56:64] = 255  # a block of JPEG, centre 59.5, 11.5
    path = tmp_path / "a.jpg"
    path.write_bytes(with_orientation(cv2.imencode(".jpg", stored)[1].tobytes(), turn))
    bright = load_rgb(path)[..., 0] > 128
    rows, columns = np.nonzero(bright)
    frame = upright(turn, (80, 48))
    np.testing.assert_allclose(
        frame.move_points(np.array([59.5, 11.5])), (columns.mean(), rows.mean())
    )
    box = frame.move_box([56, 8, 8, 8])
    np.testing.assert_allclose(box, (columns.min(), rows.min(), 8, 8))


def test_width_and_height_alone_are_exchanged(tmp_path, rng):
    wanted = labels(rng)
    for person, size in zip(wanted["annotations"], np.repeat(SIZES, 2, axis=0), strict=True):
        person["keypoints"][:3] = [size[0] - 2.0, size[1] - 2.0, 2]
        person["bbox"] = [0, 0, int(size[0]), int(size[1])]
        person["num_keypoints"] = sum(v > 0 for v in person["keypoints"][2::3])
    broken = copy.deepcopy(wanted)
    for image in broken["images"]:
        image["width"], image["height"] = image["height"], image["width"]
    images = write_images(tmp_path / "images", SIZES, [6] * len(SIZES))
    found, said = cured(tmp_path, broken, images)
    assert_same(found, wanted)
    assert said[0] == "7 images: width and height exchanged"


def test_labels_that_fit_both_frames_are_not_turned(tmp_path, rng):
    content = labels(rng, sizes=[(64, 48)])
    for person in content["annotations"]:
        person["keypoints"] = [20.0, 14.0, 2, 20.0, 40.0, 2] + [0] * (3 * K - 6)
        person.update(bbox=[10, 10, 30, 30], num_keypoints=2, segmentation=[])
    images = write_images(tmp_path / "images", [(48, 64)], [6])
    with pytest.raises(ValueError, match="not cured"):
        cured(tmp_path, content, images)


def test_outlines_of_another_kind_are_left_out(tmp_path, rng):
    content = labels(rng)
    scale_labels(content, SIZES, [(2 * w, 2 * h) for w, h in SIZES])
    content["annotations"][0]["segmentation"] = [1, 2, 3, 4]
    content["annotations"][1]["segmentation"] = [{"counts": "a"}]
    found, said = cured(tmp_path, content, write_images(tmp_path / "images", SIZES))
    assert "segmentation" not in found["annotations"][0]
    assert any(line.startswith("2 segmentations: left out") for line in said)


def test_shares_keep_their_digits_beside_another_cure(tmp_path, rng):
    wanted = labels(rng, sizes=[(4000, 3000)] * len(SIZES))
    broken = copy.deepcopy(wanted)
    for person in broken["annotations"]:
        points = np.reshape(person["keypoints"], (K, 3))
        points[:, :2] /= (4000, 3000)
        points[points[:, 2] == 0, 2] = -1
        person["keypoints"] = points.ravel().tolist()
    found, _ = cured(tmp_path, broken)
    assert_same(found, wanted, pixels=0.002)


def test_what_cannot_be_cured_is_refused_in_a_line(tmp_path, rng):
    images = write_images(tmp_path / "images", [(50, 90)] * len(SIZES))
    with pytest.raises(ValueError, match=r"broken\.json: not cured, .*as wide and high") as caught:
        cured(tmp_path, labels(rng), images)
    assert "\n" not in str(caught.value)
    broken = labels(rng)
    broken["annotations"][0]["category_id"] = 4
    with pytest.raises(ValueError, match=r"not cured, .* not written: category_id"):
        cured(tmp_path, broken)
    with pytest.raises(ValueError, match="the lists 'images'"):
        cured(tmp_path, [])
    assert not (tmp_path / "cured.json").exists()


def test_the_labels_themselves_are_never_written_over(tmp_path, rng):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(labels(rng)))
    (tmp_path / "link.json").symlink_to(path)
    before = path.read_bytes()
    for output in (path, tmp_path / "link.json"):
        with pytest.raises(ValueError, match="--fix must name another file"):
            write_cured(LabelFiles(path), output)
    assert path.read_bytes() == before
