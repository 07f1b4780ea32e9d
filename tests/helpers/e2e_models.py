"""Tiny networks for the runners' tests: where their outputs come from can be seen."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STRIDES = (8, 16, 32)
ANCHORS_32 = ((116, 90), (156, 198), (373, 326))


def save(path: Path, nodes, inputs, outputs, constants, metadata=None) -> Path:
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=json.dumps(value))
    onnx.save(model, path)
    return path


def float_value(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def pose_model(path, input_wh=(48, 64), joints=17, batch=1, metadata=None, inputs=3) -> Path:
    """Every heatmap is the mean brightness of 4x4 pixels, a little higher for later joints."""
    width, height = input_wh
    gain = np.linspace(0.1, 0.12, joints, dtype=np.float32)
    constants = {"w": np.tile(gain[:, None, None, None], (1, inputs, 1, 1))}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("AveragePool", ["c"], ["y"], kernel_shape=[4, 4], strides=[4, 4]),
    ]
    return save(
        path,
        nodes,
        [float_value("x", [batch, inputs, height, width])],
        [float_value("y", [batch, joints, height // 4, width // 4])],
        constants,
        metadata,
    )


OWN_METADATA = {
    "input_wh": [48, 64],
    "colour": "rgb",
    "preprocess": "float",
    "decoder": "quarter",
    "encoding_udp": False,
    "padding": 1.25,
    "normalization": {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]},
}


def _constant_outputs(path, arrays, input_hw=(64, 64)) -> Path:
    """A network that gives these arrays whatever it sees."""
    constants = {f"k{i}": array for i, array in enumerate(arrays)} | {"zero": np.float32([0])}
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0),
        helper.make_node("Mul", ["m", "zero"], ["z"]),
    ]
    outputs = []
    for i, array in enumerate(arrays):
        nodes.append(helper.make_node("Add", [f"k{i}", "z"], [f"y{i}"]))
        outputs.append(float_value(f"y{i}", list(array.shape)))
    return save(path, nodes, [float_value("x", [1, 3, *input_hw])], outputs, constants)


def ultralytics_detector(path, boxes, classes=80, input_hw=(64, 64)) -> Path:
    """Boxes (center x, center y, width, height, objectness, person score) in input pixels."""
    cells = sum((input_hw[0] // s) * (input_hw[1] // s) for s in STRIDES)
    rows = np.zeros((1, 3 * cells, 5 + classes), np.float32)
    for row, box in zip(rows[0], boxes, strict=False):
        row[:6] = box
    return _constant_outputs(path, [rows], input_hw)


def kneron_detector(path, boxes, classes=80, input_hw=(64, 64), offset=0.0) -> Path:
    """The same boxes as Kneron's three outputs; each sits in the cell of stride 32 it lies in."""
    arrays = [
        np.zeros((1, 3 * (5 + classes), input_hw[0] // s, input_hw[1] // s), np.float32) + offset
        for s in STRIDES
    ]
    for x, y, w, h, objectness, score in boxes:
        column, row = int(x // 32), int(y // 32)
        cell = arrays[2].reshape(3, 5 + classes, *arrays[2].shape[2:])[:, :, row, column]
        anchor = int((cell[:, 4] > 0).sum())  # the first that no earlier box has taken
        values = cell[anchor]
        values[:2] = ((np.array([x, y]) / 32) - [column, row] + 0.5) / 2
        values[2:4] = np.sqrt(np.array([w, h]) / ANCHORS_32[anchor]) / 2
        values[4:6] = objectness, score  # the class scores begin with the person
    return _constant_outputs(path, arrays, input_hw)


def write_yaml(path: Path, **values) -> Path:
    path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()))
    return path


def write_three(folder: Path, boxes=((32, 32, 30, 40, 0.9, 0.9),), **pose) -> dict[str, Path]:
    """Networks and YAML files of a whole chain with a 48x64 pose network."""
    ultralytics_detector(folder / "detector.onnx", boxes)
    pose_model(folder / "pose.onnx", **pose)
    return {
        "yolov5": write_yaml(folder / "yolov5.yaml", model_path="detector.onnx"),
        "rsn_affine": write_yaml(folder / "rsn_affine.yaml", padding=1.25),
        "lite_hrnet": write_yaml(
            folder / "lite_hrnet.yaml",
            model_path="pose.onnx",
            preprocess="float",
            decoder="quarter",
        ),
    }
