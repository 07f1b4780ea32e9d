"""Lite-HRNet against mmpose's own class with the same weights, and its NPU switches."""

import pytest
import torch
from mmpose.models.backbones import LiteHRNet
from torch import nn

from models.backbones.layers import (
    HalvingConv,
    channel_shuffle,
    join_halves,
    mix_halves,
)
from models.backbones.litehrnet import KneronLiteHRNet

WIDE, NARROW = (40, 80, 160, 320), (30, 60, 120, 240)
FAMILY = {  # name: modules a stage, channels, block, channels out, parameters with a 1x1 head
    "18": ((2, 4, 2), WIDE, "LITE", 40, 1_130_769),
    "30": ((3, 8, 3), WIDE, "LITE", 40, 1_763_717),
    "naive-18": ((2, 4, 2), NARROW, "NAIVE", 30, 760_365),
    "wider-naive-18": ((2, 4, 2), WIDE, "NAIVE", 40, 1_318_625),
}


def extra(name: str) -> dict:
    modules, channels, block, _, _ = FAMILY[name]
    return dict(
        stem=dict(stem_channels=32, out_channels=32, expand_ratio=1),
        num_stages=3,
        stages_spec=dict(
            num_modules=modules,
            num_branches=(2, 3, 4),
            num_blocks=(2, 2, 2),
            module_type=(block,) * 3,
            with_fuse=(True,) * 3,
            reduce_ratios=(8, 8, 8),
            num_channels=(channels[:2], channels[:3], channels),
        ),
        with_head=True,
    )


def pair(name: str) -> tuple[nn.Module, nn.Module]:
    """mmpose's network with weights that let signals through, and ours with the same."""
    torch.manual_seed(7)
    theirs = LiteHRNet(extra(name))
    for weight in theirs.parameters():
        if weight.ndim > 1:
            nn.init.kaiming_normal_(weight)
        else:
            nn.init.uniform_(weight, 0.5, 1.5)
    ours = KneronLiteHRNet(extra(name))
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return theirs, ours


def relative(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return ((ours - theirs).norm() / theirs.norm()).item()


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_same_weights_give_the_same_network(name, layout):
    """In double precision: the order of sums differs, and such weights amplify rounding a lot."""
    theirs, ours = (network.double() for network in pair(name))
    ours = ours.to(memory_format=layout)
    image = torch.randn(2, 3, 64, 96).double()

    theirs.eval(), ours.eval()
    with torch.no_grad():
        assert relative(ours(image)[0], theirs(image)[0]) < 1e-8

    theirs.train(), ours.train()
    out_theirs, out_ours = theirs(image)[0], ours(image)[0]
    assert relative(out_ours, out_theirs) < 1e-8
    direction = torch.randn_like(out_theirs)
    (out_theirs * direction).sum().backward()
    (out_ours * direction).sum().backward()
    gradients = [torch.cat([p.grad.flatten() for p in m.parameters()]) for m in (ours, theirs)]
    assert relative(*gradients) < 1e-8
    # the first fuse path runs twice in mmpose's class: its statistics move twice, its counter too
    for (name_ours, mine), (name_theirs, other) in zip(
        ours.named_buffers(), theirs.named_buffers(), strict=True
    ):
        assert name_ours == name_theirs
        torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", FAMILY)
def test_single_precision_outputs_agree_once_statistics_fit_the_weights(name):
    theirs, ours = pair(name)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain average of what it sees
    theirs.train()
    with torch.no_grad():
        theirs(torch.randn(8, 3, 64, 96))
        ours.load_state_dict(theirs.state_dict())
        theirs.eval(), ours.eval()
        image = torch.randn(2, 3, 64, 96)
        assert relative(ours(image)[0], theirs(image)[0]) < 1e-5


@pytest.mark.parametrize("name", FAMILY)
def test_parameters_as_published(name):
    ours = KneronLiteHRNet(extra(name))
    head = nn.Conv2d(FAMILY[name][3], 17, 1)
    assert sum(p.numel() for m in (ours, head) for p in m.parameters()) == FAMILY[name][4]


def count_multiply_adds(network: nn.Module, image: torch.Tensor) -> tuple[int, int]:
    """Multiply-adds of all convolutions: each layer once, and each time that it runs."""
    by_layer, executed = {}, []

    def note(layer, _, output):
        by_layer[layer] = output.numel() // len(output) * layer.weight[0].numel()
        executed.append(by_layer[layer])

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note)
    with torch.no_grad():
        network.train(False)  # mmpose's returns None
        network(image)
    return sum(by_layer.values()), sum(executed)


@pytest.mark.parametrize("name", FAMILY)
def test_multiply_adds_of_the_layers_equal_mmposes_and_fewer_are_executed(name):
    image = torch.zeros(1, 3, 256, 192)
    layers_theirs, executed_theirs = count_multiply_adds(LiteHRNet(extra(name)), image)
    layers_ours, executed_ours = count_multiply_adds(KneronLiteHRNet(extra(name)), image)
    assert layers_ours == layers_theirs
    assert executed_ours == layers_ours  # nothing runs twice
    assert executed_ours < executed_theirs
    if name == "18":  # counted by hooks on mmpose 1.1.0, with the head: 242.35 M
        assert executed_theirs + 64 * 48 * 40 * 17 == 242_345_088


def test_every_parameter_learns():
    network = KneronLiteHRNet(extra("18"))
    network.init_weights()
    network(torch.randn(2, 3, 64, 64))[0].square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())
    # biases before a BatchNorm-free sigmoid are near zero but not cut off
    assert sum(bool((p.grad != 0).any()) for p in network.parameters()) > 0.95 * len(
        list(network.parameters())
    )


def test_size_that_does_not_divide():
    with pytest.raises(ValueError, match="multiples of 32, got 72x96"):
        KneronLiteHRNet(extra("18"))(torch.zeros(1, 3, 72, 96))


def test_learned_pooling_begins_as_the_average():
    torch.manual_seed(3)
    average = KneronLiteHRNet(extra("18"))
    average.init_weights()
    learned = KneronLiteHRNet(extra("18"), pool="conv")
    learned.init_weights()
    missing = learned.load_state_dict(average.state_dict(), strict=False).missing_keys
    assert missing
    assert all(".pools." in name for name in missing)
    image = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(learned(image)[0], average(image)[0], rtol=1e-4, atol=1e-5)
    assert any(isinstance(module, HalvingConv) for module in learned.modules())


@pytest.mark.parametrize("shuffle", ["channel", "swap", "add"])
def test_every_channel_is_processed_within_two_blocks(shuffle):
    """Whatever is not processed by the first block goes through the second one's convolutions."""
    module = KneronLiteHRNet(extra("wider-naive-18"), shuffle=shuffle).stage0[0]
    module.fuse_layers = None
    processed = [module.layers[0][number].branch2 for number in range(2)]
    for number, branch in enumerate(processed, start=1):
        branch.register_forward_hook(lambda _, given, __, number=number: given[0] + 10**number)
    maps = [torch.zeros(1, 40, 4, 4), torch.zeros(1, 80, 2, 2)]
    marks = module(maps)[0].unique().tolist()
    # 10 went through the first block, 100 through the second, 0 through none
    expected = {"channel": [0, 10, 100, 110], "swap": [10, 100], "add": [10, 110]}
    assert marks == expected[shuffle]


def test_channel_shuffle__golden():  # by hand: two groups of three, interleaved
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert channel_shuffle(x).flatten().tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize("size", [(2, 3, 4, 5), (1, 1, 2, 2), (3, 10, 1, 7)])
def test_interleaving_halves_is_the_channel_shuffle_in_both_directions(size):
    torch.manual_seed(0)
    kept, new = (torch.randn(size, dtype=torch.float64, requires_grad=True) for _ in range(2))
    joined = join_halves(kept, new, "channel")
    assert torch.equal(joined, channel_shuffle(torch.cat((kept, new), dim=1)))
    halves = mix_halves(kept, torch.full_like(kept, torch.nan), new, "channel")
    assert torch.equal(torch.cat(halves, dim=1), joined)
    assert torch.autograd.gradcheck(lambda *x: join_halves(*x, "channel"), (kept, new))


def test_norm_eval_keeps_statistics():
    network = KneronLiteHRNet(extra("18"), norm_eval=True).train()
    before = {name: value.clone() for name, value in network.named_buffers()}
    network(torch.randn(2, 3, 64, 64))
    assert all(torch.equal(value, before[name]) for name, value in network.named_buffers())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(shuffle="none"), "shuffle must be one of channel, swap, add, got 'none'"),
        (dict(pool="max"), "pool must be one of average, conv, got 'max'"),
        (dict(extra={"stem": {}}), "extra must have 'num_stages', got only"),
    ],
)
def test_refuses_what_it_does_not_know(change, message):
    with pytest.raises(ValueError, match=message):
        KneronLiteHRNet(**{"extra": extra("18"), **change})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("num_modules", (2, 4), "stages_spec.num_modules must have one entry for each of the 3"),
        ("module_type", ("LITE", "FULL", "LITE"), "module_type must be one of LITE, NAIVE"),
        ("num_channels", ((40,), (40, 80, 160), WIDE), r"num_channels\[0\] must be 2 even numbers"),
    ],
)
def test_refuses_stages_that_do_not_fit(key, value, message):
    description = extra("18")
    description["stages_spec"][key] = value
    with pytest.raises(ValueError, match=message):
        KneronLiteHRNet(description)
