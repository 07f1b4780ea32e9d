"""Time our exported networks against plain exports of the same weights in onnxruntime.

    python benchmarks/onnx.py --tinypose ../shared/models/pp_tinypose_256x192.onnx

Lite-HRNet: against mmpose's own class, traced by PyTorch at opset 18. Other networks: against their
own graph as it was before our passes. Both run in one process, batch 1, one thread, with the same
session options (onnxruntime's default optimisation, denormal numbers as zero), and take turns.
Times are processor time, so that other jobs count less. Weights are random, but of the size that
keeps numbers near 1.
"""

import argparse
import io
import platform
import sys
import time
import warnings
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # repo root, not benchmarks/

import numpy as np
import onnx
import onnxruntime

from benchmarks.speed_table import interleaved_medians

CONFIGS = ROOT / "configs/top_down/lite_hrnet/coco"
STOCK = ("litehrnet_18_coco_256x192", "litehrnet_30_coco_256x192")
NPU_FORMS = (
    "litehrnet_no_shuffle_no_avgpool",
    "litehrnet_kl520",
    "litehrnet_kl520_no_upsampling",
)
TOLERANCE = 1e-4


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100, help="runs of each network; default 100")
    parser.add_argument("--tinypose", type=Path, help="PP-TinyPose as ONNX file, to time it too")
    parser.add_argument(
        "--networks",
        nargs="+",
        default=[*STOCK, *NPU_FORMS],
        help="names of configs of COCO; default: the stock networks and those for NPUs",
    )
    return parser.parse_args(argv)


def build_pair(name: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Export one config twice: plainly, and as export2onnx.py does without flags."""
    import torch

    from mmpose_replacement.config.load import load_config
    from models.tracing.trace import ExportOptions, build_estimator, trace

    config = load_config(CONFIGS / f"{name}.py")
    torch.manual_seed(0)
    ours = build_estimator(config)
    settle(ours, config.codec.input_size)
    if name not in STOCK:
        return trace(config, ours, ExportOptions(opset=18)), optimized(trace(config, ours))
    config.model.backbone.type, config.model.head.type = "LiteHRNet", "HeatmapHead"
    stock = build_estimator(config)
    stock.load_state_dict(ours.state_dict())
    return plain_export(stock), optimized(trace(config, ours))


def settle(estimator: object, input_wh: tuple[int, int]) -> None:
    """Give random weights a size, and BatchNorm the statistics, that keep numbers near 1.

    Heatmaps are about 1 high then, as a trained network's: that is what 1e-4 is meant for.
    """
    import torch
    from torch import nn

    for module in estimator.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        images = torch.randn(4, 3, *reversed(input_wh))
        estimator.head(estimator.train().backbone(images))
        estimator.eval()
        highest = estimator.head(estimator.backbone(images)).abs().max()
        for parameter in estimator.head.final_layer.parameters():
            parameter /= highest


def plain_export(estimator: object) -> onnx.ModelProto:
    """Trace mmpose's backbone and head at opset 18, with PyTorch's defaults."""
    import torch

    network = torch.nn.Sequential(estimator.backbone, estimator.head).eval()
    buffer = io.BytesIO()
    torch.onnx.export(
        network, (torch.zeros(1, 3, 256, 192),), buffer, dynamo=False, opset_version=18
    )
    return onnx.load_from_string(buffer.getvalue())


def optimized(model: onnx.ModelProto) -> onnx.ModelProto:
    """Run our passes for PCs."""
    from utils.onnx_graph.optimize import optimize

    return optimize(model)[0]


def open_session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """One thread, onnxruntime's default optimisation, denormal numbers as zero."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def measure(models: tuple[onnx.ModelProto, ...], rounds: int) -> tuple[list[float], float]:
    """Run the networks in turn on one image.

    Returns: median milliseconds of each; largest absolute difference of the outputs.
    """
    sessions = [open_session(model) for model in models]
    given = sessions[0].get_inputs()[0]
    shape = [size if isinstance(size, int) else 1 for size in given.shape]
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    calls = [(session, {session.get_inputs()[0].name: image}) for session in sessions]
    outputs = [session.run(None, feed)[0] for session, feed in calls]
    gap = max(float(np.abs(output - outputs[0]).max()) for output in outputs)
    runs = [partial(session.run, None, feed) for session, feed in calls]
    medians = interleaved_medians(runs, rounds, warm_ups=0, clock=time.process_time)
    return [1e3 * seconds for seconds in medians], gap


def row(name: str, plain: onnx.ModelProto, ours: onnx.ModelProto, rounds: int) -> str:
    """Return one line of the table.

    Raises: ValueError: the outputs are not the same.
    """
    from utils.onnx_graph.optimize import count_nodes

    (before, after), gap = measure((plain, ours), rounds)
    if not gap <= TOLERANCE:
        raise ValueError(f"{name}: outputs must be equal to {TOLERANCE}, differ by {gap:.1e}.")
    cells = [name, count_nodes(plain), count_nodes(ours), f"{before:.2f} ms", f"{after:.2f} ms"]
    return "| " + " | ".join(map(str, [*cells, f"{after / before:.2f}", f"{gap:.0e}"])) + " |"


def main(argv: list[str] | None = None) -> None:
    """Print a Markdown table."""
    args = parse_args(argv)
    import torch

    from utils.cli import user_errors

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    with user_errors(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(
            f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, torch {torch.__version__},",
            end=" ",
        )
        print(f"onnxruntime {onnxruntime.__version__}, {args.rounds} runs each\n")
        print("| network | nodes, plain | ours | time, plain | ours | ours / plain | largest gap |")
        print("|---|---|---|---|---|---|---|")
        for name in args.networks:
            print(row(name, *build_pair(name), args.rounds), flush=True)
        if args.tinypose:
            from utils.onnx_graph.file import read_model
            from utils.onnx_graph.fix_batch import fix_batch

            plain = read_model(args.tinypose)
            print(row("PP-TinyPose", plain, optimized(fix_batch(plain)), args.rounds))


if __name__ == "__main__":
    main()
