"""What makes training fast must not change what is learnt, nor what is saved."""

import pytest
import torch
from mmengine.config import Config

from mmpose_replacement.acceleration import choose_acceleration


def read(path):
    return torch.load(path, map_location="cpu", weights_only=False)


def small_config(**optimizer) -> Config:
    return Config(
        dict(
            optim_wrapper=dict(type="OptimWrapper", optimizer=dict(lr=1e-3, **optimizer)),
            train_dataloader=dict(),
            model=dict(data_preprocessor=dict()),
        )
    )


def test_the_optimiser_runs_as_one_kernel_where_it_can():
    config = small_config(type="Adam")
    choose_acceleration(config, amp=None, compiled=None)
    assert config.optim_wrapper.optimizer.fused is True
    other = small_config(type="Adadelta")
    choose_acceleration(other, amp=None, compiled=None)
    assert "fused" not in other.optim_wrapper.optimizer


def test_the_configs_own_words_stay():
    config = small_config(type="Adam", fused=False)
    choose_acceleration(config, amp=False, compiled=False)
    assert config.optim_wrapper.optimizer.fused is False
    assert config.optim_wrapper.type == "OptimWrapper"
    assert "custom_hooks" not in config


def test_fused_adam_takes_the_same_steps():
    torch.manual_seed(0)
    weights = torch.randn(50)
    results = []
    for fused in (False, True):
        weight = weights.clone().requires_grad_()
        optimizer = torch.optim.Adam([weight], lr=1e-2, fused=fused)
        for _ in range(20):
            optimizer.zero_grad()
            weight.cos().sum().backward()
            optimizer.step()
        results.append(weight.detach())
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_compiled_training_learns_the_same(train_quietly, tmp_path, monkeypatch):
    """With the tracing back end, which needs no C++ compiler: the same graph, no generated code."""
    compile_ = torch.compile
    graphs = []

    def traced(function, **options):
        graphs.append(function)
        return compile_(function, backend="aot_eager", fullgraph=True, **options)

    monkeypatch.setattr(torch, "compile", traced)
    monkeypatch.setattr("mmpose_replacement.acceleration._require_compiler", lambda: None)
    for name, flag in (("plain", "--no-compile"), ("compiled", "--compile")):
        train_quietly(tmp_path / name, flag)
    assert len(graphs) == 1
    plain, compiled = (read(tmp_path / name / "epoch_1.pth") for name in ("plain", "compiled"))
    assert plain["state_dict"].keys() == compiled["state_dict"].keys()
    for name, value in plain["state_dict"].items():
        torch.testing.assert_close(compiled["state_dict"][name], value, rtol=1e-3, atol=1e-4)


def test_compile_without_a_compiler(train_quietly, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match=r"--compile needs a C\+\+ compiler on a CPU"):
        train_quietly(tmp_path, "--compile")
