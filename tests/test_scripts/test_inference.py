import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from prepostprocess.image import load_rgb


def save(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def test_picture__drawn_beside_it(run, picture, tmp_path):
    path = save(tmp_path / "a.png", picture)
    code, printed, errors = run(path)
    assert (code, printed, errors) == (0, [tmp_path / "a_pose.png"], "")
    assert load_rgb(printed[0]).shape == (270, 360, 3)  # enlarged until it can be read
    assert cv2.imread(str(path)).shape == picture.shape


def test_folder__at_any_depth_and_never_its_own_drawings(run, picture, tmp_path):
    for name in ("b/2.jpg", "b/c/1.PNG", "x_pose.png"):
        save(tmp_path / "in" / name, picture)
    (tmp_path / "in/notes.txt").write_text("no picture")
    for _ in range(2):
        code, printed, _ = run(tmp_path / "in")
        assert code == 0
        names = [path.relative_to(tmp_path / "in").as_posix() for path in printed]
        assert names == ["b/2_pose.jpg", "b/c/1_pose.PNG", "x_pose_pose.png"]


def test_folder__into_another_keeps_its_shape(run, picture, tmp_path):
    save(tmp_path / "in/b/2.gif.jpg", picture)
    _, printed, _ = run(tmp_path / "in", "--save-path", tmp_path / "out")
    assert printed == [tmp_path / "out/b/2.gif_pose.jpg"]


def test_pattern_and_save_path(run, picture, tmp_path):
    for name in ("a1.png", "a2.png", "b.png"):
        save(tmp_path / name, picture)
    _, printed, _ = run(tmp_path / "a*.png", "--save-path", tmp_path / "out")
    assert printed == [tmp_path / "out/a1_pose.png", tmp_path / "out/a2_pose.png"]
    _, printed, _ = run(tmp_path / "b.png", "--save-path", tmp_path / "new/c.jpg")
    assert printed == [tmp_path / "new/c.jpg"]


def test_two_images_of_one_drawing_are_refused_before_any_is_drawn(run, picture, tmp_path):
    first, second = (save(tmp_path / f"in/{name}/a.png", picture) for name in "12")
    code, printed, errors = run(tmp_path / "in/*/a.png", "--save-path", tmp_path / "out")
    assert (code, printed) == (1, [])
    assert f"{second}: drawings must have names of their own, but {first} would be" in errors
    assert not (tmp_path / "out").exists()
    first.with_suffix(".gif").touch()  # drawn as PNG too
    assert "in/1/a.gif would be" in run(tmp_path / "in")[2]


def test_a_folder_with_a_dot_in_its_name(run, picture, tmp_path):
    (tmp_path / "out.v2").mkdir()
    _, printed, _ = run(save(tmp_path / "a.png", picture), "--save-path", tmp_path / "out.v2")
    assert printed == [tmp_path / "out.v2/a_pose.png"]


def test_json_and_box(run, picture, tmp_path):
    path = save(tmp_path / "a.png", picture)
    code, _, _ = run(path, "--json", tmp_path / "out/a.json", "--bbox", "40,20,50,60")
    assert code == 0
    (record,) = json.loads((tmp_path / "out/a.json").read_text())
    assert record["img_path"] == str(path)
    (person,) = record["people"]
    assert person["bbox"] == [40, 20, 50, 60]
    assert person["bbox_score"] == 1
    assert np.array(person["keypoints"]).shape == (17, 3)
    assert set(person) == {"bbox", "bbox_score", "score", "keypoints"}


def test_whole__needs_no_detector(run, chain, picture, tmp_path):
    path = save(tmp_path / "a.png", picture)
    chain[1] = "nowhere.yaml"
    code, _, _ = run(path, "--bbox", "whole", "--json", tmp_path / "a.json")
    assert code == 0
    (record,) = json.loads((tmp_path / "a.json").read_text())
    assert record["people"][0]["bbox"] == [0, 0, 120, 90]


def test_without_any_detector_one_line_says_so_and_one_person_is_looked_for(
    run, chain, picture, tmp_path, monkeypatch
):
    path = save(tmp_path / "a.png", picture)
    shipped = tmp_path / "yolov5_init_params.yaml"
    shipped.write_text("model_path: nowhere/yolov5n.onnx\n")
    monkeypatch.setattr("utils.runners.yolov5_params.SHIPPED", shipped)
    chain[1] = str(shipped)
    code, printed, errors = run(path)
    assert (code, printed) == (0, [tmp_path / "a_pose.png"])
    assert errors.startswith(f"no detector at {tmp_path}/nowhere/yolov5n.onnx: looking for one")
    own = tmp_path / "own.yaml"
    own.write_text(shipped.read_text())
    chain[1] = str(own)
    code, _, errors = run(path)
    assert code == 1
    assert "own.yaml: model_path must be an existing file" in errors


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--bbox", "1,2,3"), "must be x,y,w,h in pixels with w and h above 0, or whole, got '1,2"),
        (("--bbox=1,2,0,4",), "must be x,y,w,h in pixels"),
        (("--every", "0"), "--every must be at least 1, got 0"),
        (("--kpt-thr", "2"), r"--kpt-thr must be in 0..1, got 2.0"),
    ],
)
def test_bad_flags_are_usage_errors(run, flags, message):
    code, _, errors = run("a.jpg", *flags)
    assert code == 2
    assert message in errors


# Bad input: each has an answer.


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("in", "in: --json must be a file, got a directory"),
        ("in/a.png/a.json", "a.json: --json must lie in a directory, but"),
    ],
)
def test_json_that_cannot_be_written__told_before_the_work(run, picture, tmp_path, name, message):
    save(tmp_path / "in/a.png", picture)
    code, printed, errors = run(tmp_path / "in", "--json", tmp_path / name)
    assert (code, printed) == (1, [])
    assert message in errors
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.png"]


def test_json_to_a_device(run, picture, tmp_path):
    assert run(save(tmp_path / "a.png", picture), "--json", "/dev/null")[0] == 0


def test_nothing_of_that_name(run, tmp_path):
    code, _, errors = run(tmp_path / "none.jpg")
    assert code == 1
    assert "none.jpg: --img-path must be a file, a folder, a pattern or a camera" in errors


def test_empty_folder(run, tmp_path):
    (tmp_path / "empty").mkdir()
    code, printed, errors = run(tmp_path / "empty")
    assert (code, printed) == (1, [])
    assert "empty: --img-path must hold images (" in errors
    assert len(errors.strip().splitlines()) == 1


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xe0 cut", b"no picture"])
def test_unreadable_pictures__the_others_are_done(run, picture, tmp_path, data):
    save(tmp_path / "in/a.png", picture)
    (tmp_path / "in/b.jpg").write_bytes(data)
    save(tmp_path / "in/c.png", picture)
    code, printed, errors = run(tmp_path / "in", "--json", tmp_path / "o.json")
    assert code == 1
    assert [path.name for path in printed] == ["a_pose.png", "c_pose.png"]
    assert "b.jpg: image must be" in errors
    assert len(errors.strip().splitlines()) == 1
    assert len(json.loads((tmp_path / "o.json").read_text())) == 2


FORMATS = {
    "16 bit": (lambda p: p.astype(np.uint16) * 257, ".png"),
    "grey": (lambda p: p[..., 0], ".png"),
    "transparent": (lambda p: np.dstack([p, p[..., :1]]), ".png"),
    "one pixel": (lambda p: p[:1, :1], ".png"),
    "one row": (lambda p: p[:1], ".bmp"),
    "20,000 pixels wide": (lambda p: np.tile(p[:9], (1, 167, 1))[:, :20000], ".png"),
}


@pytest.mark.parametrize(("change", "suffix"), FORMATS.values(), ids=FORMATS)
def test_any_kind_of_picture(run, picture, tmp_path, change, suffix):
    image = change(picture)
    path = save(tmp_path / f"a{suffix}", image)
    code, _, errors = run(path, "--json", tmp_path / "a.json")
    assert (code, errors) == (0, "")
    (record,) = json.loads((tmp_path / "a.json").read_text())
    for person in record["people"]:
        left, top, width, height = person["bbox"]
        assert 0 <= left < left + width <= image.shape[1] + 0.01
        assert 0 <= top < top + height <= image.shape[0] + 0.01


def test_cmyk_picture(run, tmp_path):
    image_module = pytest.importorskip("PIL.Image")
    image_module.new("CMYK", (60, 40), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    # No cyan, all magenta and yellow: red.
    assert (np.abs(load_rgb(tmp_path / "a.jpg").astype(int) - [255, 0, 0]) < 40).all()
    assert run(tmp_path / "a.jpg")[0] == 0


def test_exif_rotated_picture__boxes_are_upright(run, picture, tmp_path):
    data = cv2.imencode(".jpg", picture)[1].tobytes()
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)  # orientation: turn clockwise
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    segment = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    (tmp_path / "a.jpg").write_bytes(data[:2] + segment + data[2:])
    run(tmp_path / "a.jpg", "--bbox", "whole", "--json", tmp_path / "a.json")
    (record,) = json.loads((tmp_path / "a.json").read_text())
    assert record["people"][0]["bbox"] == [0, 0, 90, 120]


def test_names_that_are_not_ascii(run, picture, tmp_path):
    path = save(tmp_path / "人物 é/фото 1.png", picture)
    code, printed, _ = run(path, "--json", tmp_path / "人物 é/結果.json")
    assert (code, printed) == (0, [path.with_name("фото 1_pose.png")])
    assert printed[0].is_file()
    assert "фото" in (tmp_path / "人物 é/結果.json").read_text(encoding="utf-8")


def test_nobody_in_the_picture(run, e2e_models, chain, picture, tmp_path):
    e2e_models.ultralytics_detector(tmp_path / "nets/detector.onnx", [])
    path = save(tmp_path / "a.png", picture)
    code, printed, _ = run(path, "--json", tmp_path / "a.json")
    assert code == 0
    assert json.loads((tmp_path / "a.json").read_text())[0]["people"] == []
    np.testing.assert_array_equal(
        load_rgb(printed[0]), load_rgb(path).repeat(3, axis=0).repeat(3, axis=1)
    )


def test_box_outside_the_picture__with_the_chips_crop(run, e2e_models, picture, tmp_path):
    e2e_models.write_yaml(
        tmp_path / "nets/lite_hrnet.yaml",
        model_path="pose.onnx",
        preprocess="kneron_520",
        decoder="quarter",
    )
    path = save(tmp_path / "a.png", picture)
    code, _, errors = run(path, "--bbox", "500,500,10,10")
    assert code == 1
    assert "a.png: the region must share a pixel with the image" in errors


def test_networks_that_do_not_fit(run, e2e_models, picture, tmp_path):
    path = save(tmp_path / "a.png", picture)
    e2e_models.write_yaml(tmp_path / "nets/rsn_affine.yaml", input_w=192, input_h=256)
    code, _, errors = run(path)
    assert code == 1
    assert "input_w must be 48 as in pose.onnx, got 192. Correct it or leave it out." in errors
    e2e_models.write_yaml(tmp_path / "nets/rsn_affine.yaml", padding=1.25)
    e2e_models.pose_model(tmp_path / "nets/detector.onnx")
    code, _, errors = run(path)
    assert code == 1
    assert "detector outputs must be those of a known YOLO" in errors
    assert len(errors.strip().splitlines()) == 1


def test_the_picture_is_never_written_over(run, picture, tmp_path):
    path = save(tmp_path / "a.png", picture)
    before = path.read_bytes()
    code, _, errors = run(path, "--save-path", path)
    assert code == 1
    assert "--save-path must not be the image itself" in errors
    assert path.read_bytes() == before
    code, _, errors = run(path, "--save-path", tmp_path / "a.txt")
    assert code == 1
    assert "a.txt: an image's name must end in .bmp" in errors


def test_a_drawing_that_its_format_cannot_hold(run, tmp_path):
    path = save(tmp_path / "a.png", np.zeros((2, 20000, 3), np.uint8))
    code, _, errors = run(path, "--save-path", tmp_path / "a.webp")
    assert code == 1
    assert "an image must fit its format, got 20000x2 pixels, too many for .webp" in errors


def test_show__without_a_screen(run, picture, tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    code, _, errors = run(save(tmp_path / "a.png", picture), "--show")
    assert code == 1
    assert "--show must have a screen" in errors
