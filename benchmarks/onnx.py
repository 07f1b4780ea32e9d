"""Time exported networks in onnxruntime: ours against mmpose's own class exported as it is.

    python benchmarks/onnx.py [--models FOLDER]

Same weights, one thread, batch 1, the same session options, interleaved. Weights are drawn, with
BatchNorm statistics that fit them, so that numbers have the size that they have in use.
"""

import argparse
import io
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

import numpy as np
import onnx
import onnxruntime
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from torch import nn

from benchmarks.speed_table import interleaved_medians, machine
from models.onnx_export import ExportOptions, build_estimator, trace
from models.onnx_wrappers import HeatmapNetwork
from utils.onnx_passes import count_nodes, optimize

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "configs/top_down/lite_hrnet/coco"
PAIRS = ("litehrnet_18_coco_256x192", "litehrnet_30_coco_256x192")  # mmpose has these too
CHIPS = {
    "litehrnet_no_shuffle_no_avgpool": "720",
    "litehrnet_kl520": "520",
    "litehrnet_kl520_no_upsampling": "520",
}


@dataclass(frozen=True)
class Entry:
    """A file to time.

    Attributes:
        name: as the table shows it.
        model: what is timed.
        partner: index of the entry whose outputs and times it is compared with, or None.
    """

    name: str
    model: onnx.ModelProto
    partner: int | None = None


def draw_weights(network: nn.Module, input_wh: tuple[int, int]) -> None:
    """Draw a backbone that lets signals through, and let BatchNorm see a batch of noise."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module is not network.head.final_layer:
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain average
    network.train()
    with torch.no_grad():
        network(torch.randn(8, 3, *input_wh[::-1]))
    network.eval()


def export_stock(config: Config, weights: dict) -> onnx.ModelProto:
    """Export mmpose's own class with PyTorch's tracing exporter, opset 18, nothing else."""
    model = config.model.to_dict()
    model["backbone"] = {"type": "LiteHRNet", "in_channels": 3, "extra": model["backbone"]["extra"]}
    stock = build_estimator(Config({**config.to_dict(), "model": model}))
    stock.load_state_dict(weights)
    width, height = config.codec.input_size
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            HeatmapNetwork(stock).eval(),
            (torch.zeros(1, 3, height, width),),
            buffer,
            dynamo=False,
            opset_version=18,
            input_names=["input"],
            output_names=["heatmaps"],
        )
    return onnx.load_from_string(buffer.getvalue())


def entries(models: Path | None) -> list[Entry]:
    """Build everything that is timed."""
    found: list[Entry] = []
    for name in (*PAIRS, *CHIPS):
        config = Config.fromfile(FOLDER / f"{name}.py")
        torch.manual_seed(0)
        estimator = build_estimator(config)
        estimator.init_weights()
        draw_weights(HeatmapNetwork(estimator), config.codec.input_size)
        raw = trace(config, estimator, ExportOptions())
        if name in PAIRS:
            found.append(Entry(f"{name}, mmpose", export_stock(config, estimator.state_dict())))
            partner = len(found) - 1
            found.append(Entry(f"{name}, ours --raw", raw, partner))
            found.append(Entry(f"{name}, ours", optimize(raw)[0], partner))
        else:
            partner = len(found)
            found.append(Entry(f"{name}, --raw", raw))
            found.append(Entry(f"{name}, ours", optimize(raw)[0], partner))
        chip = CHIPS.get(name, "720")
        found.append(Entry(f"{name}, --npu {chip}", optimize(raw, npu=chip)[0], partner))
    for path in sorted(models.glob("*.onnx")) if models else []:
        found.append(Entry(path.name, onnx.load(path)))
        found.append(Entry(f"{path.name}, optimised", optimize(found[-1].model)[0], len(found) - 1))
    return found


def runner(model: onnx.ModelProto) -> Callable[[], np.ndarray]:
    """Return a function that runs one fixed picture."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (given,) = session.get_inputs()
    shape = [size if isinstance(size, int) else 1 for size in given.shape]
    picture = {given.name: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
    return lambda: session.run(None, picture)[0]


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="folder of other networks (.onnx) to time")
    parser.add_argument("--repeats", type=int, default=50, help="runs of each")
    args = parser.parse_args(argv)
    MMLogger.get_instance("benchmark", log_level="ERROR")  # or each weight is announced
    torch.set_flush_denormal(True)
    found = entries(args.models)
    calls = [runner(entry.model) for entry in found]
    outputs = [call() for call in calls]
    medians = interleaved_medians(calls, args.repeats)
    print(f"{time.strftime('%Y-%m-%d')}; {machine()}, onnxruntime {onnxruntime.__version__}\n")
    print("| network | nodes | ms | of its first row | largest difference |")
    print("|---|---|---|---|---|")
    for entry, output, seconds in zip(found, outputs, medians, strict=True):
        cells = [entry.name, str(count_nodes(entry.model)), f"{1e3 * seconds:.2f}"]
        if entry.partner is None:
            cells += ["1", ""]
        else:
            gap = np.abs(output - outputs[entry.partner]).max()
            cells += [f"{seconds / medians[entry.partner]:.2f}", f"{gap:.0e}"]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
