import json

import numpy as np
import pytest

from utils.evaluation.comparison import (
    Person,
    coco_truth,
    distances,
    joint_table,
    match_people,
    read_results,
    read_truth,
    to_coco,
)
from utils.evaluation.report import load_eval_params, report
from utils.params import ParamsError

KEY = "lmk_coco_body_17pts"


def pose(image, points, labelled=None, area=10000.0) -> Person:
    points = np.array(points, float)
    labelled = np.ones(17, bool) if labelled is None else labelled
    return Person(image, points, labelled, area, np.array([0, 0, 100.0, 100]), 1.0)


@pytest.fixture
def points() -> np.ndarray:
    return np.random.default_rng(0).uniform(10, 100, (17, 2))


@pytest.fixture
def save(tmp_path):
    def save(content, name="a.json"):
        (tmp_path / name).write_text(json.dumps(content))
        return tmp_path / name

    return save


def test_distances__golden(points):
    labelled = np.zeros(17, bool)
    labelled[[0, 5]] = True
    moved = points.copy()
    moved[0] += [3, 4]
    moved[1] += 1000  # not labelled, so it does not count
    matches = match_people([pose("a", points, labelled)], [pose("a", moved)])
    # |dx| + |dy| = 7 and 0; the straight distances 5 and 0; four coordinates, 7 in sum.
    assert distances(matches) == pytest.approx(dict(l1=3.5, l2=2.5, MAE=1.75))


def test_match_people__each_prediction_once_and_the_best_first(points):
    truth = [pose("a", points), pose("a", points + 5), pose("b", points)]
    found = [pose("a", points + 4), pose("a", points + 200)]
    matches = match_people(truth, found)
    assert matches[1].prediction is found[0]
    assert matches[0].prediction is found[1]
    assert matches[2].prediction is None
    assert matches[2].similarity == 0


def test_joint_table__missed_people_count_as_unlike(points):
    truth = [pose("a", points), pose("b", points)]
    rows = joint_table(match_people(truth, [pose("a", points)]))
    assert rows[0] == dict(joint="nose", labelled=2, l1=0, l2=0, MAE=0, similarity=0.5)
    nobody = joint_table([])
    assert np.isnan(nobody[0]["similarity"])


@pytest.mark.parametrize("layout", ["flat34", "flat51", "17x2", "17x3"])
def test_read__all_four_layouts(save, points, layout):
    rows = points if layout in ("flat34", "17x2") else np.column_stack([points, np.full(17, 0.5)])
    values = rows.tolist() if "x" in layout else rows.ravel().tolist()
    truth, images, numbers = read_truth(save([{"img_path": "d/a.jpg", KEY: values}]), KEY)
    np.testing.assert_array_equal(truth[0].keypoints, points)
    assert (images, numbers) == (["d/a.jpg"], {})
    found = read_results(save([{"img_path": "/x/a.jpg", KEY: values}], "r.json"), KEY, images, {})
    assert found[0].image == "d/a.jpg"  # the file name is enough where it is the only one


def test_read_truth__points_at_the_origin_are_not_labelled(save, points):
    points[3] = 0
    points[4] = -1
    record = {"img_path": "a.jpg", KEY: points.ravel().tolist()}
    truth, _, _ = read_truth(save([record, {"img_path": "b.jpg", KEY: []}]), KEY)
    assert len(truth) == 1
    assert np.flatnonzero(~truth[0].labelled).tolist() == [3, 4]


def test_read_truth__coco(save, points):
    flat = np.column_stack([points, np.full(17, 2)]).ravel().tolist()
    same = dict(image_id=7, category_id=1, area=50.0, bbox=[0, 0, 9, 9])
    people = [
        dict(same, id=1, keypoints=flat, iscrowd=0),
        dict(same, id=2, keypoints=[0] * 51, iscrowd=0),
        dict(same, id=3, keypoints=flat, iscrowd=1),
    ]
    images = [dict(id=7, file_name="a.jpg")]
    content = dict(images=images, annotations=people, categories=[dict(id=1, name="person")])
    truth, images, numbers = read_truth(save(content), KEY)
    assert [p.area for p in truth] == [50.0]
    assert numbers == {7: "a.jpg"}
    results = save([dict(image_id=7, keypoints=flat, score=0.5)], "r.json")
    assert read_results(results, KEY, images, numbers)[0].score == 0.5


@pytest.mark.parametrize("area", [None, 0])
def test_a_truth_is_judged_as_training_judges_it(save, points, area):
    flat = np.column_stack([points, np.full(17, 2)]).ravel().tolist()
    person = dict(id=1, image_id=7, category_id=3, area=area, bbox=[0, 0, 10, 10], keypoints=flat)
    content = dict(
        images=[dict(id=7, file_name="a.jpg")],
        annotations=[person],
        categories=[dict(id=3, name="person")],
    )
    assert read_truth(save(content), KEY)[0][0].area == pytest.approx(53)
    found = coco_truth(save(content))
    assert [p["category_id"] for p in found["annotations"]] == [found["categories"][0]["id"]] == [1]
    person["category_id"] = 7
    with pytest.raises(ValueError, match="category_id of annotations must be listed"):
        read_truth(save(content), KEY)
    person.update(category_id=3, keypoints=[*flat[:2], 0.3, *flat[3:]])
    with pytest.raises(ValueError, match="visibility must be 0"):
        read_truth(save(content), KEY)


def test_read_results__two_files_of_one_name_are_not_guessed_at(save, points):
    flat = points.ravel().tolist()
    images = ["a/1.jpg", "b/1.jpg", "c/2.jpg"]
    records = [{"img_path": name, KEY: flat} for name in ("z/1.jpg", "z/2.jpg", "a/1.jpg")]
    found = read_results(save(records), KEY, images, {})
    assert [p.image for p in found] == ["c/2.jpg", "a/1.jpg"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "it must be a COCO keypoint file with the lists .*got no list 'images'"),
        (
            [{"img_path": "a.jpg", KEY: [0] * 34}],
            "somebody must have a labelled keypoint, got none",
        ),
        (
            {"images": [], "annotations": [], "categories": [{"id": 1, "name": "person"}]},
            "somebody must have a labelled keypoint, got none",
        ),
        ([{"img_path": "a.jpg"}], f"each record must have '{KEY}', got one without"),
        ([{"img_path": "a.jpg", KEY: [1, 2, 3]}], "landmarks of a.jpg must be 34 or 51 finite num"),
        (
            [{"img_path": "a.jpg", KEY: [float("nan")] * 34}],
            "landmarks of a.jpg must be 34 or 51 fini",
        ),
    ],
)
def test_read_truth__says_what_is_wrong(save, content, message):
    with pytest.raises(ValueError, match=rf"a\.json: {message}"):
        read_truth(save(content), KEY)


def test_read_results__names_that_the_truth_does_not_have(save, points):
    path = save([{"img_path": "x.jpg", KEY: points.ravel().tolist()}])
    with pytest.raises(ValueError, match=r"img_path must be as in the ground truth, got 'x\.jpg'"):
        read_results(path, KEY, ["a.jpg"], {})


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="a list of records or .*, got no such file"):
        read_truth(tmp_path / "none.json", KEY)
    (tmp_path / "a.json").write_text("[")
    with pytest.raises(ValueError, match="got a file that is not JSON"):
        read_truth(tmp_path / "a.json", KEY)


def test_to_coco__numbers_images_and_marks_labels(points):
    labelled = np.arange(17) < 5
    content = to_coco([pose("b.jpg", points, labelled)], ["a.jpg", "b.jpg"])
    person = content["annotations"][0]
    assert person["image_id"] == 2
    assert person["num_keypoints"] == 5
    assert person["keypoints"][2::3] == [2] * 5 + [0] * 12


@pytest.mark.parametrize("indent", ["", "  "])
def test_load_eval_params__kneron_evals_yaml(tmp_path, indent):
    (tmp_path / "gt.json").write_text("[]")
    lines = ["GT_json_path: gt.json", "inference_result: gt.json"]
    lines += [f"landmark_points: {KEY}", "distance_metrics: l2"]
    text = "regression:\n" * bool(indent) + "".join(f"{indent}{line}\n" for line in lines)
    (tmp_path / "e.yaml").write_text(text)
    params = load_eval_params(tmp_path / "e.yaml")
    assert params.GT_json_path == tmp_path / "gt.json"
    assert params.distance_metrics == "l2"
    (tmp_path / "e.yaml").write_text(text.replace("l2", "l3"))
    with pytest.raises(ParamsError, match="distance_metrics must be one of l1, l2, MAE, got 'l3'"):
        load_eval_params(tmp_path / "e.yaml")


def test_report__one_metric_or_all(points):
    matches = match_people([pose("a", points)], [pose("a", points + 1)])
    text = report(matches, {"AP": 0.5}, 1, "l2")
    assert "1 images, 1 people labelled, 1 found" in text
    assert "l2     1.414 px" in text
    assert "MAE" not in text
    assert "MAE    1.000 px" in report(matches, {"AP": 0.5}, 1, None)
