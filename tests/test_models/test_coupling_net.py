"""The network for KL520 that upsamples nothing: its units, its head, what its graph is made of."""

import io
import warnings

import onnx
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from models.backbones.coupling_net import CouplingUnit, KneronCouplingNet
from models.heads.subpixel_head import KneronSubpixelHead

LOSS = dict(type="KeypointMSELoss", use_target_weight=True)


def small_net() -> KneronCouplingNet:
    net = KneronCouplingNet(stem_channels=8, half_channels=(8, 8), num_units=(2, 3), out_channels=8)
    net.init_weights()
    return net


def test_unit_adds_the_processed_half_to_the_other_and_changes_places():
    unit = CouplingUnit(2, kernel_size=3)
    unit.branch = nn.Hardtanh(0, 1)  # anything that is easily followed
    active, kept = torch.full((1, 2, 1, 1), 0.5), torch.full((1, 2, 1, 1), 7.0)
    first, second = unit((active, kept))
    assert first.flatten().tolist() == [7.5, 7.5]
    assert second is active
    first, second = unit((first, second))
    assert first.flatten().tolist() == [1.5, 1.5]  # 0.5 + 7.5 cut to 1


def test_shape_and_parameters():
    net = KneronCouplingNet()
    assert net.eval()(torch.zeros(1, 3, 64, 96))[0].shape == (1, 128, 8, 12)
    # by hand: stem 864 + 64; a side of Halves c*h + 2h + k*k*h + 2h; a unit 2*h*h + k*k*h + 6h
    at_4 = 2 * (32 * 32 + 64 + 25 * 32 + 64) + 4 * (2 * 32 * 32 + 25 * 32 + 6 * 32)
    at_8 = 2 * (64 * 80 + 160 + 49 * 80 + 160) + 14 * (2 * 80 * 80 + 49 * 80 + 6 * 80)
    last = 160 * 128 + 256
    assert sum(p.numel() for p in net.parameters()) == 928 + at_4 + at_8 + last


def test_every_parameter_learns():
    net = small_net()
    net(torch.randn(2, 3, 32, 32))[0].square().mean().backward()
    for name, parameter in net.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).any(), name


@pytest.mark.parametrize("size", [4, 13])
def test_kernel_that_the_chip_does_not_take(size):
    with pytest.raises(ValueError, match=f"kernel_sizes must be odd and at most 12.*got {size}"):
        KneronCouplingNet(kernel_sizes=(5, size))


def test_size_that_does_not_divide():
    with pytest.raises(ValueError, match="multiples of 8, got 36x40"):
        small_net()(torch.zeros(1, 3, 36, 40))


def test_head_puts_four_channels_into_each_block__golden():  # by hand: rows first, as CRD says
    head = KneronSubpixelHead(1, 2, deconv_out_channels=None, loss=LOSS)
    with torch.no_grad():
        head.final_layer.weight.copy_(torch.arange(1.0, 9.0).view(8, 1, 1, 1))
        head.final_layer.bias.copy_(torch.tensor([0.0] * 7 + [0.5]))
    maps = head((torch.tensor([[[[1.0, 10.0]]]]),))
    assert maps[0].tolist() == [
        [[1, 2, 10, 20], [3, 4, 30, 40]],
        [[5, 6, 50, 60], [7, 8.5, 70, 80.5]],
    ]


def test_head_equals_one_convolution_and_pixel_shuffle():
    torch.manual_seed(0)
    head = KneronSubpixelHead(8, 17, deconv_out_channels=None, loss=LOSS)
    nn.init.normal_(head.final_layer.weight)
    x = torch.randn(2, 8, 4, 3)
    layer = head.final_layer
    expected = F.pixel_shuffle(F.conv2d(x, layer.weight, layer.bias), 2)
    assert expected.shape == (2, 17, 8, 6)
    torch.testing.assert_close(head((x,)), expected)


def test_graph_holds_no_slice_no_gate_and_no_upsampling():
    head = KneronSubpixelHead(8, 17, deconv_out_channels=None, loss=LOSS)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old exporter announces its end
        network = nn.Sequential(small_net(), head).eval()
        image = torch.zeros(1, 3, 32, 32)
        torch.onnx.export(network, image, buffer, dynamo=False, opset_version=12)
    graph = onnx.load_from_string(buffer.getvalue()).graph
    computed = {name for node in graph.node for name in node.output if _reads_image(graph, node)}
    operators = {node.op_type for node in graph.node if node.output[0] in computed}
    assert operators == {"Conv", "Relu", "Add", "Concat", "DepthToSpace"}


def _reads_image(graph: onnx.GraphProto, wanted: onnx.NodeProto) -> bool:
    """Whether the node depends on the image: slices of weights are computed before it runs."""
    makers = {name: node for node in graph.node for name in node.output}
    waiting, seen = [wanted], set()
    while waiting:
        for name in waiting.pop().input:
            if name == graph.input[0].name:
                return True
            if name in makers and name not in seen:
                seen.add(name)
                waiting.append(makers[name])
    return False
