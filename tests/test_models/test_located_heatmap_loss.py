"""The loss that learns the place: smallest at the target, and strong where squared error is not."""

import pytest
import torch

from models.losses.located_heatmap_loss import LocatedHeatmapLoss


def peak(x: int, y: int) -> torch.Tensor:
    columns, rows = torch.arange(24.0), torch.arange(32.0)[:, None]
    return torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 1.5**2))[None, None]


def test_is_zero_at_the_target_and_larger_everywhere_else():
    loss, target, one = LocatedHeatmapLoss(), peak(10, 20), torch.ones(1, 1)
    assert loss(target, target, one) == 0
    torch.manual_seed(0)
    for scale in (1e-3, 1e-1, 1.0):
        assert loss(target + scale * torch.randn_like(target), target, one) > 0


def test_gradient_at_an_empty_map_points_at_the_peak_more_than_squared_error_does():
    target, one = peak(10, 20), torch.ones(1, 1)
    empty = torch.zeros_like(target, requires_grad=True)
    LocatedHeatmapLoss()(empty, target, one).backward()
    ours = empty.grad
    squared = -2 * target
    assert ours.argmin() == target.argmax()
    assert ours.min() < 1.5 * squared.min()


def test_joints_without_weight_do_not_count_and_halves_average_to_the_whole():
    loss = LocatedHeatmapLoss()
    torch.manual_seed(1)
    output, target = torch.randn(4, 3, 32, 24), torch.cat([peak(3, 4)] * 3, 1).repeat(4, 1, 1, 1)
    weights = torch.tensor([[1.0, 0, 1]] * 4)
    changed = output.clone()
    changed[:, 1] += 5
    torch.testing.assert_close(loss(changed, target, weights), loss(output, target, weights))
    halves = [loss(output[i : i + 2], target[i : i + 2], weights[i : i + 2]) for i in (0, 2)]
    torch.testing.assert_close(sum(halves) / 2, loss(output, target, weights))


def test_refuses_no_sharpness():
    with pytest.raises(ValueError, match="sharpness must be above 0, got 0"):
        LocatedHeatmapLoss(sharpness=0)
