import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from utils.params import ParamsError, load_params, read_mapping
from utils.runners.pose_params import LiteHrnetParams, RsnAffineParams
from utils.runners.yolov5_params import Yolov5Params, load_yolov5_params


@pytest.fixture
def write(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"")
    (tmp_path / "weights.pt").write_bytes(b"")

    def write(text: str, name: str = "p.yaml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


CONSTRUCTOR = """
model_path: net.onnx
num_classes: 80
imgsz_h: 352
imgsz_w: 640
conf_thres: 0.001
iou_thres: 0.65
top_k_num: 100
vanish_point: 0.2
yaml_path: models/yolov5s.yaml
"""
END_TO_END = """
nc: 80
input_w: 640
input_h: 352
conf_thres: 0.001
iou_thres: 0.65
model_type: onnx
e2e_coco: true
onnx_path: net.onnx
pt_path: some.pt
model_yaml_path: some.yaml
"""
PRETRAINED = """
grid_dir: grids
grid20_path: 20_640x352.npy
grid40_path: 40_640x352.npy
grid80_path: 80_640x352.npy
yolov5_dir: yolov5
path: exported
yaml_path: a.yaml
pt_path: a.pt
onnx_export_file: net.onnx
input_w: 640
input_h: 352
nc: 80
names: [bicycle, person, car]
"""


@pytest.mark.parametrize("text", [CONSTRUCTOR, END_TO_END, PRETRAINED])
def test_load_yolov5_params__three_layouts(write, tmp_path, text):
    (tmp_path / "grids").mkdir()
    for level in (20, 40, 80):
        np.save(tmp_path / f"grids/{level}_640x352.npy", np.zeros(1))
    params = load_yolov5_params(write(text))
    assert params.model_path == tmp_path / "net.onnx"
    assert (params.imgsz_w, params.imgsz_h, params.num_classes) == (640, 352, 80)
    if text is PRETRAINED:
        assert params.person_class == 1
        assert params.grid40_path == tmp_path / "grids/40_640x352.npy"
    else:
        assert (params.conf_thres, params.iou_thres) == (0.001, 0.65)
        assert params.person_class is None


def test_load_yolov5_params__reads_the_older_json(write):
    path = write('{"model_path": "net.onnx", "conf_thres": 0.25}', "a_yolov5_init_params.json")
    assert load_yolov5_params(path).conf_thres == 0.25


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("conf_thres: 0.3", "model_path must be given .or onnx_path, onnx_export_file"),
        ("model_path: net.onnx\nconf_tres: 0.3", "unknown key 'conf_tres'. Did you mean 'conf_thr"),
        ("model_path: net.onnx\ninput_w: 640", "unknown key 'input_w'. Known keys: model_path"),
        ("model_path: none.onnx", "model_path must be an existing file, got none at none.onnx or"),
        ("model_path: weights.pt", "model_path must be an ONNX file, got .*Export the network"),
        ("onnx_path: net.onnx\nmodel_type: pth", "model_type must be onnx, got 'pth'"),
        ("onnx_export_file: net.onnx\nnames: [cat]", "names must contain 'person', got 1 other"),
        ("model_path: net.onnx\nconf_thres: 30", r"conf_thres must be in 0..1, got 30\.0"),
        (
            "model_path: net.onnx\nconf_thres: high",
            r"conf_thres must be a finite number, got 'high'",
        ),
        ("model_path: net.onnx\nconf_thres: .inf", r"conf_thres must be a finite number, got inf"),
        ("model_path: net.onnx\nconf_thres: .nan", r"conf_thres must be a finite number, got nan"),
        (f"model_path: net.onnx\nconf_thres: {'9' * 400}", r"conf_thres must be .*, got 9{60} "),
        ("model_path: net.onnx\ntop_k_num: 3.5", r"top_k_num must be a whole number, got 3.5"),
        ("model_path: net.onnx\npreprocess: float", "preprocess must be kneron_520 or kneron_720"),
        ("onnx_path: net.onnx\nnc: 0", "nc must be at least 1, got 0"),
        ("model_path: 7", r"model_path must be a file path, got 7 \(int\)"),
    ],
)
def test_load_yolov5_params__says_what_is_wrong(write, text, message):
    with pytest.raises(ParamsError, match=rf"p\.yaml: {message}") as caught:
        load_yolov5_params(write(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "parameters must be 'key: value' lines, got NoneType"),
        ("- a", "parameters must be 'key: value' lines, got list"),
        ("a: [", "parameters must be a YAML file, got a fault at line 1"),
        ("mode: warp", "mode must be one of affine, crop_resize_pad, got 'warp'"),
        ("padding: 0", "padding must be a number from 0.1 to 10, got 0.0"),
        ("padding: 1.0e+300", "padding must be a number from 0.1 to 10, got 1e.300"),
        ("preprocess: kneron", "preprocess must be one of float, kneron_520, kneron_720, got"),
        ("input_w: true", r"input_w must be a whole number, got True \(bool\)"),
    ],
)
def test_load_params__says_what_is_wrong(write, text, message):
    with pytest.raises(ParamsError, match=rf"p\.yaml: {message}"):
        load_params(write(text), RsnAffineParams)


def test_load_yolov5_params__keys_that_the_original_swallows_have_no_effect(write, caplog):
    path = write("model_path: net.onnx\ne2e_coco: true\nmodel_type: onnx\npt_path: a.pt\n")
    assert load_yolov5_params(path).model_path.name == "net.onnx"
    (record,) = caplog.records
    assert record.getMessage() == f"{path}: without effect here: e2e_coco, pt_path"


def test_load_params__a_file_of_comments_sets_nothing(write):
    assert load_params(write("# padding: 1.1\n"), RsnAffineParams).padding is None


def test_load_params__unreadable_files(tmp_path):
    with pytest.raises(ParamsError, match=r"none\.yaml: parameters must be a readable YAML file"):
        load_params(tmp_path / "none.yaml", RsnAffineParams)
    with pytest.raises(ParamsError, match="readable YAML file, got Is a directory"):
        load_params(tmp_path, RsnAffineParams)
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParamsError, match="got bytes that are no text"):
        load_params(tmp_path / "b.yaml", RsnAffineParams)


def test_load_params__keys_left_empty_are_left_out(write):
    assert load_params(write("padding:\nmode: affine"), RsnAffineParams).padding is None


def test_load_params__paths_from_the_working_directory_first(write, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/net.onnx").write_bytes(b"")
    path = write("model_path: net.onnx")
    monkeypatch.chdir(tmp_path / "here")
    assert load_params(path, LiteHrnetParams).model_path == Path("net.onnx")
    monkeypatch.chdir("/")
    assert load_params(path, LiteHrnetParams).model_path == tmp_path / "net.onnx"


def test_params_cannot_be_changed(write):
    params = load_params(write("padding: 1.25"), RsnAffineParams)
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.padding = 1.0


@pytest.mark.parametrize(
    ("name", "schema"),
    [("yolov5", Yolov5Params), ("rsn_affine", RsnAffineParams), ("lite_hrnet", LiteHrnetParams)],
)
def test_shipped_files_can_be_read_and_name_every_key(root, tmp_path, name, schema):
    text = (root / f"utils/{name}_init_params.yaml").read_text(encoding="utf-8")
    path = tmp_path / "utils/p.yaml"
    path.parent.mkdir()
    path.write_text(text)
    for network in re.findall(r"^model_path: (\S+)", text, re.MULTILINE):
        (path.parent / network).parent.mkdir(exist_ok=True)
        (path.parent / network).write_bytes(b"")
    load = load_yolov5_params if name == "yolov5" else lambda path: load_params(path, schema)
    load(path)
    keys = {field.name for field in dataclasses.fields(schema)} - {"source", "person_class"}
    assert {key for key in keys if f"{key}:" not in text} == set()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[" * 5_000, "got endless nesting"),
        ("a: 2026-99-99\n", "got a value that is no date and no number"),
        ("a: " + "9" * 5_000, "got a value that is no date and no number"),
    ],
    ids=["nested", "date", "digits"],
)
def test_yaml_that_its_reader_breaks_on(tmp_path, text, fault):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(ParamsError, match=rf"p\.yaml: parameters must be a YAML file, {fault}"):
        read_mapping(tmp_path / "p.yaml")


def test_home_of_a_user_that_there_is_not(tmp_path):
    (tmp_path / "p.yaml").write_text("model_path: ~nobody.here/net.onnx\n")
    with pytest.raises(
        ParamsError, match=r"p\.yaml: model_path must be an existing file, got none"
    ):
        load_yolov5_params(tmp_path / "p.yaml")
