"""tools/prepare_data.py: each format gives the same person, in files that training reads."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from utils.dataset_check.coco_file import LabelRules, read_coco
from utils.label_formats.label_studio import read_label_studio
from utils.label_formats.labelled import box_around, is_held_out
from utils.own_data.data_file import read_own_data

TOOL = "tools/prepare_data.py"
POINTS = {"nose": (40.0, 20.0, 2), "left_hand": (20.0, 60.0, 1)}  # of an image of 100x80
CVAT = """<annotations><image id="0" name="a.png" width="100" height="80">
<skeleton label="person"><points label="nose" occluded="0" outside="0" points="40.0,20.0"/>
<points label="left_hand" occluded="1" outside="0" points="20.0,60.0"/>
<points label="right_hand" occluded="0" outside="1" points="0,0"/>
</skeleton></image></annotations>"""


def labelme(folder: Path) -> Path:
    shapes = [
        {"label": name, "points": [[x, y]], "shape_type": "point", "group_id": 7,
         "flags": {"occluded": seen == 1}}
        for name, (x, y, seen) in POINTS.items()
    ]  # fmt: skip
    content = {"imagePath": "..\\pics\\a.png", "imageWidth": 100, "imageHeight": 80}
    (folder / "a.json").write_text(json.dumps({**content, "shapes": shapes}))
    return folder


def cvat(folder: Path) -> Path:
    (folder / "annotations.xml").write_text(CVAT)
    return folder / "annotations.xml"


def label_studio(folder: Path) -> Path:
    size = {"original_width": 100, "original_height": 80}
    parts = [
        {"id": name, "type": "keypointlabels", **size,
         "value": {"x": x, "y": y / 0.8, "width": 1, "keypointlabels": [name]}}
        for name, (x, y, _) in POINTS.items()
    ]  # fmt: skip
    task = {"data": {"img": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": parts}]}
    (folder / "tasks.json").write_text(json.dumps([task]))
    return folder / "tasks.json"


def table(folder: Path) -> Path:
    head = "image,width,height,nose_x,nose_y,nose_v,left_hand_x,left_hand_y,left_hand_v\n"
    (folder / "t.csv").write_text(head + "a.png,100,80,40,20,2,20,60,1\n")
    return folder / "t.csv"


def yolo_pose(folder: Path) -> Path:
    (folder / "a.txt").write_text("0 0.3 0.5 0.3 0.7 0.4 0.25 2 0.2 0.75 1 0 0 0\n")
    return folder


def coco(folder: Path) -> Path:
    points = [value for point in POINTS.values() for value in point] + [0, 0, 0]
    person = {"id": 1, "image_id": 3, "category_id": 1, "keypoints": points}
    names = ["nose", "left_hand", "right_hand"]
    content = {
        "images": [{"id": 3, "file_name": "a.png", "width": 100, "height": 80}],
        "annotations": [person, {"id": 2, "image_id": 3, "category_id": 2}],
        "categories": [{"id": 1, "name": "person", "keypoints": names}, {"id": 2, "name": "car"}],
    }
    (folder / "a.json").write_text(json.dumps(content))
    return folder / "a.json"


FORMATS = {"labelme": labelme, "cvat": cvat, "label-studio": label_studio, "csv": table}
FORMATS |= {"yolo-pose": yolo_pose, "coco": coco}


@pytest.mark.parametrize("name", FORMATS)
def test_a_person_comes_over(outcome, tmp_path, name):
    for folder in ("pics", "labels"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "pics/a.png"), np.zeros((80, 100, 3), np.uint8))
    labels = FORMATS[name](tmp_path / "labels")
    flags = ("-o", tmp_path / "out", "--images", tmp_path / "pics", "--split", "0")
    flags += ("--keypoints", "nose", "left_hand", "right_hand")
    flags += ("--category", "person") if name == "coco" else ()
    code, errors = outcome(TOOL, name, labels, *flags)
    assert (code, errors) == (0, "")
    data = read_own_data(tmp_path / "out/data.yaml")
    assert data.joints.names == ("nose", "left_hand", "right_hand")
    assert data.joints.flip_pairs == ((1, 2),)
    assert data.val.images.resolve() == (tmp_path / "pics").resolve()
    file = read_coco(data.train[0].annotations, LabelRules(data.joints.names))
    assert not [fault for fault in file.faults if fault.level == "error"], file.faults
    (person,) = file.content["annotations"]
    hidden = 2 if name == "label-studio" else 1  # which knows no visibility
    np.testing.assert_allclose(person["keypoints"], [40, 20, 2, 20, 60, hidden, 0, 0, 0])
    assert file.content["images"][0]["file_name"] == "a.png"
    if name == "yolo-pose":
        np.testing.assert_allclose(person["bbox"], [15, 12, 30, 56])


WRONG = {
    "labelme": ("a.json", "{}", "file must be labelme's"),
    "cvat": ("a.xml", "<image/>", "none. Check --help|must be 'CVAT"),
    "label-studio": ("a.json", '[{"a": 1}]', "must be Label Studio's JSON export"),
    "csv": ("a.csv", "image,nose_x\n", "lacks height, nose_y, width"),
    "yolo-pose": (
        "a.txt",
        "0 1 2",
        "a.txt:1: a person must have 5 \\+ 2 or 3 times 1 numbers, got 3",
    ),
    "coco": ("a.json", "[]", "it must be a COCO keypoint file"),
    "mpii": ("a.mat", "?", "it must be MPII's annotations with RELEASE"),
    "lspet": ("a.mat", "?", "it must be joints.mat of Leeds Sports Pose"),
}


@pytest.mark.parametrize("name", WRONG)
def test_other_files_are_refused(outcome, tmp_path, name):
    (tmp_path / "pics").mkdir()
    cv2.imwrite(str(tmp_path / "pics/a.png"), np.zeros((80, 100, 3), np.uint8))
    file, text, message = WRONG[name]
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / file).write_text(text)
    labels = tmp_path / "labels" / ("" if name in ("labelme", "yolo-pose") else file)
    flags = ("-o", tmp_path / "out", "--images", tmp_path / "pics", "--keypoints", "nose")
    code, errors = outcome(TOOL, name, labels, *flags)
    assert code == 1
    assert re.search(message, errors), errors
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("is_linked", [False, True])
def test_labels_that_are_read_are_not_written_over(outcome, tmp_path, is_linked):
    (tmp_path / "pics").mkdir()
    cv2.imwrite(str(tmp_path / "pics/a.png"), np.zeros((80, 100, 3), np.uint8))
    labels = coco(tmp_path).rename(tmp_path / "train.json")
    output = tmp_path
    if is_linked:
        output = tmp_path / "link"
        output.symlink_to(tmp_path)
    before = labels.read_bytes()
    flags = ("-o", output, "--images", tmp_path / "pics", "--category", "person")
    code, errors = outcome(TOOL, "coco", labels, *flags)
    assert code == 1
    assert "train.json: --output must not take the place of labels that are read" in errors
    assert labels.read_bytes() == before


def test_boxes_and_the_split_do_not_depend_on_luck():
    box = box_around(np.array([[10.0, 10.0], [30.0, 50.0]]), (100, 80))
    np.testing.assert_allclose(box, [7, 5.6, 26, 48.8])
    assert min(box_around(np.array([[5.0, 5.0]]), (100, 80))[2:]) > 5
    held = [is_held_out(f"{i}.jpg", 0.1) for i in range(2000)]
    assert 0.07 < np.mean(held) < 0.13


ADDRESSES = {
    "/data/upload/1/0a1b2c3d-a.png": "a.png",
    "/data/local-files/?d=my/a%20b.png": "a b.png",
    "https://host/a.png?signature=x/y": "a.png",
}


@pytest.mark.parametrize(("address", "name"), ADDRESSES.items())
def test_label_studio_names_images_by_addresses(tmp_path, address, name):
    path = label_studio(tmp_path)
    (task,) = json.loads(path.read_text())
    task["data"]["img"] = address
    task["annotations"][0]["result"].append({"type": "relation", "from_id": "a", "to_id": "b"})
    path.write_text(json.dumps([task]))
    assert [image.name for image in read_label_studio(path, tmp_path)] == [name]


def test_label_studio_knows_the_image_from_a_caption(outcome, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((80, 100, 3), np.uint8))
    path = label_studio(tmp_path)
    (task,) = json.loads(path.read_text())
    task["data"] = {"caption": "a man", "image": "/data/upload/1/0a1b2c3d-a.png"}
    path.write_text(json.dumps([task]))
    assert [image.name for image in read_label_studio(path, tmp_path)] == ["a.png"]
    task["data"] = {"number": 7, "caption": ""}
    path.write_text(json.dumps([task]))
    code, errors = outcome(TOOL, "label-studio", path, "-o", tmp_path / "o", "--images", tmp_path)
    assert code == 1
    assert re.match(r"error: \S+ file must be Label Studio's .* names no image\. Exp", errors), (
        errors
    )
    assert "\n" not in errors.strip()


def in_folders(name: str, labels: Path, pictures: Path) -> Path:
    """Label a/1.png and b/1.png with noses at 40, 20 and at 41, 20; labelme's files apart."""
    if name == "label-studio":
        tasks = json.loads(label_studio(labels).read_text()) * 2
        tasks = json.loads(json.dumps(tasks))  # two, not one twice
        for task, part in zip(tasks, "ab", strict=True):
            task["data"]["img"] = f"/data/local-files/?d=project/photos/{part}/1.png"
            nose = task["annotations"][0]["result"][0]["value"]
            nose["x"] += part == "b"
        (labels / "tasks.json").write_text(json.dumps(tasks))
        return labels / "tasks.json"
    for part in "ab":
        path = labelme(labels) / "a.json"
        content = json.loads(path.read_text())
        content["imagePath"] = "1.png" if name == "beside" else f"..\\..\\x\\pics\\{part}\\1.png"
        content["shapes"][0]["points"][0][0] += part == "b"
        folder = (pictures if name == "beside" else labels) / part
        folder.mkdir(exist_ok=True)
        (folder / "1.json").write_text(json.dumps(content))
        path.unlink()
    return pictures if name == "beside" else labels


@pytest.mark.parametrize("name", ["beside", "apart", "label-studio"])
def test_images_of_one_name_in_two_folders_are_kept_apart(outcome, tmp_path, name):
    for folder in ("labels", "pics/a", "pics/b"):
        (tmp_path / folder).mkdir(parents=True)
    for part in "ab":
        cv2.imwrite(str(tmp_path / f"pics/{part}/1.png"), np.zeros((80, 100, 3), np.uint8))
    labels = in_folders(name, tmp_path / "labels", tmp_path / "pics")
    tool = name if name == "label-studio" else "labelme"
    flags = ("-o", tmp_path / "out", "--images", tmp_path / "pics", "--split", "0")
    names = ("--keypoints", "nose", "left_hand", "right_hand")
    assert outcome(TOOL, tool, labels, *flags, *names) == (0, "")
    content = json.loads((tmp_path / "out/train.json").read_text())
    files = {image["id"]: image["file_name"] for image in content["images"]}
    found = {files[p["image_id"]]: p["keypoints"][0] for p in content["annotations"]}
    assert found == {"a/1.png": 40, "b/1.png": 41}
    for part in "ab":  # all in one folder, where one has taken the other's place
        (tmp_path / f"pics/{part}/1.png").replace(tmp_path / "pics/1.png")
    code, errors = outcome(TOOL, tool, labels, *flags, *names)
    assert code == 1
    assert "images must be labelled once, got 1 more than once: 1.png" in errors


def test_nothing_is_written_of_keypoints_that_training_refuses(outcome, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((80, 100, 3), np.uint8))
    flags = ("-o", tmp_path / "out", "--images", tmp_path)
    code, errors = outcome(TOOL, "csv", table(tmp_path), *flags)
    assert code == 1
    assert "got 'left_hand' has no 'right_hand' to change places with. Name them anew" in errors
    assert not (tmp_path / "out").exists()
    (tmp_path / "out/data.yaml").mkdir(parents=True)  # the last file cannot be written
    names = ("--keypoints", "nose", "left_hand", "right_hand")
    code, errors = outcome(TOOL, "csv", tmp_path / "t.csv", *flags, *names)
    assert (code, "data.yaml: Is a directory" in errors) == (1, True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["data.yaml"]


def twice(name: str, labels: Path, persons: tuple[object, object]) -> None:
    """Add a second nose to what ``FORMATS`` wrote; both noses are of the persons given."""
    path = labels / "a.json" if name == "labelme" else labels
    content = json.loads(path.read_text())
    if name == "labelme":
        parts, key = content["shapes"], "group_id"
    else:
        parts, key = content[0]["annotations"][0]["result"], "parentID"
    parts.append(json.loads(json.dumps(parts[0])))
    for part, person in zip((parts[0], parts[-1]), persons, strict=True):
        part[key] = person
    path.write_text(json.dumps(content))


APART = {"labelme": "a group_id of their own", "label-studio": "a box or polygon of its own"}


@pytest.mark.parametrize("name", APART)
@pytest.mark.parametrize("person", [None, "b"])
def test_two_people_who_are_not_told_apart_are_refused(outcome, tmp_path, name, person):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((80, 100, 3), np.uint8))
    labels = FORMATS[name](tmp_path)
    twice(name, labels, (person, person))
    flags = ("-o", tmp_path / "out", "--images", tmp_path)
    names = ("--keypoints", "nose", "left_hand", "right_hand")
    code, errors = outcome(TOOL, name, labels, *flags, *names)
    assert code == 1
    expected = rf"error: \S+\.json: .* got nose more than once .*a\.png\. .*{APART[name]}"
    assert re.match(expected, errors), errors
    assert "\n" not in errors.strip()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", APART)
def test_two_people_who_are_told_apart_both_come_over(outcome, tmp_path, name):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((80, 100, 3), np.uint8))
    labels = FORMATS[name](tmp_path)
    twice(name, labels, ("a", "b"))
    flags = ("-o", tmp_path / "out", "--images", tmp_path)
    names = ("--keypoints", "nose", "left_hand", "right_hand")
    assert outcome(TOOL, name, labels, *flags, *names) == (0, "")
    people = json.loads((tmp_path / "out/train.json").read_text())["annotations"]
    assert sum(person["keypoints"][2] > 0 for person in people) == 2


def test_an_output_behind_a_link_finds_the_images(outcome, tmp_path):
    for folder in ("photos", "disk/labels/deep"):
        (tmp_path / folder).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "photos/a.png"), np.zeros((80, 100, 3), np.uint8))
    (tmp_path / "out").symlink_to(tmp_path / "disk/labels/deep")
    (tmp_path / "pictures").symlink_to("photos")
    flags = ("-o", tmp_path / "out", "--images", tmp_path / "pictures")
    names = ("--keypoints", "nose", "left_hand", "right_hand")
    assert outcome(TOOL, "csv", table(tmp_path), *flags, *names) == (0, "")
    for place in ("out", "disk/labels/deep"):
        images = read_own_data(tmp_path / place / "data.yaml").train[0].images
        assert images.name == "pictures"  # which may lead elsewhere later
        assert (images / "a.png").is_file()


CORNERS = [[10, 20], [50, 20], [50, 60], [10, 60]]
OUTLINED = {
    "labelme": {"label": "body", "points": CORNERS, "shape_type": "polygon", "group_id": 7},
    "cvat": '<polygon label="body" group_id="3" points="10,20;50,20;50,60;10,60"/></image>',
    "label-studio": {
        "id": "body", "type": "polygonlabels", "original_width": 100, "original_height": 80,
        "value": {"points": [[x, y / 0.8] for x, y in CORNERS]},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", OUTLINED)
def test_an_outline_is_the_persons_box(outcome, tmp_path, name):
    path = FORMATS[name](tmp_path)
    if name == "labelme":
        path /= "a.json"
        content = json.loads(path.read_text())
        content["shapes"].append(OUTLINED[name])
        path.write_text(json.dumps(content))
    elif name == "cvat":
        text = path.read_text().replace("<skeleton", '<skeleton group_id="3"')
        path.write_text(text.replace("</image>", OUTLINED[name]))
    else:
        content = json.loads(path.read_text())
        parts = content[0]["annotations"][0]["result"]
        parts[:] = [{**part, "parentID": "body"} for part in parts] + [OUTLINED[name]]
        path.write_text(json.dumps(content))
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((80, 100, 3), np.uint8))
    labels = tmp_path if name == "labelme" else path
    flags = ("--keypoints", "nose", "left_hand", "right_hand")
    code, errors = outcome(TOOL, name, labels, "-o", tmp_path / "o", "--images", tmp_path, *flags)
    assert (code, errors) == (0, "")
    (person,) = json.loads((tmp_path / "o/train.json").read_text())["annotations"]
    np.testing.assert_allclose([*person["bbox"], person["area"]], [10, 20, 40, 40, 1600])


HEAD = "image,width,height,nose_x,nose_y,nose_v\n"
MISTAKES = {
    "other letters": (HEAD + "ä.png,100,80,40,20,2\n", "a.csv: labels must be text in UTF-8"),
    "visibility": (HEAD + "a.png,100,80,40,20,0.5\n", "a.csv:2: .* visibility must be 0"),
    "no number": (HEAD + "a.png,100,80,nan,20,2\n", "a.csv:2: .* must be finite numbers"),
    "no image": (HEAD + "b.png,100,80,40,20,2\n", "1 missing: b.png"),
    "another size": (HEAD + "a.png,50,40,20,10,2\n", "a.png is 100x80, not 50x40"),
    "outside": (HEAD + "../a.png,100,80,40,20,2\n", "must stay in the image folder"),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_labels_that_training_would_refuse_are_not_written(outcome, tmp_path, text, message):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((80, 100, 3), np.uint8))
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    flags = ("-o", tmp_path / "out", "--images", tmp_path)
    code, errors = outcome(TOOL, "csv", tmp_path / "a.csv", *flags)
    assert code == 1
    assert re.search(message, errors), errors
    assert "\n" not in errors.strip()
    assert not (tmp_path / "out").exists()


def test_merged_and_split_the_data_are_usable(outcome, capfd, tmp_path):
    for number in range(20):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((80, 100, 3), np.uint8))
    rows = [f"{number}.png,100,80,40,20,2\n" for number in range(20)]
    (tmp_path / "a.csv").write_text(HEAD + "".join(rows[:10]))
    (tmp_path / "b.csv").write_text(HEAD.replace("nose", "snout") + "".join(rows[10:]))
    (tmp_path / "sets.yaml").write_text(
        "keypoints: [nose]\nsets:\n  - {format: csv, labels: a.csv, images: .}\n"
        "  - {format: csv, labels: b.csv, images: ., joints: {nose: snout}}\n"
    )
    out = tmp_path / "out"
    flags = ("-o", out, "--split", "0.3")
    assert outcome(TOOL, "merge", tmp_path / "sets.yaml", *flags) == (0, "")
    parts = [json.loads((out / f"{part}.json").read_text()) for part in ("train", "val")]
    named = [{image["file_name"] for image in part["images"]} for part in parts]
    assert named[0] | named[1] == {f"{number}.png" for number in range(20)}
    assert not named[0] & named[1]
    assert all(named)
    assert outcome("tools/doctor.py", out / "data.yaml")[0] == 0
    code, errors = outcome(TOOL, "merge", tmp_path / "sets.yaml", "-o", out, "--split", "0.999")
    assert code == 1
    assert "--split must leave images to train on" in errors
    code, errors = outcome(TOOL, "merge", tmp_path / "sets.yaml", "-o", out, "--images", tmp_path)
    assert code == 2
    assert "merge takes --images" in errors
