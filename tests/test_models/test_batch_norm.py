"""BatchNorm by joined pixels against PyTorch's own."""

import pytest
import torch
from torch import nn

from models.backbones import batch_norm
from models.backbones.batch_norm import BatchNorm2d, TwiceCountedBatchNorm2d


@pytest.fixture
def joined_calls(monkeypatch) -> list[torch.Size]:
    """Join pixels however few there are; the list gets the shape of the rows of each call."""
    monkeypatch.setattr(batch_norm, "LEAST_NUMBERS", 0)
    calls = []
    apply = batch_norm._JoinedPixels.apply

    def spy(rows, *more):
        calls.append(rows.shape)
        return apply(rows, *more)

    monkeypatch.setattr(batch_norm._JoinedPixels, "apply", spy)
    return calls


def random_pair(channels: int) -> tuple[BatchNorm2d, nn.BatchNorm2d]:
    ours, theirs = BatchNorm2d(channels).double(), nn.BatchNorm2d(channels).double()
    nn.init.uniform_(ours.weight, 0.5, 2)
    nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def channels_last(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64).to(memory_format=torch.channels_last)


@pytest.mark.parametrize(("channels", "joined"), [(20, 2), (4, 2), (7, 8), (300, 2), (9, 8)])
def test_outputs_gradients_and_statistics_are_those_of_pytorch(channels, joined, joined_calls):
    torch.manual_seed(channels)
    pair = random_pair(channels)
    for _ in range(2):  # the statistics of one batch do not show the momentum
        x, grad = channels_last(2, channels, 8, 6) * 3 + 1.5, channels_last(2, channels, 8, 6)
        results = []
        for norm in pair:
            leaf = x.clone().requires_grad_()
            y = norm(leaf)
            gradients = torch.autograd.grad(y, (leaf, norm.weight, norm.bias), grad)
            results.append((y, *gradients))
        torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
        assert results[0][0].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(*(norm.state_dict() for norm in pair), rtol=1e-10, atol=1e-10)
    assert joined_calls == [(2 * 8 * 6 // joined, channels * joined)] * 2


def test_single_precision_is_no_further_from_double_than_pytorch_is(joined_calls):
    torch.manual_seed(0)
    pair = random_pair(20)
    exact = channels_last(4, 20, 32, 24) + 10
    expected = pair[1](exact)
    ours, theirs = (norm.float()(exact.float()) for norm in pair)
    gaps = [(y.double() - expected).abs().max().item() for y in (ours, theirs)]
    assert gaps[0] <= 2 * gaps[1]
    assert len(joined_calls) == 1


@pytest.mark.parametrize(
    "x",
    [
        torch.randn(2, 20, 8, 6, dtype=torch.float64),  # not channels-last
        channels_last(2, 24, 8, 6),  # nothing is left over
        channels_last(1, 20, 3, 3),  # an odd number of pixels
    ],
)
def test_all_else_goes_to_pytorch(x, joined_calls):
    ours, theirs = random_pair(x.shape[1])
    assert torch.equal(ours(x), theirs(x))
    assert joined_calls == []


def test_evaluation_uses_the_running_statistics(joined_calls):
    ours, theirs = (norm.eval() for norm in random_pair(20))
    x = channels_last(2, 20, 8, 6)
    assert torch.equal(ours(x), theirs(x))
    assert joined_calls == []


@pytest.mark.parametrize("channels", [4, 8])
def test_twice_counted_batch_norm_equals_two_passes(channels, joined_calls):
    torch.manual_seed(0)
    once, twice = TwiceCountedBatchNorm2d(channels), nn.BatchNorm2d(channels)
    for _ in range(3):
        batch = torch.randn(8, channels, 4, 5).to(memory_format=torch.channels_last)
        once(batch)
        twice(batch), twice(batch)
    torch.testing.assert_close(once.state_dict(), twice.state_dict())
    assert len(joined_calls) == (3 if channels == 4 else 0)
