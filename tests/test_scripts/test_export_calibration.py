"""tools/export_calibration.py: its two ways to people, its summary, mistakes in one line."""

import json
import logging
import subprocess
import sys

import cv2
import numpy as np
import pytest
from scripts import load_script

from prepostprocess.image import load_rgb
from utils.calibration.arrays import load_noted_pipeline

BOXES = {"a.png": [[10, 5, 40, 60], [20, 20, 30, 30]], "b.png": [[50, 30, 25, 45]]}


@pytest.fixture
def export(root, monkeypatch, tmp_path, capsys):
    """Run the script in this process; give what it printed."""
    monkeypatch.setattr(sys, "path", list(sys.path))  # the script sets its first entry
    monkeypatch.chdir(tmp_path)
    module = load_script(root / "tools/export_calibration.py")

    def run(*arguments):
        module.main([str(argument) for argument in arguments])
        return capsys.readouterr().out

    return run


@pytest.fixture
def folder(e2e_models, tmp_path):
    """Pictures, labels, a pose network with and one without notes, a detector."""
    generator = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    labels = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "person"}]}
    for i, (name, boxes) in enumerate(BOXES.items()):
        image = generator.integers(0, 255, (80, 100, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "pictures" / name), image)
        labels["images"].append({"id": i, "file_name": name, "width": 100, "height": 80})
        labels["annotations"] += [
            {"id": 10 * i + place, "image_id": i, "category_id": 1, "bbox": box}
            for place, box in enumerate(boxes)
        ]
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    metadata = e2e_models.OWN_METADATA | {"preprocess": "kneron_520"}
    e2e_models.pose_model(tmp_path / "pose.onnx", metadata=metadata)
    e2e_models.pose_model(tmp_path / "bare.onnx")
    e2e_models.ultralytics_detector(tmp_path / "detector.onnx", [(32, 32, 30, 40, 0.9, 0.9)])
    e2e_models.write_yaml(tmp_path / "detector.yaml", model_path="detector.onnx")
    return tmp_path


LABELS = ("--ann-file", "labels.json", "--img-dir", "pictures")
PICTURES = ("--img-path", "pictures", "--yolov5_params", "detector.yaml")


def load(path):
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def test_labelled_people_become_what_the_runner_feeds(export, folder, caplog):
    with caplog.at_level(logging.WARNING):
        said = export("pose.onnx", *LABELS, "--out", "out/calibration.npz")
    made = load(folder / "out/calibration.npz")
    assert said == (
        "out/calibration.npz: 3 crops from 2 images, float32 (3, 3, 64, 48) rgb, kneron_520, "
        f"values -0.500 to {made['images'].max():.3f}; look at out/calibration.png\n"
    )
    assert "should have at least 100 crops, got 3" in caplog.text
    assert json.loads(str(made["notes"])) | {"model_sha256": ""} == {
        "layout": "nchw",
        "colour": "rgb",
        "preprocess": "kneron_520",
        "pixel_offset": None,
        "input_wh": [48, 64],
        "padding": 1.25,
        "model": "pose.onnx",
        "model_sha256": "",
    }
    pipeline = load_noted_pipeline(folder / "pose.onnx", None)
    fed, run = [], pipeline.pose.session.run
    pipeline.pose.session.run = lambda batch: (fed.append(batch), run(batch))[1]
    for file, box in zip(made["files"], made["boxes_xywh"], strict=True):
        pipeline(load_rgb(str(file)), box[None])
    np.testing.assert_array_equal(made["images"], np.concatenate(fed))
    assert sorted(made["boxes_xywh"].tolist()) == sorted(BOXES["a.png"] + BOXES["b.png"])
    assert len(set(made["files"][:2])) == 2  # one of each picture first
    sheet = cv2.imread(str(folder / "out/calibration.png"))
    assert sheet.shape == (64, 3 * 48, 3)
    pixels = made["images"][0].transpose(1, 2, 0) * 256 + 128
    np.testing.assert_array_equal(sheet[:, :48, ::-1], pixels)


def test_layout_colour_count_and_seed(export, folder):
    export("pose.onnx", *LABELS, "--out", "plain.npz", "--count", "2", "--seed", "5")
    other = ("--layout", "nhwc", "--colour", "bgr", "--count", "2", "--seed", "5")
    assert "(2, 64, 48, 3) bgr" in export("pose.onnx", *LABELS, "--out", "other.npz", *other)
    plain, other = load(folder / "plain.npz"), load(folder / "other.npz")
    np.testing.assert_array_equal(other["images"], np.moveaxis(plain["images"], 1, -1)[..., ::-1])
    assert (folder / "plain.png").read_bytes() == (folder / "other.png").read_bytes()


def test_detected_people(export, folder):
    assert "2 crops from 2 images" in export("pose.onnx", *PICTURES, "--out", "c.npz")
    made = load(folder / "c.npz")
    pipeline = load_noted_pipeline(folder / "pose.onnx", folder / "detector.yaml")
    expected = pipeline.detect(load_rgb(folder / str(made["files"][0]))).boxes_xywh
    np.testing.assert_array_equal(made["boxes_xywh"][:1], expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bare.onnx", *PICTURES], "error: bare.onnx: metadata must say how the network's input"),
        (["none.onnx", *LABELS], "error: none.onnx: network must be an existing ONNX file, got n"),
        (
            ["labels.json", *LABELS],
            "error: labels.json: network must be an ONNX file that onnxrunt",
        ),
        (
            ["pose.onnx", "--ann-file", "pose.onnx", "--img-dir", "."],
            "error: pose.onnx: it must be a COCO keypoint file, got a file that is not JSON",
        ),
        (
            ["pose.onnx", "--ann-file", "none.json", "--img-dir", "."],
            "error: none.json: it must be a COCO keypoint file, got no such file",
        ),
        (
            ["pose.onnx", "--ann-file", "labels.json", "--img-dir", "nets"],
            "error: labels.json: all of its 2 images must be in nets, got 2 missing: a.png, b.png",
        ),
        (
            ["pose.onnx", "--img-path", "empty", "--yolov5_params", "detector.yaml"],
            "error: empty: --img-path must hold images",
        ),
        (
            ["pose.onnx", "--img-path", "pictures", "--yolov5_params", "none.yaml"],
            "error: none.yaml: parameters must be a readable YAML file",
        ),
    ],
)
def test_mistakes_end_in_one_line_and_leave_nothing(export, folder, arguments, message):
    (folder / "empty").mkdir()
    with pytest.raises(SystemExit, match=f"^{message}") as ended:
        export(*arguments, "--out", "new/c.npz")
    assert "\n" not in ended.value.code
    assert not (folder / "new").exists()


def test_labels_of_photographs_of_another_size_are_refused(export, folder):
    labels = json.loads((folder / "labels.json").read_text())
    labels["images"][0].update(width=200, height=160)
    (folder / "labels.json").write_text(json.dumps(labels))
    with pytest.raises(SystemExit, match="must be as wide .*a.png is 100x80, not 200x160.* --fix"):
        export("pose.onnx", *LABELS, "--out", "c.npz")


def test_broken_picture_leaves_the_files_of_before(export, folder):
    export("pose.onnx", *LABELS, "--out", "c.npz")
    before = (folder / "c.npz").read_bytes()
    whole = (folder / "pictures/b.png").read_bytes()
    (folder / "pictures/b.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SystemExit, match=r"error: pictures/b.png: image must be complete"):
        export("pose.onnx", *LABELS, "--out", "c.npz")
    assert (folder / "c.npz").read_bytes() == before


@pytest.mark.parametrize("name", ["c.npy", "c", "pictures"])
def test_other_names_are_refused_first(export, folder, name):
    with pytest.raises(SystemExit, match=f"error: {name}: --out must be a file that ends in .npz"):
        export("none.onnx", *LABELS, "--out", name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --ann-file with --img-dir, or --img-path with --yolov5_params"),
        ([*LABELS, *PICTURES], "give either --ann-file"),
        (["--ann-file", "l.json"], "--ann-file and --img-dir must be given together"),
        (["--img-path", "."], "--img-path and --yolov5_params must be given together"),
        ([*LABELS, "--count", "0"], "--count must be at least 1, got 0"),
        ([*LABELS, "--seed", "-1"], "--seed must be at least 0, got -1"),
    ],
)
def test_usage(export, capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        export("pose.onnx", *arguments, "--out", "c.npz")
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_runs_where_there_is_no_pytorch(root, folder):
    code = (
        "import runpy, sys\n"
        "for name in ('torch', 'torchvision', 'mmpose', 'mmengine', 'mmcv', 'xtcocotools'):\n"
        "    sys.modules[name] = None\n"
        f"sys.argv = {['x', 'pose.onnx', *PICTURES, '--out', 'c.npz']}\n"
        f"runpy.run_path('{root / 'tools/export_calibration.py'}', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "c.npz").is_file()
