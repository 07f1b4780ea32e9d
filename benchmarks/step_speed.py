"""One training step, ours against mmpose's: forward, loss, backward, optimiser on given images.

    python benchmarks/step_speed.py                  times, for the device that is found
    python benchmarks/step_speed.py --curves         losses of 200 steps with three seeds instead

Both start from the same weights. Ours runs as train.py runs it on this machine; for the times each
network has a process of its own.
"""

import argparse
import multiprocessing
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import torch

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import nn

from benchmarks.speed_table import Row, interleaved_medians, machine, markdown

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py"
BATCHES = {"cpu": (16,), "cuda": (64, 256)}


class Network(nn.Module):
    """Backbone and head, from images to heatmaps."""

    def __init__(self, model: dict) -> None:
        super().__init__()
        self.backbone = MODELS.build(model["backbone"])
        self.head = MODELS.build(model["head"])

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return heatmaps (B, K, H/4, W/4)."""
        return self.head.forward(self.backbone(images_BCHW))


def build_pair(device: str) -> tuple[nn.Module, nn.Module]:
    """Return ours and mmpose's network with the same weights, on the device."""
    ours_config = Config.fromfile(CONFIG)
    __import__("models"), __import__("mmpose_replacement")
    init_default_scope("mmpose")
    extra = ours_config.model.backbone.extra
    stock_config = {
        "backbone": {"type": "LiteHRNet", "in_channels": 3, "extra": extra},
        "head": {**ours_config.model.head, "type": "HeatmapHead", "decoder": None},
    }
    MMLogger.get_instance("benchmark", log_level="ERROR")  # or each weight is announced
    ours = Network(ours_config.model)
    ours.backbone.init_weights()
    stock = Network(stock_config)
    stock.load_state_dict(ours.state_dict(), strict=True)
    return ours.to(device).train(), stock.to(device).train()


def trainer(
    network: nn.Module, batches: list[tuple[torch.Tensor, torch.Tensor]], *, is_ours: bool
) -> Callable[[], float]:
    """Return a function that takes the next step and returns the loss."""
    device = batches[0][0].device.type
    if is_ours:
        network.to(memory_format=torch.channels_last)
        if device == "cuda":
            torch.backends.cudnn.benchmark = True
            network.backbone.forward = torch.compile(network.backbone.forward, dynamic=False)
    autocast = is_ours and device == "cuda" and torch.cuda.is_bf16_supported()
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3, fused=is_ours)
    turn = iter(range(10**9))

    def step() -> float:
        images, targets = batches[next(turn) % len(batches)]
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=autocast):
            heatmaps = network(images)
        loss = nn.functional.mse_loss(heatmaps.float(), targets)
        loss.backward()
        optimizer.step()
        return loss.item()  # waits for the GPU

    return step


def random_batches(
    count: int, size: int, device: str, hw: tuple[int, int] = (256, 192)
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Make images (size, 3, h, w) and targets (size, 17, h/4, w/4) of blurred noise."""
    batches = []
    for _ in range(count):
        images = torch.randn(size, 3, *hw, device=device)
        grey = nn.functional.avg_pool2d(images.mean(1, keepdim=True), 4)
        targets = nn.functional.avg_pool2d(grey, 5, 1, 2).sigmoid().repeat(1, 17, 1, 1)
        batches.append((images, targets))
    return batches


def _serve(pipe: Connection, size: int, device: str, is_ours: bool) -> None:
    """Take a step whenever told to, until told to stop."""
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    batches = random_batches(1, size, device)
    ours, stock = build_pair(device)
    if is_ours:
        from mmpose_replacement.engine.acceleration import keep_freed_memory

        keep_freed_memory()
    step = trainer(ours if is_ours else stock, batches, is_ours=is_ours)
    while pipe.recv():
        pipe.send(step())


@contextmanager
def stepping_process(size: int, device: str, *, is_ours: bool) -> Iterator[Callable[[], float]]:
    """Yield a function that has one network, in a process of its own, take a step."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, size, device, is_ours))
    process.start()
    there.close()  # or a process that failed would be waited for

    def step() -> float:
        here.send(True)
        return here.recv()

    try:
        yield step
    finally:
        here.send(False)
        process.join()


def measure_steps(repeats: int) -> list[Row]:
    """Time a step of both networks for each batch size of the device that is found."""
    found = "cuda" if torch.cuda.is_available() else "cpu"
    rows = []
    for device, sizes in BATCHES.items():
        for size in sizes:
            what = f"training step, Lite-HRNet-18, 256x192, batch {size}, {device}"
            if device != found:
                rows.append(Row(what, "s", None, None))
                continue
            with (
                stepping_process(size, device, is_ours=True) as ours,
                stepping_process(size, device, is_ours=False) as stock,
            ):
                medians = interleaved_medians([ours, stock], repeats, warm_ups=3)
            rows.append(Row(what, "s", *medians))
    return rows


def compare_curves(steps: int, seeds: int, size: int) -> str:
    """Train both on the same images from the same weights; say how far the losses are apart."""
    torch.set_flush_denormal(True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    lines = ["| seed | ours, last 20 steps | stock, last 20 steps | largest gap of any step |"]
    lines.append("|---|---|---|---|")
    ends: list[list[float]] = [[], []]
    for seed in range(seeds):
        torch.manual_seed(seed)
        batches = random_batches(50, size, device, (128, 96))
        curves = []
        for network, is_ours in zip(build_pair(device), (True, False), strict=True):
            step = trainer(network, batches, is_ours=is_ours)
            curves.append([step() for _ in range(steps)])
        for kept, curve in zip(ends, curves, strict=True):
            kept.append(statistics.mean(curve[-20:]))
        gap = max(abs(a - b) / b for a, b in zip(*curves, strict=True))
        lines.append(f"| {seed} | {ends[0][-1]:.6f} | {ends[1][-1]:.6f} | {100 * gap:.2f} % |")
    spreads = [max(kept) - min(kept) for kept in ends]
    lines.append(f"\nspread over the seeds: ours {spreads[0]:.6f}, stock {spreads[1]:.6f}")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="timed steps of each network")
    parser.add_argument("--curves", action="store_true", help="compare losses instead of times")
    parser.add_argument("--batch-size", type=int, default=8, help="images a step for --curves")
    args = parser.parse_args(argv)
    print(machine() + "\n")
    if args.curves:
        print(compare_curves(steps=200, seeds=3, size=args.batch_size))
    else:
        print(markdown(measure_steps(args.repeats)))


if __name__ == "__main__":
    main()
