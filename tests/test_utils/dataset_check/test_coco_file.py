"""The one check of a data set: faults that once gave AP 0 in silence, and what is settled."""

import copy

import numpy as np
import pytest

from utils.dataset_check.coco_file import LabelRules, check_coco

NAMES = ("nose", "left_hand", "right_hand")


@pytest.fixture
def content():
    """Twelve people on as many images of 200 x 100, joints inside their boxes."""
    rng = np.random.default_rng(3)
    people = [
        {
            "id": number,
            "image_id": number,
            "category_id": 1,
            "bbox": [120, 20, 60, 70],
            "area": 2000.0,
            "num_keypoints": 3,
            "keypoints": np.column_stack(
                [rng.uniform((130, 30), (170, 80), (3, 2)).round(1), [2, 1, 2]]
            )
            .ravel()
            .tolist(),
        }
        for number in range(1, 13)
    ]
    images = [
        {"id": p["id"], "file_name": f"{p['id']}.jpg", "width": 200, "height": 100} for p in people
    ]
    categories = [{"id": 1, "name": "person", "keypoints": list(NAMES)}]
    return {"images": images, "annotations": people, "categories": categories}


def check(content, **rules):
    return check_coco(content, "a.json", LabelRules(NAMES, **rules))


def kinds(file, level):
    return [fault.kind for fault in file.faults if fault.level == level]


def test_good_file_has_no_fault_and_is_left_as_it_is(content):
    before = copy.deepcopy(content)
    file = check(content).require()
    assert not file.faults
    assert [p["keypoints"] for p in file.content["annotations"]] == [
        p["keypoints"] for p in before["annotations"]
    ]


def test_boxes_suffice_where_a_teacher_labels(content):
    del content["annotations"][0]["keypoints"]
    assert kinds(check(copy.deepcopy(content)), "error") == ["no-keypoints"]
    file = check(content, boxes_suffice=True).require()
    counts = [person["num_keypoints"] for person in file.content["annotations"]]
    assert counts[0] == 0
    assert min(counts[1:]) > 0


def every(key, change):
    def spoil(content):
        for person in content["annotations"]:
            person[key] = change(person[key])

    return spoil


def shares(points):
    return (np.reshape(points, (3, 3)) / (200, 100, 1)).ravel().tolist()


def exchanged(points):
    return np.reshape(points, (3, 3))[:, [1, 0, 2]].ravel().tolist()


def by_coordinate(points):
    return np.reshape(points, (3, 3)).T.ravel().tolist()


def from_corner(points):
    return (np.reshape(points, (3, 3)) - (120, 20, 0)).ravel().tolist()


def percent(content, keys=("keypoints", "bbox")):
    """Images of 400 x 250, what lies on them in percent."""
    for image in content["images"]:
        image.update(width=400, height=250)
    for person in content["annotations"]:
        points = np.reshape(person["keypoints"], (3, 3)) * (2, 2.5, 1)
        box = np.multiply(person["bbox"], (2, 2.5, 2, 2.5))
        if "keypoints" in keys:
            points /= (4, 2.5, 1)
        if "bbox" in keys:
            box /= (4, 2.5, 4, 2.5)
        person.update(keypoints=points.ravel().tolist(), bbox=box.tolist())


REFUSED = {  # what is done to a good file: kind of fault, and words of its line
    "visibility .3": (
        lambda c: c["annotations"][4]["keypoints"].__setitem__(2, 0.3),
        r"visibility must be 0 .*annotation 5\. Found: 0\.3 .*visible_above=0\.5",
    ),
    "visibility 3": (
        lambda c: c["annotations"][0]["keypoints"].__setitem__(2, 3),
        r"Found: 3\.0 \(1 times\)",
    ),
    "another joint": (
        lambda c: c["categories"][0].update(keypoints=["nose", "left_hand", "tail"]),
        r"names of the config's metainfo, .*'tail' unknown here, 'right_hand' missing",
    ),
    "unknown category": (
        every("category_id", lambda _: 7),
        r"category_id .* must be listed under 'categories' \('person' \(id 1\)\).*7 of 12",
    ),
    "no category": (lambda c: c["categories"].clear(), r"listed under 'categories' \(none\)"),
    "two categories": (
        lambda c: (
            c["categories"].append({"id": 2, "name": "horse"}),
            c["annotations"][0].update(category_id=2),
        ),
        r"of one category, .*'person' \(id 1\) 11 times, 'horse' .*category = \"person\"",
    ),
    "text as ids of images": (
        lambda c: (c["images"][0].update(id="a"), c["annotations"][0].update(image_id="a")),
        r"images must have a whole number as id, .*images\[0\] has 'a'\. Write numbers",
    ),
    "text as category": (
        lambda c: (c["categories"][0].update(id="p"), every("category_id", lambda _: "p")(c)),
        r"annotations must have a whole number as category_id, .*annotations\[0\] has 'p', .*Write",
    ),
    "keypoints 0 to 1": (every("keypoints", shares), r"in pixels, .*keypoints of 0 to 1\. They"),
    "all but one keypoints 0 to 1": (
        lambda c: (
            every("keypoints", shares)(c),
            c["annotations"][0].update(keypoints=[130, 30, 2, 140, 40, 2, 150, 50, 2]),
        ),
        r"in pixels, .*keypoints of 0 to 1\. They",
    ),
    "percent": (percent, r"in pixels, .*keypoints of 0 to 100, boxes of 0 to 100\. .* by 100"),
    "keypoints in percent": (
        lambda c: percent(c, ("keypoints",)),
        r"in pixels, .*keypoints of 0 to 100\. .* divide by 100",
    ),
    "boxes in percent": (
        lambda c: percent(c, ("bbox",)),
        r"in pixels, .*boxes of 0 to 100\. .* divide by 100",
    ),
    "areas in shares of the image": (
        every("area", lambda area: area / 20000),
        r"area must be the person's in pixels, .*annotation 1 has 0\.1, its box 4200.* Leave area",
    ),
    "areas of the image": (every("area", lambda _: 20000), r"area must be .* has 20000, its box"),
    "lists in keypoints": (
        every("keypoints", lambda p: np.reshape(p, (3, 3)).tolist()),
        r"finite numbers as keypoints .*\(id 1\) has \[\d+\.\d+, \d+\.\d+, 2\.0\] in keypoints",
    ),
    "iscrowd in words": (
        lambda c: c["annotations"][3].update(iscrowd="0"),
        r"iscrowd of annotations must be 0 or 1.*\(id 4\) has '0'",
    ),
    "x and y exchanged": (every("keypoints", exchanged), r"in the person's box.* exchanged"),
    "x x x y y y": (every("keypoints", by_coordinate), r"They look like coordinates: the order"),
    "from the box's corner": (every("keypoints", from_corner), r"counted from the box's corner"),
    "boxes as corners": (
        every("bbox", lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]]),
        r"bbox must be \[x, y, width, height\], .*would not as \[left, top, right, bottom\]",
    ),
    "boxes as centres": (
        every("bbox", lambda b: [b[0] + b[2] / 2, b[1] + b[3] / 2, b[2], b[3]]),
        r"bbox must be \[x, y, width, height\], .*look like the box's centre\. Subtract half",
    ),
    "labelled on larger copies": (
        lambda c: (
            [(every(key, lambda v: [2 * n for n in v])(c)) for key in ("bbox", "keypoints")]
            and every("keypoints", lambda v: [n if k % 3 < 2 else 2 for k, n in enumerate(v)])(c)
        ),
        r"must lie inside their image, got 12 .* They look labelled on images of another size",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), REFUSED.values(), ids=REFUSED)
def test_what_gave_ap_0_in_silence_is_refused_in_one_line(content, spoil, message):
    spoil(content)
    with pytest.raises(ValueError, match=message) as caught:
        check(content).require()
    assert "\n" not in str(caught.value)


def test_sorted_keypoint_names_are_put_into_the_networks_order(content):
    expected = [p["keypoints"] for p in content["annotations"]]
    order = [1, 0, 2]  # left_hand, nose, right_hand: by the alphabet
    content["categories"][0]["keypoints"] = sorted(NAMES)
    for person in content["annotations"]:
        person["keypoints"] = np.reshape(person["keypoints"], (3, 3))[order].ravel().tolist()
    file = check(content).require()
    assert [p["keypoints"] for p in file.content["annotations"]] == expected
    assert kinds(file, "note") == ["keypoint-order"]


def test_names_that_are_no_text_are_not_judged(content):
    content["categories"][0]["keypoints"] = [1, 2, 3]
    assert not check(content).require().faults


def test_visibility_minus_1_is_no_label(content):
    content["annotations"][0]["keypoints"][2] = -1
    file = check(content).require()
    assert file.content["annotations"][0]["keypoints"][2] == 0
    assert file.content["annotations"][0]["num_keypoints"] == 2


def test_named_rule_turns_scores_into_labels(content):
    content["annotations"][0]["keypoints"][2::3] = [0.3, 0.5, 0.9]
    file = check(content, visible_above=0.5).require()
    assert file.content["annotations"][0]["keypoints"][2::3] == [0, 0, 2]
    assert file.content["annotations"][0]["num_keypoints"] == 1


def test_named_category_leaves_the_others_out(content):
    content["categories"].append({"id": 2, "name": "horse"})
    content["annotations"][0] |= {"category_id": 2, "keypoints": None}
    file = check(content, category="person").require()
    assert len(file.content["annotations"]) == 11
    assert file.category["id"] == 1


@pytest.mark.parametrize("area", [None, 0, -3.0, "5"])
def test_area_that_is_none_is_taken_of_the_box_and_said(content, area):
    content["annotations"][0]["area"] = area
    file = check(content).require()
    assert file.content["annotations"][0]["area"] == pytest.approx(0.53 * 60 * 70)
    assert kinds(file, "note") == ["area"]


TOLD = {
    "visibility-0": every("keypoints", lambda p: [n if k % 3 < 2 else 0 for k, n in enumerate(p)]),
    "bbox-image": every("bbox", lambda _: [0, 0, 200, 100]),
}


@pytest.mark.parametrize(("kind", "spoil"), TOLD.items(), ids=TOLD)
def test_what_may_be_meant_so_is_told(content, kind, spoil):
    spoil(content)
    for person in content["annotations"]:
        del person["num_keypoints"], person["area"]
        person["keypoints"][2] = 2
    assert kinds(check(content), "warning") == [kind]
    assert not kinds(check(content), "error")


def test_guessed_places_of_what_the_image_cuts_off_are_a_warning(content):
    for person in content["annotations"]:
        person["keypoints"][1] = person["keypoints"][4] = 150  # below the image
    assert "keypoint-outside" in kinds(check(content), "warning")
    assert "keypoint-outside" not in kinds(check(content), "error")


def test_a_few_unlabelled_places_are_no_fault(content):
    for person in content["annotations"]:
        person["keypoints"][2], person["num_keypoints"] = 0, 2
    assert not check(content).faults


def test_some_odd_areas_are_no_fault(content):
    """COCO has areas of eight times the box, where an outline covers more than the person."""
    for person in content["annotations"][:5]:
        person["area"] = 8.0 * 60 * 70
    assert not check(content).faults


def test_text_ids_of_annotations_are_numbered(content):
    for person in content["annotations"][:6]:
        person["id"] = f"p{person['id']}"
    file = check(content).require()
    assert [p["id"] for p in file.content["annotations"]] == list(range(1, 13))


def test_num_keypoints_that_is_wrong_is_counted(content):
    content["annotations"][0]["num_keypoints"] = 0
    file = check(content).require()
    assert file.content["annotations"][0]["num_keypoints"] == 3
    assert kinds(file, "warning") == ["num-keypoints"]


def test_evaluation_can_do_without_boxes_areas_and_categories(content):
    del content["categories"]
    for person in content["annotations"]:
        for key in ("bbox", "area", "category_id"):
            del person[key]
    for image in content["images"]:
        del image["width"], image["height"]
    file = check(content, evaluation_only=True).require()
    person = file.content["annotations"][0]
    xy = np.reshape(person["keypoints"], (3, 3))[:, :2]
    np.testing.assert_allclose(person["bbox"], [*xy.min(0), *(xy.max(0) - xy.min(0))])
    assert person["area"] == pytest.approx(person["bbox"][2] * person["bbox"][3])


def test_all_faults_come_at_once(content):
    content["annotations"][0]["keypoints"][0] = None
    content["annotations"][1]["bbox"] = [1, 2]
    content["annotations"][2]["keypoints"] = [1, 2]
    assert set(kinds(check(content), "error")) == {"not-finite", "bbox", "keypoint-count"}
    with pytest.raises(ValueError, match=r"and 2 more kinds of faults: tools/doctor\.py a\.json"):
        check(content).require()


def test_doubles_are_told(content):
    content["images"][1]["file_name"] = content["images"][0]["file_name"]
    content["annotations"].append(content["annotations"][3] | {"id": 99})
    assert set(kinds(check(content), "warning")) == {"image-twice", "person-twice"}


def test_a_category_is_named_by_its_number_too(content):
    content["categories"].append({"id": 2, "name": "horse"})
    content["annotations"][0] |= {"category_id": 2, "keypoints": None}
    assert check(content, category="1").require().category["name"] == "person"
