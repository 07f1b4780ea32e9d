"""Each form of a YOLO network gives the box that was put into it; what is not known is refused."""

import numpy as np
import pytest

from utils.params import ParamsError
from utils.runners.yolo_forms import class_names, recognise
from utils.runners.yolov5_params import Yolov5Params
from utils.runners.yolov5_runner import Yolov5Runner

CELLS = 8 * 8 + 4 * 4 + 2 * 2  # of 64x64
PERSON, DOG = (20.0, 36.0, 16.0, 24.0, 0.9), (44.0, 20.0, 10.0, 10.0, 0.8)  # x, y, w, h, score
IMAGE = np.full((64, 64, 3), 90, np.uint8)  # of the input's size: pixels are the input's


def columns(classes: int, more: int = 0) -> list[np.ndarray]:
    output = np.zeros((1, 4 + classes + more, CELLS), np.float32)
    output[0, :5, 3] = PERSON
    if classes > 1:
        output[0, :4, 5], output[0, 5, 5] = DOG[:4], DOG[4]
    output[0, 4 + classes :] = 500  # keypoints
    return [output]


def end_to_end() -> list[np.ndarray]:
    output = np.zeros((1, 300, 6), np.float32)
    for row, (x, y, w, h, score), number in zip(output[0], (DOG, PERSON), (16, 0), strict=False):
        row[:] = x - w / 2, y - h / 2, x + w / 2, y + h / 2, score, number
    return [output]


def heads(anchor_wh: tuple[int, int]) -> list[np.ndarray]:
    outputs = [np.full((1, 3, 64 // s, 64 // s, 85), -9, np.float32) for s in (8, 16, 32)]
    x, y, w, h, score = PERSON
    wanted = [(x / 8 - 2 + 0.5) / 2, (y / 8 - 4 + 0.5) / 2]  # cell (2, 4) of stride 8
    wanted += [np.sqrt(w / anchor_wh[0]) / 2, np.sqrt(h / anchor_wh[1]) / 2, 1 - 1e-6, score]
    values = np.array(wanted)
    outputs[0][0, 0, 4, 2, :6] = np.log(values / (1 - values))
    return outputs


FORMS = {
    "YOLOv8": (columns(80), {}),
    "YOLO11 of one class": (columns(1), {}),
    "YOLOv8 pose": (columns(1, 51), {}),
    "end to end": (end_to_end(), {}),
    "raw maps of YOLOv5": (heads((10, 13)), {}),
    "raw maps of YOLOv7": (heads((12, 16)), {"anchors": "yolov7"}),
}


def make(path, arrays, e2e_models, **values) -> Yolov5Runner:
    e2e_models._constant_outputs(path, arrays)
    return Yolov5Runner(Yolov5Params(source=path, model_path=path, **values), threads=1)


@pytest.mark.parametrize(("arrays", "values"), FORMS.values(), ids=FORMS)
def test_the_person_and_nobody_else_is_found(arrays, values, e2e_models, tmp_path):
    found = make(tmp_path / "d.onnx", arrays, e2e_models, **values).run(IMAGE)
    np.testing.assert_allclose(found.boxes_xywh, [[12, 24, 16, 24]], atol=1e-3)
    np.testing.assert_allclose(found.scores, [0.9], atol=1e-4)


UNKNOWN = {
    "YOLOX, whose boxes are not decoded": [np.zeros((1, CELLS, 85), np.float32)],
    "YOLOv8 turned": [np.zeros((1, CELLS, 14), np.float32)],
    "another number of cells": [np.zeros((1, 84, CELLS + 1), np.float32)],
    "no class": [np.zeros((1, 4, CELLS), np.float32)],
    "two maps": heads((10, 13))[:2],
    "maps of another stride": heads((10, 13))[::-1],
}


@pytest.mark.parametrize("arrays", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_refused(arrays, e2e_models, tmp_path):
    with pytest.raises(ParamsError, match=r"d\.onnx: detector outputs must be those of a known"):
        make(tmp_path / "d.onnx", arrays, e2e_models)


def test_real_sizes():
    assert recognise([(1, 84, 8400)], (640, 640), None).name == "columns"
    assert recognise([(1, 56, 8400)], (640, 640), None).num_classes == 1
    assert recognise([(1, 25200, 85)], (640, 640), None).name == "rows"
    assert recognise([(1, 102000, 85)], (1280, 1280), None).name == "rows"  # four strides
    assert recognise([(1, 300, 6)], (640, 640), None).name == "end to end"
    assert recognise([(1, 25200, 6)], (640, 640), None).name == "rows"  # of one class


def test_the_file_says_which_class_is_the_person(e2e_models, tmp_path):
    names = {0: "bicycle", 1: "Person"}
    assert class_names({"names": str(names)}) == names
    assert class_names({"names": "__import__('os')"}) is None
    assert class_names({}) is None
    arrays = columns(2)
    path = tmp_path / "d.onnx"
    e2e_models._constant_outputs(path, arrays)
    import onnx

    model = onnx.load(path)
    model.metadata_props.add(key="names", value=str(names))
    onnx.save(model, path)
    runner = Yolov5Runner(Yolov5Params(source=path, model_path=path), threads=1)
    np.testing.assert_allclose(runner.run(IMAGE).scores, [0.8])
    model.metadata_props[0].value = str({0: "cat", 1: "dog"})
    onnx.save(model, path)
    with pytest.raises(ParamsError, match="must have a class 'person', got cat, dog"):
        Yolov5Runner(Yolov5Params(source=path, model_path=path), threads=1)
