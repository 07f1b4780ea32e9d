"""Measure a config on this machine: size, multiply-adds, training speed, inference latency.

    python tools/benchmark.py CONFIG

Trains a few steps on the config's own data, as train.py would, and throws them away. Latency is
that of the exported, untrained network in onnxruntime. Nothing is written.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("config", type=Path, help="config file (.py), see configs/")
    add("--data", type=Path, metavar="YAML", help="your own data, described in this file")
    add("--steps", type=int, default=20, help="training steps that are timed; default 20")
    add("--runs", type=int, default=50, help="runs of the exported network; default 50")
    add("--no-train", action="store_true", help="leave training out: where the data are not")
    add("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config")
    args = parser.parse_args(argv)
    if not os.path.isfile(args.config):
        parser.error(f"{args.config} does not exist or is not a file")
    for name in ("steps", "runs"):
        if getattr(args, name) < 1:
            parser.error(f"--{name} must be at least 1, got {getattr(args, name)}")
    return args


def latency_ms(model: bytes, threads: int, runs: int) -> float:
    """Return the median time of one image in onnxruntime on the CPU, milliseconds."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.set_denormal_as_zero", "1")  # untrained weights
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    image = {given.name: np.random.default_rng(0).standard_normal(given.shape, np.float32)}
    times = []
    for _ in range(runs + 5):
        started_at = time.perf_counter()
        session.run(None, image)
        times.append(time.perf_counter() - started_at)
    return 1e3 * statistics.median(times[5:])


def describe_network(args: argparse.Namespace) -> None:
    """Print size, multiply-adds and latency of the network that the config describes."""
    from models.tracing.trace import build_estimator, trace
    from utils.config_reader.foreign import load_network
    from utils.onnx_graph.npu.cost import multiply_adds
    from utils.onnx_graph.npu.graph import read_graph
    from utils.onnx_graph.optimize import optimize

    config = load_network(args.config, args.cfg_options, args.data)
    estimator = build_estimator(config)
    model = optimize(trace(config, estimator))[0].SerializeToString()
    products = sum(multiply_adds(node) for node in read_graph(model, args.config.stem).nodes)
    width, height = config.codec.input_size
    print(f"network       {config.model.backbone.type}, {width}x{height} (w x h)")
    print(f"parameters    {sum(p.numel() for p in estimator.parameters()) / 1e6:.2f} M")
    print(f"multiply-adds {products / 1e6:.1f} M")
    for threads in sorted({1, os.cpu_count() or 1}):
        words = "1 thread" if threads == 1 else f"{threads} threads"
        print(f"inference     {latency_ms(model, threads, args.runs):.1f} ms ({words}, batch 1)")


def describe_training(args: argparse.Namespace) -> None:
    """Train a few steps and print how fast they were."""
    import logging

    import train
    from mmpose_replacement.engine.step_times import measure_pace
    from mmpose_replacement.engine.training import check_devices, prepare
    from utils.config_reader.ready import config_to_train

    with tempfile.TemporaryDirectory() as folder:
        flags = [str(args.config), "--no-validate", "--work-dir", folder]
        flags += ["--data", str(args.data)] if args.data else []
        flags += ["--cfg-options", "log_level=ERROR", *args.cfg_options]
        train_args = train.parse_args(flags)
        check_devices(train_args)
        runner = prepare(config_to_train(train_args), train_args)
        print(f"training      {args.steps} steps ...", file=sys.stderr)
        pace = measure_pace(runner, steps=args.steps)
        logging.shutdown()  # closes the log file in the folder that now goes
    batch = runner.train_dataloader.batch_size
    print(
        f"training      {pace.images_per_second:.1f} images/s, waiting for data "
        f"{100 * pace.data_share:.1f} % (batch {batch}, median of {pace.steps} steps)"
    )


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    args = parse_args(argv)
    with user_errors():
        describe_network(args)
        if not args.no_train:
            describe_training(args)


if __name__ == "__main__":
    main()
