"""Hooks that speak to people: a loss that is no number ends the training with a reason."""

from types import SimpleNamespace

import pytest
import torch

from mmpose_replacement.engine.hooks import FiniteLossHook


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_loss_that_is_no_number_ends_the_training(loss):
    outputs = {"loss": torch.tensor(loss)}
    FiniteLossHook().after_train_iter(
        SimpleNamespace(iter=48), 48, outputs=outputs
    )  # not looked at
    with pytest.raises(ValueError, match=r"loss must be finite, got (nan|inf) in iteration 50"):
        FiniteLossHook().after_train_iter(SimpleNamespace(iter=49), 49, outputs=outputs)


def test_finite_loss_goes_on():
    outputs = {"loss": torch.tensor(1.0)}
    FiniteLossHook().after_train_iter(SimpleNamespace(iter=49), 49, outputs=outputs)
