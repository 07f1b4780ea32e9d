"""Export a trained network to ONNX, optimised, with onnxruntime and PyTorch in agreement.

    python export2onnx.py CONFIG CHECKPOINT --npu 720
    python export2onnx.py CONFIG CHECKPOINT --dynamic-batch --keypoints   # for a PC

Writes the heatmap network once onnxruntime gives what PyTorch gives, to 1e-4, on random pixels and
on people of the config's test set. How its input is prepared and its output is read is in the
file's metadata. With --npu the last line says how many of its nodes run on that chip.
"""

import argparse
import os
from pathlib import Path

from utils.cli import ScriptParser, user_errors
from utils.onnx_graph.npu import CHIPS
from utils.published.catalogue import find_weights


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("config", type=Path, help="config file (.py) that the network was trained with")
    add("checkpoint", type=Path, help="its weights: .pth, .onnx, or a published name")
    add("--data", type=Path, metavar="YAML", help="the data file that it was trained with, if any")
    add("--output", type=Path, metavar="FILE", help="default: the checkpoint's name with .onnx")
    add("--npu", choices=CHIPS, help="rewrite what this chip cannot run, where that is exact")
    add(
        "--opset",
        type=int,
        default=12,
        metavar="N",
        help="operator set, 11 to 18; default 12: the old and the present Kneron converter read it",
    )
    add(
        "--dynamic-batch",
        action="store_true",
        help="leave the batch size open: for PC runtimes that run many people at once",
    )
    add(
        "--keypoints",
        action="store_true",
        help="find the keypoints in the graph (argmax and quarter shift): for PC programs without "
        "our runners",
    )
    text = "take pixels (0..255; with --npu: less 128) and normalise in the graph"
    add("--normalize-in-graph", action="store_true", help=text)
    add("--raw", action="store_true", help="leave the graph as PyTorch traced it")
    add("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config")
    args = parser.parse_args(argv)
    try:
        args.checkpoint = find_weights(args.checkpoint)
    except ValueError as err:
        parser.error(str(err))
    for path in (args.config, args.checkpoint):
        if not os.path.isfile(path):
            parser.error(f"{path} does not exist or is not a file")
    for flag in ("keypoints", "dynamic_batch", "raw"):
        if args.npu and getattr(args, flag):
            parser.error(f"--npu and --{flag.replace('_', '-')} exclude each other: {WHY[flag]}")
    return args


WHY = {
    "keypoints": "no chip runs the decoding; the host does it",
    "dynamic_batch": "NPU compilers want a fixed batch",
    "raw": "--npu rewrites the graph; tools/npu_check.py judges any file",
}


def main(argv: list[str] | None = None) -> None:
    """Export, report every step and the gap to PyTorch, print what was written."""
    args = parse_args(argv)
    with user_errors():
        from utils.config_reader.foreign import load_network
        from utils.onnx_graph.file import check_target

        output = args.output or args.checkpoint.with_suffix(".onnx")
        check_target(output, args.config, args.checkpoint)
        config = load_network(args.config, args.cfg_options, args.data)
        from models.export.to_onnx import export_file  # PyTorch: after all that may be refused
        from models.tracing.trace import ExportOptions

        offset = 128.0 if args.npu else 0.0  # a chip's input is int8
        options = ExportOptions(
            opset=args.opset,
            dynamic_batch=args.dynamic_batch,
            keypoints=args.keypoints,
            pixel_offset=offset if args.normalize_in_graph else None,
            optimize=not args.raw,
            npu=args.npu,
        )
        print("\n".join(export_file(config, args.checkpoint, output, options)))


if __name__ == "__main__":
    main()
