"""Sigmas from images that two people labelled: a known spread comes back."""

import json

import numpy as np
import pytest

from prepostprocess.keypoints.oks import keypoint_similarity
from utils.own_data.data_file import read_own_data
from utils.own_data.repeated import LEAST_PAIRS, estimate_sigmas

NAMES = ("nose", "left_hand", "right_hand")
SIGMAS = np.array([0.02, 0.05, 0.1])
AREA = 60.0 * 100.0


def as_coco(points: np.ndarray, start: int = 0) -> dict:
    """Describe people, float (images, people, K, 2)."""
    people = [
        {
            "id": 10 * image + place + 1,
            "image_id": image,
            "category_id": 1,
            "bbox": [*xy.min(axis=0).tolist(), 60.0, 100.0],
            "area": AREA,
            "keypoints": np.column_stack([xy, np.full(len(xy), 2.0)]).ravel().tolist(),
        }
        for image, found in enumerate(points, start)
        for place, xy in enumerate(found)
    ]
    images = [
        {"id": start + i, "file_name": f"{start + i}.jpg", "width": 900, "height": 900}
        for i in range(len(points))
    ]
    categories = [{"id": 1, "name": "person", "keypoints": list(NAMES)}]
    return {"images": images, "annotations": people, "categories": categories}


def off(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Label points with the known spread: a root mean square distance of sigma, both axes."""
    spread = SIGMAS[:, None] * np.sqrt(AREA / 2)
    return points + rng.normal(size=points.shape) * spread


@pytest.fixture
def truth(rng):
    """Two people on each of 200 images, far from one another."""
    corner = rng.uniform(100, 300, (200, 2, 1, 2)) + np.array([[[0, 0]], [[400, 200]]])
    return corner + rng.uniform(0, 1, (200, 2, 3, 2)) * (60, 100)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def test_a_known_spread_comes_back(tmp_path, truth, rng):
    first = write(tmp_path / "a.json", as_coco(off(truth, rng)))
    second = as_coco(off(truth, rng)[:, ::-1])  # in another order
    for image in second["images"]:
        image["id"] += 7000
    for person in second["annotations"]:
        person["image_id"] += 7000
        del person["area"], person["bbox"]
    sigmas, people = estimate_sigmas([first], write(tmp_path / "b.json", second), NAMES, None)
    assert people == 400
    error = 1 / (2 * np.sqrt(people))  # of the root of a mean of exponential draws
    np.testing.assert_allclose(sigmas, SIGMAS, rtol=4 * error)


def test_the_similarity_of_a_label_and_the_truth_is_that_of_cocos_definition(truth, rng):
    """COCO's k is 2 sigma: of labels off by sigma, E[exp(-d^2 / (8 sigma^2 s^2))] = 8/9."""
    labels = off(truth, rng).reshape(-1, 3, 2)
    found = [
        keypoint_similarity(label[None], xy, AREA, SIGMAS)
        for label, xy in zip(labels, truth.reshape(-1, 3, 2), strict=True)
    ]
    assert np.mean(found) == pytest.approx(8 / 9, abs=0.01)


def test_only_what_both_labelled_counts(tmp_path, truth, rng):
    first, second = as_coco(off(truth, rng)), as_coco(off(truth, rng))
    for person in second["annotations"][::2]:
        person["keypoints"][3:6] = [0, 0, 0]
    second["annotations"] = second["annotations"][:300]
    paths = write(tmp_path / "a.json", first), write(tmp_path / "b.json", second)
    sigmas, people = estimate_sigmas([paths[0]], paths[1], NAMES, None)
    assert people == 300
    np.testing.assert_allclose(sigmas, SIGMAS, rtol=0.2)


def test_too_few_are_counted_in_one_line(tmp_path, truth, rng):
    first, second = as_coco(off(truth, rng)), as_coco(off(truth[:20], rng))
    for person in second["annotations"][:15]:
        person["keypoints"][:3] = [0, 0, 0]
    paths = write(tmp_path / "a.json", first), write(tmp_path / "b.json", second)
    message = rf"b\.json: .* on {LEAST_PAIRS} people, got 'nose' 25 \(40 people on 20 images"
    with pytest.raises(ValueError, match=message):
        estimate_sigmas([paths[0]], paths[1], NAMES, None)


def test_images_of_other_names_share_nobody(tmp_path, truth):
    paths = (
        write(tmp_path / "a.json", as_coco(truth)),
        write(tmp_path / "b.json", as_coco(truth, 900)),
    )
    with pytest.raises(ValueError, match=r"'nose' 0, .*\(0 people on 0 images"):
        estimate_sigmas([paths[0]], paths[1], NAMES, None)


def test_a_copy_is_told(tmp_path, truth):
    path = write(tmp_path / "a.json", as_coco(truth))
    with pytest.raises(ValueError, match="very same labels of nose, .*a copy"):
        estimate_sigmas([path], path, NAMES, None)


def test_an_image_name_of_two_sets_is_told(tmp_path, truth, rng):
    paths = [write(tmp_path / f"{n}.json", as_coco(off(truth, rng))) for n in "abc"]
    with pytest.raises(ValueError, match="200 names that are in two: 0.jpg, "):
        estimate_sigmas(paths[:2], paths[2], NAMES, None)


def test_a_data_file_says_the_numbers(tmp_path, truth, rng):
    (tmp_path / "images").mkdir()
    write(tmp_path / "a.json", as_coco(off(truth, rng)[:150]))
    write(tmp_path / "b.json", as_coco(off(truth, rng)[150:], 150))
    write(tmp_path / "again.json", as_coco(off(truth, rng)))
    data = tmp_path / "mine.yaml"
    data.write_text(
        "train: {annotations: a.json, images: images}\nval: {annotations: b.json, images: images}\n"
        f"keypoints: [{', '.join(NAMES)}]\nsigmas: {{repeated: again.json}}\n"
    )
    found = read_own_data(data)
    np.testing.assert_allclose(found.joints.sigmas, SIGMAS, rtol=0.1)
    assert "400 people labelled twice" in found.remarks[0]
    assert str(found.joints.sigmas.tolist()) in found.remarks[0]
