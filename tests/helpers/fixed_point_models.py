"""Small networks for the tests of the fixed point."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from utils.onnx_graph.graph import Graph

CHANNELS, SIDE = 6, 8


def model_of(nodes: list, constants: dict[str, np.ndarray], channels: int = CHANNELS):
    """A model of nodes from "x" (1, C, 8, 8) to "y"."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", 1, [1, channels, SIDE, SIDE])],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model)
    return model


def conv(x: str, y: str, weight: str, bias: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node("Conv", [x, weight, bias], [y], **attributes)


def a_bit_of_everything(rng: np.random.Generator) -> onnx.ModelProto:
    """Dense and depthwise layers, a shuffle by slices, a sum, a gate, resizing; uneven channels."""
    spread = np.exp(rng.normal(0, 2, (CHANNELS, 1, 1, 1)))
    values = {
        "w0": rng.normal(0, 0.3, (CHANNELS, CHANNELS, 1, 1)) * spread,
        "b0": rng.normal(0, 0.3, CHANNELS) * spread.ravel(),
        "w1": rng.normal(0, 0.3, (CHANNELS, 1, 3, 3)),
        "b1": rng.normal(0, 0.3, CHANNELS),
        "w2": rng.normal(0, 0.3, (3, 3, 1, 1)),
        "b2": rng.normal(0, 0.3, 3),
        "w3": rng.normal(0, 0.3, (CHANNELS, CHANNELS, 1, 1)),
        "b3": rng.normal(0, 0.3, CHANNELS),
        "w4": rng.normal(0, 0.3, (4, CHANNELS, 3, 3)),
        "b4": rng.normal(0, 0.3, 4),
    }
    constants = {name: value.astype(np.float32) for name, value in values.items()}
    constants |= {
        "zero": np.array([0]),
        "three": np.array([3]),
        "six": np.array([6]),
        "one": np.array([1]),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    node = helper.make_node
    nodes = [
        conv("x", "c0", "w0", "b0"),
        node("Relu", ["c0"], ["r0"]),
        conv("r0", "c1", "w1", "b1", group=CHANNELS, pads=[1, 1, 1, 1]),
        node("Slice", ["c1", "zero", "three", "one"], ["s0"]),
        node("Slice", ["c1", "three", "six", "one"], ["s1"]),
        conv("s0", "c2", "w2", "b2"),
        node("Concat", ["s1", "c2"], ["j"], axis=1),
        node("Add", ["j", "r0"], ["a"]),
        node("Relu", ["a"], ["r1"]),
        node("GlobalAveragePool", ["r1"], ["g"]),
        conv("g", "c3", "w3", "b3"),
        node("Sigmoid", ["c3"], ["t"]),
        node("Mul", ["r1", "t"], ["m"]),
        node("Resize", ["m", "", "scales"], ["u"], mode="nearest", nearest_mode="floor",
             coordinate_transformation_mode="asymmetric"),
        conv("u", "y", "w4", "b4", pads=[1, 1, 1, 1]),
    ]  # fmt: skip
    return model_of(nodes, constants)


def images(rng: np.random.Generator, count: int = 8) -> list[np.ndarray]:
    return [rng.normal(size=(1, CHANNELS, SIDE, SIDE)).astype(np.float32) for _ in range(count)]


def run(model: onnx.ModelProto | Graph, image: np.ndarray, name: str = "y") -> np.ndarray:
    from utils.quantization.observe import TensorRunner

    graph = model if isinstance(model, Graph) else Graph(model)
    return TensorRunner(graph, [name]).run(image)[name]
