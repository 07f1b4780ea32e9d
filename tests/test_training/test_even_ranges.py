"""quant_friendly: channels come to one range by as much as the hook says; the switch reaches it."""

import multiprocessing
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmcv.cnn import ConvModule
from mmengine.config import Config
from torch import nn

from mmpose_replacement.config.load import load_config
from mmpose_replacement.engine.testing import build_test_runner
from mmpose_replacement.qat.even_ranges import EvenRangesHook, folded_pairs, folded_ranges
from models.checkpoints.load import load_file


def a_network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    norm = dict(type="BN")
    network = nn.Sequential(
        ConvModule(3, 8, 3, norm_cfg=norm),
        nn.Sequential(nn.Conv2d(8, 8, 3, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
        nn.Conv2d(8, 2, 1),
    )
    for _, batch_norm in folded_pairs(network):
        nn.init.uniform_(batch_norm.weight, -3, 3)
        nn.init.uniform_(batch_norm.running_var, 0.1, 9)
    return network


def step(network: nn.Module, **more: float) -> None:
    """Pull once, at a learning rate of .05."""
    hook = EvenRangesHook(**more)
    rates = SimpleNamespace(get_lr=lambda: {"lr": [0.05]})
    runner = SimpleNamespace(model=network, optim_wrapper=rates)
    hook.before_train(runner)
    hook.after_train_iter(runner, batch_idx=0)


def logs_of(network: nn.Module) -> list[torch.Tensor]:
    return [folded_ranges(*pair).log().detach() for pair in folded_pairs(network)]


@pytest.mark.parametrize("seed", range(3))
def test_a_step_moves_each_channel_by_its_share_towards_the_mean(seed):
    network = a_network(seed)
    before, signs = logs_of(network), [bn.weight.sign() for _, bn in folded_pairs(network)]
    assert len(before) == 2
    step(network, strength=2.0)
    for old, new in zip(before, logs_of(network), strict=True):
        torch.testing.assert_close(new.mean(), old.mean())
        torch.testing.assert_close(new - new.mean(), (old - old.mean()) * 0.9)
    assert all(
        torch.equal(sign, bn.weight.sign())
        for sign, (_, bn) in zip(signs, folded_pairs(network), strict=True)
    )


def one_of_two(folder: Path, rank: int) -> None:
    """Pull in one of two processes, whose BatchNorms have seen other people."""
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2
    )
    network = a_network(seed=0)
    for _, norm in folded_pairs(network):
        norm.running_var.mul_(torch.linspace(1, 1 + rank, len(norm.running_var)))
    step(network)
    torch.save(dict(network.named_parameters()), folder / f"{rank}.pth")
    torch.distributed.destroy_process_group()


def test_processes_that_saw_other_people_keep_the_same_weights(tmp_path):
    context = multiprocessing.get_context("fork")
    both = [
        context.Process(target=one_of_two, args=(tmp_path, rank), daemon=True) for rank in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    first, second = (torch.load(tmp_path / f"{rank}.pth") for rank in range(2))
    moved = False
    for name, before in a_network(seed=0).named_parameters():
        assert torch.equal(first[name], second[name]), name
        moved |= not torch.equal(first[name], before)
    assert moved


def test_batch_norm_over_all_processes_counts_too():
    network = nn.SyncBatchNorm.convert_sync_batchnorm(a_network(seed=0))
    assert len(list(folded_pairs(network))) == 2


def test_a_network_without_batch_norm_stays_as_it_is():
    network = nn.Conv2d(3, 2, 1)
    before = network.weight.clone()
    step(network)
    assert torch.equal(network.weight, before)


def test_the_switch_makes_ranges_even_in_a_training(train_quietly, tmp_path):
    spreads = {}
    for word in ("True", "False"):
        folder = tmp_path / word
        train_quietly(folder, "--no-validate", also=(f"quant_friendly={word}",))
        written = load_config(next(folder.glob("*.py")))
        kinds = [hook.type for hook in written.custom_hooks]
        assert ("EvenRangesHook" in kinds) == (word == "True")
        model = build_test_runner(written, tmp_path).model
        load_file(model, folder / "epoch_1.pth")
        spreads[word] = torch.stack([each.std() for each in logs_of(model)]).mean()
    assert spreads["True"] < spreads["False"]


def test_a_config_from_a_work_directory_has_each_hook_once(trained, train_quietly, tmp_path):
    again = next(trained.glob("*.py"))
    train_quietly(tmp_path, "--no-validate", config=again)
    kinds = [hook.type for hook in Config.fromfile(next(tmp_path.glob("*.py"))).custom_hooks]
    assert len(kinds) == len(set(kinds))
    assert "SyncBuffersHook" in kinds
