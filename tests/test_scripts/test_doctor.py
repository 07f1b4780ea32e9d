"""tools/doctor.py: every fault at once, an exit code for CI, and nothing on good data."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import is_drawn, needs_browser, screenshot

from utils.people_generator import make_people

TOOL = "tools/doctor.py"


@pytest.fixture
def drawn(tmp_path) -> Path:
    make_people(tmp_path / "people", 3, seed=4)
    return tmp_path / "people"


def add_copy(folder: Path) -> None:
    """Let the training set name a copy of one of the validation set's images."""
    first = sorted((folder / "val/images").iterdir())[0]
    cv2.imwrite(str(folder / "train/images/copy.png"), cv2.imread(str(first)))
    content = json.loads((folder / "train/annotations.json").read_text())
    held = json.loads((folder / "val/annotations.json").read_text())["images"]
    copied = next(image for image in held if image["file_name"] == first.name)
    content["images"].append({**copied, "id": 10**6, "file_name": "copy.png"})
    (folder / "train/annotations.json").write_text(json.dumps(content))


def change(folder: Path, edit) -> Path:
    path = folder / "annotations.json"
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    return path


def faults(outcome, tmp_path, *flags) -> tuple[int, dict[str, str]]:
    code, errors = outcome(TOOL, *flags, "--json", tmp_path / "faults.json")
    assert errors == ""
    found = json.loads((tmp_path / "faults.json").read_text())
    return code, {fault["kind"]: fault["level"] for fault in found}


def test_good_data(outcome, drawn, tmp_path):
    flags = (drawn / "annotations.json", "--images", drawn / "images")
    code, found = faults(outcome, tmp_path, *flags)
    assert code == 0
    assert "error" not in found.values()


def test_faults_of_labels_images_and_boxes_come_together(outcome, drawn, tmp_path):
    def spoil(content):
        content["annotations"][0]["bbox"] = [1, 2]
        content["annotations"][1]["keypoints"][3] = None

    labels = change(drawn, spoil)
    first = json.loads(labels.read_text())["images"][0]["file_name"]
    image = cv2.imread(str(drawn / "images" / first))
    cv2.imwrite(str(drawn / "images" / first), image[::2, ::2])
    (tmp_path / "boxes.json").write_text("{}")
    flags = (labels, "--images", drawn / "images", "--detections", tmp_path / "boxes.json")
    code, found = faults(outcome, tmp_path, *flags)
    assert code == 1
    wanted = {"bbox", "not-finite", "image-size", "no-list"}
    assert wanted <= {kind for kind, level in found.items() if level == "error"}


def test_labels_of_nobody(outcome, drawn, tmp_path):
    def spoil(content):
        for person in content["annotations"]:
            person["iscrowd"] = 1

    code, found = faults(outcome, tmp_path, change(drawn, spoil))
    assert code == 1
    assert found["nobody"] == "error"


@pytest.mark.parametrize("text", ["[]", "{}", '{"images": [1], "annotations": 3}', "5", "null"])
def test_a_file_that_is_no_coco_file(outcome, tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    code, found = faults(outcome, tmp_path, tmp_path / "a.json", "--images", tmp_path)
    assert code == 1
    assert "error" in found.values()


def test_a_file_that_cannot_be_read(outcome, tmp_path):
    code, errors = outcome(TOOL, tmp_path / "none.json")
    assert code == 1
    assert "none.json" in errors
    assert "Traceback" not in errors


def test_all_sets_of_a_data_file(outcome, drawn, tmp_path):
    labels = drawn / "annotations.json"
    sets = f"{{annotations: {labels}, images: {drawn / 'images'}}}"
    own = tmp_path / "mine.yaml"
    names = ", ".join(json.loads(labels.read_text())["categories"][0]["keypoints"])
    own.write_text(f"train: {sets}\nval: {sets}\nkeypoints: [{names}]\n")
    assert faults(outcome, tmp_path, own, "--open-images") == (
        0,
        {"assumed": "note"},
    )  # one for both
    own.write_text(f"train: {sets}\nval: {sets}\nkeypoints: [{names.replace('nose', 'snout')}]\n")
    code, found = faults(outcome, tmp_path, own)
    assert code == 1
    assert "error" in found.values()


def test_boxes_alone_are_for_a_teacher_and_not_for_validation(outcome, drawn, tmp_path):
    labels, boxes = drawn / "annotations.json", tmp_path / "boxes.json"
    content = json.loads(labels.read_text())
    for person in content["annotations"]:
        del person["keypoints"], person["num_keypoints"]
    boxes.write_text(json.dumps(content))
    own = tmp_path / "mine.yaml"
    names = ", ".join(json.loads(labels.read_text())["categories"][0]["keypoints"])
    for files, code, level in (((boxes, labels), 0, "warning"), ((labels, boxes), 1, "error")):
        train, val = (f"{{annotations: {each}, images: {drawn / 'images'}}}" for each in files)
        own.write_text(f"train: {train}\nval: {val}\nkeypoints: [{names}]\n")
        found = faults(outcome, tmp_path, own)
        assert found == (code, {"nobody" if code == 0 else "no-keypoints": level})


@pytest.mark.parametrize(
    "text", ["[1]", '{"images": [{"id": 1}]}', '{"images": [{"file_name": 5}]}']
)
def test_a_data_file_whose_validation_labels_are_something_else(outcome, drawn, tmp_path, text):
    labels, val = drawn / "annotations.json", tmp_path / "val.json"
    val.write_text(text)
    names = ", ".join(json.loads(labels.read_text())["categories"][0]["keypoints"])
    sets = [f"{{annotations: {file}, images: {drawn / 'images'}}}" for file in (labels, val)]
    own = tmp_path / "mine.yaml"
    own.write_text(f"train: {sets[0]}\nval: {sets[1]}\nkeypoints: [{names}]\n")
    assert faults(outcome, tmp_path, own, "--open-images") == (1, {"no-list": "error"})


def test_all_sets_of_a_config(outcome, tmp_path):
    config = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
    make_people(tmp_path / "train", 3, seed=4)
    make_people(tmp_path / "val", 2, seed=5)
    mine = tmp_path / "mine.py"
    mine.write_text(f'_base_ = "{Path(config).resolve()}"\ndata_root = "{tmp_path}/"\n')
    code, _ = faults(outcome, tmp_path, mine, "--open-images")
    assert code == 0
    add_copy(tmp_path)
    assert faults(outcome, tmp_path, mine, "--open-images")[1]["overlap"] == "warning"


def test_a_configs_description_of_its_keypoints(outcome, tmp_path):
    config = Path("configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py").resolve()
    mine = tmp_path / "mine.py"
    mine.write_text(f'_base_ = "{config}"\nmodel = dict(head=dict(out_channels=14))\n')
    assert faults(outcome, tmp_path, mine) == (1, {"head-channels": "error"})
    swap = "dict(keypoint_info={1: dict(swap='tail')}, sigmas=[0.1])"
    mine.write_text(f'_base_ = "{config}"\ndataset_info = {swap}\n')
    assert faults(outcome, tmp_path, mine) == (1, {"metainfo": "error"})


def test_images_that_are_cut_off_or_use_12_of_16_bits(outcome, drawn, tmp_path):
    def to_png(content):
        for image in content["images"]:
            name = str(Path(image["file_name"]).with_suffix(".png"))
            pixels = cv2.imread(str(drawn / "images" / image["file_name"]))
            cv2.imwrite(str(drawn / "images" / name), pixels.astype(np.uint16) * 16)
            image["file_name"] = name

    labels = change(drawn, to_png)
    code, found = faults(outcome, tmp_path, labels, "--images", drawn / "images")
    assert (code, found["image-dark"]) == (0, "warning")
    first = drawn / "images" / json.loads(labels.read_text())["images"][0]["file_name"]
    first.write_bytes(first.read_bytes()[:-400])
    code, found = faults(outcome, tmp_path, labels, "--images", drawn / "images")
    assert (code, found["image-cut"]) == (1, "error")


def test_a_corrected_copy(outcome, drawn, tmp_path):
    def spoil(content):
        for image in content["images"]:
            path = drawn / "images" / image["file_name"]
            cv2.imwrite(str(path), cv2.imread(str(path))[::2, ::2])
            height, width = cv2.imread(str(path)).shape[:2]
            image.update(width=2 * width, height=2 * height)

    labels, images = change(drawn, spoil), ("--images", drawn / "images")
    cured = tmp_path / "cured.json"
    assert outcome(TOOL, labels, *images)[0] == 1
    assert outcome(TOOL, labels, *images, "--fix", cured) == (0, "")
    assert outcome(TOOL, cured, *images) == (0, "")
    code, errors = outcome(TOOL, labels, "--fix", labels)
    assert (code, "must name another file" in errors) == (1, True)
    code, errors = outcome(TOOL, tmp_path / "mine.yaml", "--fix", cured)
    assert (code, "must go with one annotation file" in errors) == (2, True)


def test_predictions(outcome, drawn, tmp_path):
    people = json.loads((drawn / "annotations.json").read_text())["annotations"]
    results = [
        dict(image_id=p["image_id"], category_id=1, score=0.5 + p["id"] / 99, keypoints=points)
        for p in people
        if (points := [value / 2 for value in p["keypoints"]])
    ]
    (tmp_path / "found.json").write_text(json.dumps(results))
    flags = (drawn / "annotations.json", "--predictions", tmp_path / "found.json")
    code, found = faults(outcome, tmp_path, *flags)
    assert (code, found["prediction-frame"]) == (1, "error")
    code, errors = outcome(TOOL, flags[0], "--predictions", tmp_path / "none.json")
    assert (code, "none.json" in errors) == (1, True)


@pytest.fixture
def page(outcome, drawn, tmp_path) -> Path:
    def spoil(content):
        content["annotations"][0]["keypoints"][:3] = [0, 0, 2]
        content["annotations"][2]["bbox"] = [-20, -20, 50, 50]
        content["images"][0]["width"] += 40
        content["images"][1]["file_name"] += "<b>"

    labels = change(drawn, spoil)
    image = json.loads(labels.read_text())["images"][1]["file_name"]
    (drawn / "images" / image.removesuffix("<b>")).rename(drawn / "images" / image)
    flags = ("--images", drawn / "images", "--html", tmp_path / "page.html")
    assert outcome(TOOL, labels, *flags) == (1, "")
    return tmp_path / "page.html"


def test_page(page):
    text = page.read_text(encoding="utf-8")
    assert "labelled keypoints must not lie at 0, 0" in text
    assert text.count('<img src="data:image/jpeg;base64,') >= 3
    assert "<b>," not in text
    assert not re.search(r'(src|href)="(?!data:)', text)


@needs_browser
def test_page_in_a_browser(page):
    assert is_drawn(screenshot(page, height=1800))


def test_page_without_images(outcome, drawn, tmp_path):
    labels = drawn / "annotations.json"
    assert outcome(TOOL, labels, "--html", tmp_path / "page.html") == (0, "")
    assert "need the images" in (tmp_path / "page.html").read_text()
    labels.write_text("[]")
    flags = ("--images", drawn / "images", "--html", tmp_path / "page.html")
    assert outcome(TOOL, labels, *flags) == (1, "")


def test_an_image_in_both_sets_is_told(outcome, tmp_path):
    lines = []
    for part, seed in (("train", 4), ("val", 5)):
        make_people(tmp_path / part, 3, seed=seed)
        sets = f"{{annotations: {part}/annotations.json, images: {part}/images}}"
        lines.append(f"{part}: {sets}")
    content = json.loads((tmp_path / "val/annotations.json").read_text())
    lines.append(f"keypoints: {content['categories'][0]['keypoints']}".replace("'", ""))
    (tmp_path / "mine.yaml").write_text("\n".join(lines))
    code, found = faults(outcome, tmp_path, tmp_path / "mine.yaml", "--open-images")
    assert (code, "overlap" in found) == (0, False)
    add_copy(tmp_path)
    code, found = faults(outcome, tmp_path, tmp_path / "mine.yaml", "--open-images")
    assert (code, found["overlap"]) == (0, "warning")


def test_sets_of_one_folder_share_what_both_name(outcome, drawn, tmp_path):
    labels = drawn / "annotations.json"
    content = json.loads(labels.read_text())
    names = ", ".join(content["categories"][0]["keypoints"])
    parts = {
        "train": content["images"][:2],
        "val": content["images"][2:],
        "both": content["images"],
    }
    (drawn / "d").mkdir()
    for part, images in parts.items():
        kept = {image["id"] for image in images}
        people = [each for each in content["annotations"] if each["image_id"] in kept]
        text = json.dumps({**content, "images": images, "annotations": people})
        (drawn / f"{part}.json").write_text(text)

    def found(train: str) -> dict:
        sets = [f"annotations: {drawn}/{train}.json, images: {drawn}/images"]
        sets += [f"annotations: {drawn}/val.json, images: {drawn}/d/../images"]
        own = tmp_path / "mine.yaml"
        own.write_text(f"train: {{{sets[0]}}}\nval: {{{sets[1]}}}\nkeypoints: [{names}]\n")
        return faults(outcome, tmp_path, own, "--open-images")[1]

    assert "overlap" not in found("train")
    assert found("both")["overlap"] == "warning"


def test_sizes_that_are_written_as_fractions_are_compared_too(outcome, drawn, tmp_path):
    def enlarge(content):
        for image in content["images"]:
            image["width"], image["height"] = 2.0 * image["width"], 2.0 * image["height"]

    flags = (change(drawn, enlarge), "--images", drawn / "images")
    assert faults(outcome, tmp_path, *flags)[1]["image-size"] == "error"


@pytest.mark.parametrize(
    ("labels", "flags", "message"),
    [
        ("mine.yaml", ["--images", "."], "--images must go with one annotation file"),
        ("mine.yaml", ["--fix", "a.json"], "--fix must go with one annotation file"),
        ("mine.py", ["--visible-above", "0"], "--visible-above must go with one annotation file"),
        ("labels.json", ["--open-images"], "--open-images must know where the images are"),
    ],
)
def test_flags_that_would_have_no_effect(outcome, labels, flags, message):
    code, errors = outcome(TOOL, labels, *flags)
    assert code == 2
    assert message in errors


@pytest.mark.parametrize(("joints", "kind"), [(16, None), (14, "joint-count")])
def test_an_mpii_config(outcome, root, tmp_path, monkeypatch, joints, kind):
    folder = tmp_path / "mpii"
    (folder / "annotations").mkdir(parents=True)
    (folder / "images").mkdir()
    person = {"image": "000001.jpg", "center": [60.0, 60.0], "scale": 0.5}
    person |= {"joints": [[50.0, 60.0]] * joints, "joints_vis": [1] * joints}
    for name in ("train", "val", "trainval", "test"):
        (folder / "annotations" / f"mpii_{name}.json").write_text(json.dumps([person]))
    noise = np.random.default_rng(0).integers(0, 256, (120, 120, 3), np.uint8)
    cv2.imwrite(str(folder / "images/000001.jpg"), noise)
    monkeypatch.setenv("LITEHRNET_DATA", str(tmp_path))
    config = root / "configs/top_down/lite_hrnet/mpii/litehrnet_18_mpii_256x256.py"
    page = tmp_path / "page.html"
    code, found = faults(outcome, tmp_path, config, "--open-images", "--html", page)
    assert code == (kind is not None)
    assert [name for name, level in found.items() if level == "error"] == ([kind] if kind else [])
    assert "mpii_train.json" in page.read_text()
