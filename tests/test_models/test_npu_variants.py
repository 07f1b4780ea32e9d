"""The forms for one chip: exported for it, no node of theirs is left to the CPU."""

from collections import Counter
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

from mmpose_replacement.config.load import load_config
from models.tracing.trace import ExportOptions, build_estimator, trace
from utils.onnx_graph.finish import finish
from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.tables import load_table
from utils.onnx_graph.npu.verdict import ChipReport, judge
from utils.onnx_graph.optimize import optimize

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs/top_down/lite_hrnet/coco"
NEWEST = "2026-03"


@pytest.fixture(scope="module")
def exported():
    """Return a function: the untrained network of a config, as exported for a chip; made once."""
    made: dict[tuple[str, str], onnx.ModelProto] = {}

    def export(name: str, chip: str) -> onnx.ModelProto:
        if (name, chip) not in made:
            config = load_config(CONFIGS / f"{name}.py")
            model = trace(config, build_estimator(config), ExportOptions())
            made[name, chip] = finish(optimize(model, npu=chip)[0])
        return made[name, chip]

    return export


def judged(model: onnx.ModelProto, chip: str, table: str) -> ChipReport:
    return judge(read_graph(model.SerializeToString(), "network"), chip, load_table(table))


def off_npu(report: ChipReport) -> dict[tuple[str, str], int]:
    sides = (v for v in report.verdicts if v.side not in ("NPU", "folded"))
    return dict(Counter((v.op, v.side) for v in sides))


def multiply_adds(name: str) -> int:
    """Count all convolutions of a config's network, head included, at the config's input size."""
    config = load_config(CONFIGS / f"{name}.py")
    estimator, total = build_estimator(config), 0

    def note(layer: nn.Conv2d, _: object, output: torch.Tensor) -> None:
        nonlocal total
        total += output.numel() * layer.weight[0].numel()

    for module in estimator.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note)
    width, height = config.codec.input_size
    with torch.no_grad():
        estimator(torch.zeros(1, 3, height, width), None, mode="tensor")
    return total


def test_no_shuffle_no_avgpool_costs_what_lite_hrnet_30_does():
    # that it runs on 720 whole is held by tests/test_utils/test_onnx_passes_order.py
    theirs = multiply_adds("litehrnet_30_coco_256x192")
    assert multiply_adds("litehrnet_no_shuffle_no_avgpool") == pytest.approx(theirs, rel=0.05)


@pytest.mark.slow
def test_kl520_leaves_nothing_to_the_cpu_where_resize_runs(exported):
    report = judged(exported("litehrnet_kl520", "520"), "520", NEWEST)
    assert {op for op, side in off_npu(report)} == {"Resize"}
    assert {side for _, side in off_npu(report)} == {"disputed"}


def test_kl520_no_upsampling_runs_on_520_without_dispute(exported):
    report = judged(exported("litehrnet_kl520_no_upsampling", "520"), "520", NEWEST)
    assert off_npu(report) == {}
    assert report.summary.macs["NPU"] <= 320e6


def test_only_the_end_of_kl520_no_upsampling_is_new_in_the_newest_table(exported):
    model = exported("litehrnet_kl520_no_upsampling", "520")
    assert off_npu(judged(model, "520", "2022-11")) == {("DepthToSpace", "CPU"): 17}
    # a host can go on from there: each reads a convolution, and one Concat reads them all
    last = model.graph.node[-1]
    makers = {name: node for node in model.graph.node for name in node.output}
    ends = [makers[name] for name in last.input]
    assert [last.op_type, *(node.op_type for node in ends)] == ["Concat", *["DepthToSpace"] * 17]
    assert {makers[node.input[0]].op_type for node in ends} == {"Conv"}
