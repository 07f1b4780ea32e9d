"""How unevenly channels reach, by hand and through the check."""

import json

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.report.html import to_html
from utils.onnx_graph.npu.report.text import check, to_json, to_text
from utils.onnx_graph.npu.risk import Spread, find_spreads
from utils.onnx_graph.npu.tables import load_table


@pytest.mark.parametrize(
    ("reaches", "ratio", "risk"),
    [
        ([1, 1], 1, "low"),
        ([1, -7], 7, "low"),
        ([1, 8], 8, "some"),
        ([0.01, 0.5], 50, "some"),
        ([1, 64], 64, "high"),
        ([0, 2, 1], 2, "low"),
    ],
)
def test_by_hand(reaches, ratio, risk):
    weight = np.zeros((len(reaches), 2, 3, 3))
    weight[:, 1, 0, 2] = reaches
    assert Spread.of(weight) == Spread(pytest.approx(ratio), risk)


def test_zeros_have_none():
    assert Spread.of(np.zeros((2, 2, 1, 1))) is None


@pytest.fixture
def model() -> onnx.ModelProto:
    """Two convolutions; BatchNormalization spreads the first, a wide one is above any limit."""
    values = {
        "w0": np.ones((2, 3, 1, 1)),
        "scale": np.array([1.0, 3.0]),
        "shift": np.zeros(2),
        "mean": np.zeros(2),
        "var": np.array([99.99, 0.99]),  # deviations of 10 and 1 with epsilon
        "w1": np.concatenate([np.ones((300, 2, 11, 11)), np.full((1, 2, 11, 11), 200.0)]),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["a"]),
        helper.make_node(
            "BatchNormalization", ["a", "scale", "shift", "mean", "var"], ["b"], epsilon=0.01
        ),
        helper.make_node("Conv", ["b", "w1"], ["y"], pads=[5] * 4),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", 1, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", 1, [1, 301, 8, 8])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=7)


def test_batch_norm_is_taken_in(model):
    assert find_spreads(model.SerializeToString()) == {
        "a": Spread(pytest.approx(30), "some"),  # 3 / 1 over 1 / 10
        "y": Spread(pytest.approx(200), "high"),
    }


def test_weights_beside_the_file(model, tmp_path):
    expected = find_spreads(model.SerializeToString())
    onnx.save(
        model, tmp_path / "m.onnx", save_as_external_data=True, location="w", size_threshold=0
    )
    assert find_spreads(tmp_path / "m.onnx") == expected


def test_all_three_reports_say_it(model, tmp_path):
    onnx.save(model, tmp_path / "m.onnx")
    report = check(read_graph(tmp_path / "m.onnx"), ["520"], load_table(None))
    text = to_text(report)
    assert "1 convolutions high, 1 some, 0 low" in text
    assert "y: 200x" in text
    assert "high, 200x" in to_html(report)
    nodes = json.loads(json.dumps(to_json(report)))["chips"]["520"]["nodes"]
    assert [n["spread"] and n["spread"]["risk"] for n in nodes] == ["some", None, "high"]
