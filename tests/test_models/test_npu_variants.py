"""The forms for one chip: exported for it, no node of theirs is left to the CPU."""

from collections import Counter
from pathlib import Path

import onnx
import pytest

from mmpose_replacement.config import load_config
from models.onnx_export import ExportOptions, build_estimator, finish, trace
from utils.npu.graph import read_graph
from utils.npu.tables import load_table
from utils.npu.verdict import ChipReport, judge
from utils.onnx_passes import optimize

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


@pytest.mark.slow
@pytest.mark.parametrize("table", ["2022-11", NEWEST])
def test_no_shuffle_no_avgpool_runs_on_720(exported, table):
    report = judged(exported("litehrnet_no_shuffle_no_avgpool", "720"), "720", table)
    assert off_npu(report) == {}
    # 309.5 M of Lite-HRNet-30 and its head, see docs/networks.md
    assert report.summary.macs["NPU"] == pytest.approx(309.5e6, rel=0.05)


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
