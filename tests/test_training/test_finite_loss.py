"""A loss that is no number ends the training with step, images and learning rate."""

from types import SimpleNamespace

import pytest
import torch

from mmpose_replacement.engine.finite_loss import FiniteLossHook


def training(order: list[int]) -> SimpleNamespace:
    """Four people of three images, in batches of two, in its second epoch."""
    files = ["a.jpg", "b.jpg", "b.jpg", "c.jpg"]
    dataset = SimpleNamespace(get_data_info=lambda index: {"img_path": files[index]})

    class Loader(SimpleNamespace):
        def __len__(self) -> int:
            return 2

    loader = Loader(batch_size=2, sampler=order, dataset=dataset)
    rate = SimpleNamespace(get_lr=lambda: {"lr": [0.00125]})
    return SimpleNamespace(epoch=1, train_dataloader=loader, optim_wrapper=rate)


def epoch(hook: FiniteLossHook, runner: SimpleNamespace, *losses: float) -> None:
    for batch_idx, loss in enumerate(losses):
        hook.after_train_iter(runner, batch_idx, outputs={"loss": torch.tensor(loss)})
    hook.after_train_epoch(runner)


@pytest.mark.parametrize("interval", [1, 2, 50])
@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_loss_that_is_no_number_is_told_with_its_own_batch(loss, interval):
    hook, runner = FiniteLossHook(), training([3, 0, 1, 2])
    hook.interval = interval
    text = rf"got {loss:g} in iteration 3 at learning rate 0\.00125, on c\.jpg, a\.jpg\. Look"
    with pytest.raises(ValueError, match=text):
        epoch(hook, runner, loss, float("nan"))


def test_two_people_of_one_image_are_one_image():
    with pytest.raises(ValueError, match=r"iteration 4 .* on b\.jpg\. Look"):
        epoch(FiniteLossHook(), training([3, 0, 1, 2]), 0.5, float("nan"))


def test_finite_losses_go_on():
    hook, runner = FiniteLossHook(), training([3, 0, 1, 2])
    epoch(hook, runner, 1.0, 0.0)


def test_training_ends_before_a_spoilt_checkpoint_is_written(train_quietly, tmp_path):
    with pytest.raises(SystemExit, match=r"loss must be finite, got (nan|inf) .* on .*\.jpg"):
        train_quietly(tmp_path, "--no-validate", also=("optim_wrapper.optimizer.lr=1e38",))
    assert not list(tmp_path.glob("*.pth"))
