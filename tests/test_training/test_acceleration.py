"""What makes training fast must not change what is learnt, nor what is saved."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

from mmpose_replacement.engine.acceleration import choose_acceleration

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"

COMPILE = torch.compile


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


@pytest.mark.skipif(sys.platform != "linux", reason="is about glibc")
def test_memory_of_freed_tensors_is_not_fetched_from_the_kernel_again():
    """Twelve tensors of 20 MB are 58,000 pages, each a fault when it comes from the kernel.

    The heap may still grow by one of them in the second or third round, where pieces do not fit.
    """
    program = """if True:
        import resource, torch
        from mmpose_replacement.engine.acceleration import keep_freed_memory
        keep_freed_memory()
        for _ in range(8):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            tensors = [torch.zeros(5_000_000) for _ in range(12)]
            del tensors
        print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert int(done.stdout.split()[-1]) < 1000, done.stderr


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


def compile_without_code(function, **options):
    """The whole graph as the compiler sees it, run by PyTorch: needs no C++ compiler."""
    return COMPILE(function, backend="aot_eager", fullgraph=True, **options)


def test_autocast_reaches_every_parameter():
    """Halves of two precisions are joined, and gradients arrive in that of the weights."""
    torch.manual_seed(0)
    network = MODELS.build(Config.fromfile(QUICKSTART).model.backbone)
    images = torch.randn(2, 3, 64, 64)
    with torch.autocast("cpu", torch.bfloat16):
        (maps,) = network(images)
    maps.float().square().sum().backward()
    assert maps.dtype == torch.bfloat16
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("shuffle", ["channel", "swap"])
def test_the_compiled_backbone_is_the_same_function(shuffle):
    torch.manual_seed(0)
    backbone = Config.fromfile(QUICKSTART).model.backbone
    network = MODELS.build({**backbone, "shuffle": shuffle}).double()
    network = network.to(memory_format=torch.channels_last)
    images = torch.randn(4, 3, 64, 64, dtype=torch.float64)
    results = []
    for forward in (network.forward, compile_without_code(network.forward, dynamic=False)):
        network.zero_grad()
        (maps,) = forward(images)
        maps.sin().sum().backward()
        results.append([maps.detach(), *(weight.grad for weight in network.parameters())])
    torch.testing.assert_close(*results, rtol=1e-8, atol=1e-8)


@pytest.mark.slow
def test_compiled_training_saves_what_plain_training_saves(train_quietly, tmp_path, monkeypatch):
    compiled = []
    monkeypatch.setattr(
        torch, "compile", lambda f, **options: compiled.append(f) or compile_without_code(f)
    )
    monkeypatch.setattr("mmpose_replacement.engine.acceleration._require_compiler", lambda: None)
    for name, flag in (("plain", "--no-compile"), ("compiled", "--compile")):
        train_quietly(tmp_path / name, flag)
    assert len(compiled) == 1
    plain, ours = (read(tmp_path / name / "epoch_1.pth") for name in ("plain", "compiled"))
    assert plain["state_dict"].keys() == ours["state_dict"].keys()
    moved = ours["state_dict"]["head.final_layer.weight"]
    # Adam divides by what is nearly nothing in the first steps, so rounding shows
    torch.testing.assert_close(
        moved, plain["state_dict"]["head.final_layer.weight"], rtol=0, atol=1e-3
    )


def test_compile_without_a_compiler(train_quietly, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match=r"--compile needs a C\+\+ compiler on a CPU"):
        train_quietly(tmp_path, "--compile")
