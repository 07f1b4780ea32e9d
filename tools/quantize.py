r"""Simulate a chip's eight bits: write an ONNX file that answers as the fixed-point network does.

    python tools/quantize.py model.onnx --calib calibration.npz --npu 720 -o model_8bit.onnx
    python tools/quantize.py model.onnx --calib labels.json --img-dir train2017 --npu 520 \
        -o model_8bit.onnx
    python tools/quantize.py model.onnx --calib photos/ --npu 720 --learn -o model_8bit.onnx

The output is taken by tools/test.py, inference.py and inference_e2e.py like the float file. Beside
it a JSON file lists each tensor's scale, radix, range, clipped share and signal-to-noise ratio.
Calibrate on people who are not in your test set. docs/quantisation.md says what each option gains.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("model", type=Path, help="float network of export2onnx.py --npu CHIP")
    text = "crops of tools/export_calibration.py, COCO annotations, or a folder of images with one "
    add("--calib", type=Path, required=True, metavar="NPZ|JSON|DIR", help=text + "person each")
    add("--img-dir", type=Path, metavar="DIR", help="the annotations' images")
    add("--count", type=int, default=200, metavar="N", help="crops at most (default: 200)")
    add("--npu", required=True, metavar="CHIP", help="520, 530, 630, 720 or 730")
    add("-o", "--output", type=Path, required=True, metavar="FILE", help="the ONNX file to write")
    text = "write the float network too, its channels brought to the ranges that were found: it "
    text += "answers as before, and the vendor's compiler, which rounds it, loses less"
    add("--float", type=Path, metavar="FILE", help=text)
    _add_scheme_flags(parser)
    args = parser.parse_args(argv)
    for path in (args.model, args.calib):
        if not os.path.exists(path):
            parser.error(f"{path} does not exist")
    if (args.calib.suffix == ".json") != (args.img_dir is not None):
        parser.error("--img-dir goes with annotations (--calib FILE.json), and only with them")
    if not 0.5 < args.percentage <= 1:
        parser.error(f"--percentage must be in (0.5, 1], got {args.percentage}. Use 0.9999.")
    if args.output.suffix == ".json":
        text = f"--output must be an ONNX file, got {args.output}, where its records go. "
        parser.error(text + "End it in .onnx.")
    targets = (args.output, os.path.splitext(args.output)[0] + ".json")
    if args.float and os.path.abspath(args.float) in map(os.path.abspath, targets):
        parser.error("--float must be another file than --output and its records. Name another.")
    if args.count < 1:
        parser.error(f"--count must be at least 1, got {args.count}. Use 100 or more.")
    return args


def _add_scheme_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how numbers are rounded."""
    from utils.quantization import PERCENTAGE

    add, switch = parser.add_argument, argparse.BooleanOptionalAction
    text = (
        "how far a tensor's range reaches: a share of the values (default), least squared error, "
    )
    text += "or all that was seen"
    add("--method", choices=("percentage", "mmse", "minmax"), default="percentage", help=text)
    text = f"share of values that are not clipped (default: {PERCENTAGE}; the vendor's is 0.999)"
    add("--percentage", type=float, default=PERCENTAGE, metavar="P", help=text)
    text = "8 (default); 16: everything; mixed: 16 for sums and outputs, which lose most by 8"
    add("--bits", choices=("8", "16", "mixed"), default="8", help=text)
    weights = parser.add_mutually_exclusive_group()
    text = "a step for each output channel of the weights; default where the chip can"
    weights.add_argument("--per-channel", action="store_true", help=text)
    text = "one step for all weights of a layer: to see what that costs"
    weights.add_argument("--per-tensor", action="store_true", help=text)
    text = "bring channels to one range first; the float answer stays (default: unless the "
    text += "heatmaps are nearer to float without)"
    add("--equalize", action=switch, help=text)
    text = "take back in the biases what rounding shifts (default)"
    add("--bias-correct", action=switch, default=True, help=text)
    text = "learn from the crops which ranges and which rounding move the heatmaps least: some "
    text += "minutes more, and nearer to float; needs PyTorch. Use it on KL520"
    add("--learn", action="store_true", help=text)


def main(argv: list[str] | None = None) -> None:
    """Quantise, and print what it costs."""
    args = parse_args(argv)
    with user_errors():
        from utils.onnx_graph.file import check_target
        from utils.quantization.run import quantize_file

        for target in filter(None, (args.output, args.output.with_suffix(".json"), args.float)):
            check_target(target, args.model, args.calib)
        balance = None
        if args.learn:
            from models.fixed_point.balance import balance_channels as balance
        print("\n".join(quantize_file(args, balance)))


if __name__ == "__main__":
    main()
