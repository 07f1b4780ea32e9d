"""Whole networks: two files from others, and exports of torchvision's and mmpose's own classes."""

import warnings
from collections import Counter
from pathlib import Path

import pytest

from utils.onnx_graph.npu.graph import GraphView, read_graph
from utils.onnx_graph.npu.tables import load_table
from utils.onnx_graph.npu.verdict import ChipReport, judge

ROOT = Path(__file__).resolve().parents[3]


def report(graph: GraphView, chip: str, table: str = "2026-03") -> ChipReport:
    return judge(graph, chip, load_table(table))


def off_npu(graph: GraphView, chip: str, table: str = "2026-03") -> dict[tuple[str, str], int]:
    """(operator, verdict) to the number of nodes that are neither NPU nor folded."""
    verdicts = report(graph, chip, table).verdicts
    return dict(Counter((v.op, v.side) for v in verdicts if v.side not in ("NPU", "folded")))


@pytest.fixture(scope="module")
def tinypose(shared) -> GraphView:
    return read_graph(shared / "models" / "pp_tinypose_256x192.onnx")


@pytest.fixture(scope="module")
def yolov5n(shared) -> GraphView:
    return read_graph(shared / "models" / "yolov5n_640.onnx")


# A wider naive Lite-HRNet: 49 channel shuffles and splits, 29 nearest upsamplings on both axes.
# Counts of the operators: onnx.load(...).graph.node of the file.
@pytest.mark.parametrize(
    ("chip", "table", "expected"),
    [
        ("720", "2022-11", {("Reshape", "CPU"): 98, ("Transpose", "CPU"): 49}),
        ("730", "2026-03", {}),
        (
            "720",
            "2026-03",
            {
                ("Reshape", "disputed"): 98,
                ("Transpose", "CPU"): 49,
                ("Split", "CPU"): 49,
                ("Resize", "CPU"): 29,
            },
        ),
        (
            "520",
            "2026-03",
            {
                ("Reshape", "CPU"): 98,
                ("Transpose", "CPU"): 49,
                ("Split", "CPU"): 49,
                ("Resize", "disputed"): 29,
            },
        ),
    ],
)
def test_tinypose(tinypose, chip, table, expected):
    assert off_npu(tinypose, chip, table) == expected


# The same network as shipped, rewritten for the chip: what its card in weights/ says.
@pytest.mark.parametrize(("chip", "expected"), [("720", {}), ("520", {("Resize", "disputed"): 29})])
def test_the_shipped_network_on_its_chip(chip, expected):
    graph = read_graph(ROOT / f"weights/wider_naive_litehrnet_18_kl{chip}.onnx")
    assert off_npu(graph, chip) == expected


# The vendor's performance page of 2022-11: YOLOv5s has CPU nodes on 520 and none on 720 once the
# tail behind the last convolutions is cut; 5x5 poolings are the page's own 3x3 limit at work.
def test_yolov5n_on_720_of_2022_leaves_tail_and_pooling(yolov5n):
    found = report(yolov5n, "720", "2022-11").verdicts
    assert {v.op for v in found if v.side == "CPU"} == {"Reshape", "Transpose", "MaxPool"}
    assert all("in the tail" in v.cure for v in found if v.op in ("Reshape", "Transpose"))


def test_yolov5n_folds_its_shape_arithmetic(yolov5n):
    ops = Counter(n.op for n in yolov5n.nodes if n.name in yolov5n.folded)
    assert {op: ops[op] for op in ("Constant", "Shape", "Cast", "Floor", "Unsqueeze")} == {
        "Constant": 38, "Shape": 2, "Cast": 2, "Floor": 4, "Unsqueeze": 4
    }  # fmt: skip


def export(network, size: tuple[int, int], path: Path, opset: int) -> GraphView:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old exporter announces its end
        image = torch.zeros(1, 3, *size)
        torch.onnx.export(network.eval(), image, path, dynamo=False, opset_version=opset)
    return read_graph(path)


@pytest.fixture(scope="module")
def mobilenet_v2(tmp_path_factory) -> GraphView:
    from torchvision.models import mobilenet_v2

    path = tmp_path_factory.mktemp("network") / "mobilenet_v2.onnx"
    return export(mobilenet_v2(weights=None), (224, 224), path, 17)


# The vendor's performance page of 2022-11 gives ResNet-50 and MobileNet v2 no CPU nodes.
@pytest.mark.slow
@pytest.mark.parametrize("chip", ["520", "720", "530", "630"])
def test_mobilenet_v2_of_2022_is_on_the_npu(mobilenet_v2, chip):
    assert off_npu(mobilenet_v2, chip, "2022-11") == {}


@pytest.mark.slow
def test_mobilenet_v2_on_520_has_a_disputed_flatten(mobilenet_v2):
    assert off_npu(mobilenet_v2, "520") == {("Flatten", "disputed"): 1}


@pytest.mark.slow
def test_mobilenet_v2_multiply_adds(mobilenet_v2):
    # torchvision's documentation of MobileNet_V2_Weights: 0.30 G
    assert report(mobilenet_v2, "720").summary.macs["NPU"] == pytest.approx(0.30e9, rel=0.02)


@pytest.mark.slow
def test_resnet50(tmp_path):
    from torchvision.models import resnet50

    graph = export(resnet50(weights=None), (224, 224), tmp_path / "resnet50.onnx", 11)
    for chip in ("520", "720", "530", "630"):
        assert off_npu(graph, chip, "2022-11") == {}
    assert off_npu(graph, "520") == {("Flatten", "disputed"): 1}
    # torchvision's documentation of ResNet50_Weights: 4.09 G
    assert report(graph, "720").summary.macs["NPU"] == pytest.approx(4.09e9, rel=0.01)


# What Lite-HRNet-18 and -30 are made of, counted from the published modules, blocks and branches.
LITE_HRNET = {
    "18": dict(modules=(2, 4, 2), shuffles=49, poolings=32, means=48, large_means=32, gates=96,
               sigmoids=64, identities=16, resizes=61),
    "30": dict(modules=(3, 8, 3), shuffles=85, poolings=56, means=84, large_means=56, gates=168,
               sigmoids=112, identities=28, resizes=104),
}  # fmt: skip


@pytest.fixture(scope="module", params=LITE_HRNET)
def lite_hrnet(request, tmp_path_factory) -> tuple[GraphView, dict]:
    from mmpose.models.backbones import LiteHRNet
    from torch import nn

    facts = LITE_HRNET[request.param]
    network = LiteHRNet(
        dict(
            stem=dict(stem_channels=32, out_channels=32, expand_ratio=1),
            num_stages=3,
            stages_spec=dict(
                num_modules=facts["modules"],
                num_branches=(2, 3, 4),
                num_blocks=(2, 2, 2),
                module_type=("LITE",) * 3,
                with_fuse=(True,) * 3,
                reduce_ratios=(8, 8, 8),
                num_channels=((40, 80), (40, 80, 160), (40, 80, 160, 320)),
            ),
            with_head=True,
        )
    )

    class Pose(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = network
            self.head = nn.Conv2d(40, 17, 1)

        def forward(self, image):
            return self.head(self.backbone(image)[0])

    path = tmp_path_factory.mktemp("network") / "lite_hrnet.onnx"
    return export(Pose(), (256, 192), path, 11), facts


@pytest.mark.slow
def test_stock_lite_hrnet_on_520(lite_hrnet):
    graph, facts = lite_hrnet
    found = off_npu(graph, "520")
    assert found.pop(("Slice", "CPU")) + found.pop(("Split", "CPU")) > 0
    assert found == {
        ("Reshape", "CPU"): 2 * facts["shuffles"],
        ("Transpose", "CPU"): facts["shuffles"],
        ("GlobalAveragePool", "CPU"): facts["large_means"],
        ("Mul", "CPU"): facts["gates"],
        ("Sigmoid", "CPU"): facts["sigmoids"],
        ("Resize", "disputed"): facts["resizes"] + facts["identities"],
    }


@pytest.mark.slow
def test_stock_lite_hrnet_on_720_of_2022_lacks_shuffle_and_large_pooling(lite_hrnet):
    graph, facts = lite_hrnet
    pooling = Counter(n.op for n in graph.nodes)
    assert (pooling["AveragePool"], pooling["GlobalAveragePool"]) == (
        facts["poolings"], facts["means"]
    )  # fmt: skip
    found = off_npu(graph, "720", "2022-11")
    assert 0 < found.pop(("AveragePool", "CPU")) < facts["poolings"]
    assert found == {
        ("Reshape", "CPU"): 2 * facts["shuffles"],
        ("Transpose", "CPU"): facts["shuffles"],
        ("Resize", "CPU"): facts["identities"],
    }


@pytest.mark.slow
def test_stock_lite_hrnet_on_730(lite_hrnet):
    assert off_npu(lite_hrnet[0], "730") == {}
