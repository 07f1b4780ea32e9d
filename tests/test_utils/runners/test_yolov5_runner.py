import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from prepostprocess.crop.box import xywh_to_xyxy
from prepostprocess.image import load_rgb
from prepostprocess.nms import iou_matrix
from utils.params import ParamsError
from utils.people import Detections
from utils.runners.yolov5_params import Yolov5Params
from utils.runners.yolov5_runner import Yolov5Runner

# Centre x and y, width, height in the 64x64 input, objectness, person score.
BOXES = ((20, 24, 16, 32, 0.9, 0.9), (44, 40, 20, 20, 0.8, 0.6), (45, 41, 20, 20, 0.7, 0.6))


def runner(path: Path, **options) -> Yolov5Runner:
    return Yolov5Runner(Yolov5Params(path, path, **options), threads=1)


@pytest.fixture
def image() -> np.ndarray:
    return np.zeros((64, 128, 3), np.uint8)  # the input is half as wide


@pytest.fixture(params=["ultralytics", "kneron"])
def detector(request, e2e_models, tmp_path):
    """Both forms of a detector that sees the same boxes in every image, and rows above them."""
    make = getattr(e2e_models, f"{request.param}_detector")
    # Ultralytics' image begins 16 rows further down.
    down = 16 if request.param == "ultralytics" else 0
    return make(tmp_path / "d.onnx", [(x, y + down, *rest) for x, y, *rest in BOXES])


def test_run__both_forms(detector, image):
    found = runner(detector).run(image)
    # Twice as large in the image; the third box overlaps the second; the height ends at 64.
    np.testing.assert_allclose(found.boxes_xywh, [[24, 16, 32, 48], [68, 60, 40, 4]], atol=1e-4)
    np.testing.assert_allclose(found.scores, [0.81, 0.48], rtol=1e-6)
    assert found.boxes_xywh.dtype == found.scores.dtype == np.float32


def test_run__thresholds(detector, image):
    assert len(runner(detector, conf_thres=0.5).run(image).scores) == 1
    assert len(runner(detector, iou_thres=0.95).run(image).scores) == 3
    assert len(runner(detector, iou_thres=0.95, top_k_num=2).run(image).scores) == 2
    assert len(runner(detector, vanish_point=1.0).run(image).scores) == 2
    assert runner(detector, conf_thres=0.95).run(image).boxes_xywh.shape == (0, 4)


def test_run__vanish_point_drops_what_ends_above_it(e2e_models, tmp_path, image):
    path = e2e_models.kneron_detector(tmp_path / "d.onnx", [(20, 8, 10, 8, 0.9, 0.9)])
    # The box ends at row 24 of 64.
    assert len(runner(path, vanish_point=0.3).run(image).scores) == 1
    assert len(runner(path, vanish_point=0.4).run(image).scores) == 0


def test_grids__from_files(e2e_models, tmp_path, image):
    path = e2e_models.kneron_detector(tmp_path / "d.onnx", BOXES)
    cells = np.zeros((1, 1, 2, 2, 2), np.float32)
    cells[..., 0] = [[10, 11], [10, 11]]  # ten cells to the right of where they are
    np.save(tmp_path / "20.npy", cells)
    boxes = runner(path, grid20_path=tmp_path / "20.npy").run(np.zeros((64, 64, 3), np.uint8))
    assert len(boxes.scores) == 0  # 320 pixels to the right: outside
    np.save(tmp_path / "20.npy", cells[:, :, :1])
    with pytest.raises(ParamsError, match=r"grid20_path must hold \(1, 1, 2, 2, 2\) cells"):
        runner(path, grid20_path=tmp_path / "20.npy")
    (tmp_path / "20.npy").write_bytes(b"")
    with pytest.raises(ParamsError, match="grid20_path must be a NumPy array file"):
        runner(path, grid20_path=tmp_path / "20.npy")


def test_detector_with_the_wrong_outputs(e2e_models, tmp_path):
    path = e2e_models.pose_model(tmp_path / "pose.onnx")
    with pytest.raises(ParamsError, match=r"must be those of a known YOLO, got \[\(1, 17,"):
        runner(path)
    path = e2e_models.ultralytics_detector(tmp_path / "d.onnx", [], classes=0)
    with pytest.raises(ParamsError, match="must be those of a known YOLO"):
        runner(path)


def test_detector_without_its_sigmoid(e2e_models, tmp_path, image):
    path = e2e_models.kneron_detector(tmp_path / "d.onnx", BOXES, offset=-4.0)
    with pytest.raises(ParamsError, match=r"detector outputs must lie in 0..1, got -4\.\."):
        runner(path).run(image)


def test_yaml_that_contradicts_the_file(detector):
    with pytest.raises(ParamsError, match=r"imgsz_w must be 64 as in d\.onnx, got 640"):
        runner(detector, imgsz_w=640)
    with pytest.raises(ParamsError, match=r"num_classes must be 80 as in d\.onnx, got 1"):
        runner(detector, num_classes=1)
    with pytest.raises(ParamsError, match="names must have one of 80 classes for 'person'"):
        runner(detector, person_class=80)
    assert runner(detector, imgsz_w=64, imgsz_h=60).input_wh == (64, 64)  # rounded up to strides


def test_preprocess_is_for_kneron_s_form(e2e_models, tmp_path):
    path = e2e_models.ultralytics_detector(tmp_path / "d.onnx", BOXES)
    with pytest.raises(ParamsError, match="preprocess must be left out, got 'kneron_720'"):
        runner(path, preprocess="kneron_720")


@pytest.mark.parametrize("data", [b"", b"no network"])
def test_file_that_is_no_network(tmp_path, data):
    (tmp_path / "d.onnx").write_bytes(data)
    with pytest.raises(ParamsError, match="network must be an ONNX file that onnxruntime loads"):
        runner(tmp_path / "d.onnx")


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 20000)])
def test_run__any_image_size(detector, shape):
    found = runner(detector).run(np.full((*shape, 3), 128, np.uint8))
    right_bottom = found.boxes_xywh[:, :2] + found.boxes_xywh[:, 2:]
    assert (found.boxes_xywh[:, 2:] > 0).all()
    assert (right_bottom <= [shape[1] + 1e-3, shape[0] + 1e-3]).all()


def test_detections_of__plain_lists():
    assert Detections.of([1, 2, 3, 4]).boxes_xywh.shape == (1, 4)
    assert Detections.of([]).scores.shape == (0,)


def cut_before_decode(source: Path, target: Path) -> Path:
    """YOLOv5n with Kneron's outputs, made to take x / 256 - 0.5 instead of x / 255."""
    model = onnx.load(source)
    graph = model.graph
    convs = [node for node in graph.node if node.op_type == "Conv"][-3:]
    convs.sort(key=lambda node: int(node.input[1].split(".")[3]))
    del graph.output[:]
    for i, (conv, stride) in enumerate(zip(convs, (8, 16, 32), strict=True)):
        graph.node.append(helper.make_node("Sigmoid", [conv.output[0]], [f"kneron{i}"]))
        shape = [1, 255, 640 // stride, 640 // stride]
        graph.output.append(helper.make_tensor_value_info(f"kneron{i}", TensorProto.FLOAT, shape))
    name = graph.input[0].name
    for node in graph.node:
        node.input[:] = ["unit" if value == name else value for value in node.input]
    for key, value in (("half", 0.5), ("factor", 256 / 255)):
        graph.initializer.append(numpy_helper.from_array(np.float32(value), key))
    graph.node.insert(0, helper.make_node("Mul", ["shifted", "factor"], ["unit"]))
    graph.node.insert(0, helper.make_node("Add", [name, "half"], ["shifted"]))
    used = onnx.utils.Extractor(model).extract_model([name], [f"kneron{i}" for i in range(3)])
    onnx.save(used, target)
    return target


@pytest.fixture(scope="module")
def real_images(shared_coco) -> list[np.ndarray]:
    names = ("000000000885", "000000001296", "000000005060")
    return [load_rgb(shared_coco / f"val2017/{name}.jpg") for name in names]


@pytest.fixture(scope="module")
def yolov5n(shared) -> Path:
    return shared / "models/yolov5n_640.onnx"


def test_real_network__both_forms_give_the_same_boxes(yolov5n, real_images, tmp_path_factory):
    path = cut_before_decode(yolov5n, tmp_path_factory.mktemp("cut") / "kneron.onnx")
    kneron, ultralytics = runner(path, conf_thres=0.1), runner(yolov5n, conf_thres=0.1)
    assert (kneron.form.name, ultralytics.form.name) == ("kneron", "rows")
    for image in real_images[:2]:
        # Of the input's size already, so that both forms see the same pixels.
        square = np.full((640, 640, 3), 114, np.uint8)
        square[: image.shape[0], : image.shape[1]] = image[:640, :640]
        one, other = kneron.run(square), ultralytics.run(square)
        assert len(one.scores) == len(other.scores) > 2
        edges = [xywh_to_xyxy(found.boxes_xywh) for found in (one, other)]
        np.testing.assert_allclose(*edges, atol=0.51)  # Kneron's form rounds
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
    # With each form's own resize and padding, the sure ones stay where they are.
    one, other = (found.run(real_images[0]) for found in (kneron, ultralytics))
    edges = [xywh_to_xyxy(found.boxes_xywh[found.scores > 0.5]) for found in (one, other)]
    assert (iou_matrix(*edges).max(axis=1) > 0.85).all()


def test_real_network__finds_the_stored_boxes(yolov5n, shared_coco, real_images):
    stored = json.loads((shared_coco / "person_detection_results/yolov5n_person.json").read_text())
    detector = runner(yolov5n, conf_thres=0.001, iou_thres=0.65)
    for number, image in zip((885, 1296, 5060), real_images, strict=True):
        expected = [d for d in stored if d["image_id"] == number and d["score"] > 0.05]
        expected.sort(key=lambda d: -d["score"])
        found = detector.run(image)
        # Rounded to hundredths and not cut off at the border.
        limits = np.tile([image.shape[1], image.shape[0]], 2)
        edges = xywh_to_xyxy(np.array([d["bbox"] for d in expected])).clip(0, limits)
        mine = xywh_to_xyxy(found.boxes_xywh[: len(expected)])
        np.testing.assert_allclose(mine, edges, atol=0.02)
        scores = [d["score"] for d in expected]
        np.testing.assert_allclose(found.scores[: len(expected)], scores, atol=1e-4)
