"""The original's second command: a checkpoint, or PyTorch's ONNX export, to an ONNX for Kneron.

    python tools/pytorch2onnx.py input.pth output.onnx
    python tools/pytorch2onnx.py input.onnx output.onnx --input 'input 1 3 256 192'

A checkpoint of this toolkit carries its config; weights alone need --config. export2onnx.py has
more to choose from.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors
from utils.onnx_graph.npu import CHIPS


def shape(text: str) -> tuple[str, list[int]]:
    """Read 'name d0 d1 ...'."""
    name, *sizes = text.split()
    if not sizes or not all(size.isdigit() and int(size) > 0 for size in sizes):
        raise argparse.ArgumentTypeError(f"must be 'name d0 d1 ...', got '{text}'")
    return name, [int(size) for size in sizes]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("source", type=Path, help="checkpoint (.pth) or PyTorch's export (.onnx)")
    add("output", type=Path, help="the ONNX file to write")
    add("--npu", choices=CHIPS, help="rewrite what this chip cannot run, where that is exact")
    add("--no-bn-fusion", action="store_true", help="leave BatchNormalization out of weights")
    text = "leave these rewritings out, as docs/onnx_passes.md names them: where one fails"
    add("--skip", nargs="+", default=[], metavar="PASS", help=text)
    add("--config", type=Path, help="of a .pth: its config, where the file carries none")
    text = "of a .pth: must be what the config says"
    add("--input-size", type=int, nargs=3, metavar=("C", "H", "W"), help=text)
    for word in ("input", "output"):
        add(
            f"--{word}",
            dest=f"{word}s",
            type=shape,
            nargs="+",
            default=[],
            metavar="'NAME D0 D1 ...'",
            help=f"of an .onnx: sizes of an {word}, "
            + ("whatever the file says" if word == "input" else "to make sure of them"),
        )
    args = parser.parse_args(argv)
    if not os.path.isfile(args.source):
        parser.error(f"{args.source} does not exist or is not a file")
    is_onnx = args.source.suffix == ".onnx"
    alien = ("config", "input_size") if is_onnx else ("inputs", "outputs")
    for name in alien:
        if getattr(args, name):
            kind = "a checkpoint" if is_onnx else "an ONNX file"
            parser.error(f"--{name.rstrip('s').replace('_', '-')} is for {kind}")
    return args


def main(argv: list[str] | None = None) -> None:
    """Convert what was given and print what was written."""
    args = parse_args(argv)
    with user_errors():
        from utils.onnx_graph.file import check_target

        check_target(args.output, args.source)
        print("\n".join(from_onnx(args) if args.source.suffix == ".onnx" else from_weights(args)))


def from_onnx(args: argparse.Namespace) -> list[str]:
    """Rewrite an ONNX file; return lines for the user."""
    from utils.onnx_graph.convert import convert_model, set_input_shapes
    from utils.onnx_graph.file import read_model
    from utils.onnx_graph.finish import write_converted

    model = set_input_shapes(read_model(args.source), dict(args.inputs))
    found = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.output
    }
    for name, sizes in args.outputs:
        if found.get(name) != sizes:
            raise ValueError(
                f"{args.source}: --output {name} must be one of {found}, got {sizes}. Correct it "
                "or leave it out."
            )
    skip = [*args.skip, *(["fuse-bn"] if args.no_bn_fusion else [])]
    converted = convert_model(model, args.source, npu=args.npu, skip=skip)
    return write_converted(converted, args.output, args.npu)


def from_weights(args: argparse.Namespace) -> list[str]:
    """Export a checkpoint as export2onnx.py does; return lines for the user."""
    from mmpose_replacement.config.load import load_config
    from models.checkpoints.config import read_config
    from models.export.to_onnx import export_file
    from models.tracing.trace import ExportOptions

    config = load_config(args.config) if args.config else read_config(args.source)
    size = [3, *reversed(config.codec.input_size)]
    if args.input_size not in (None, size):
        raise ValueError(f"--input-size must be {size} as in the config, got {args.input_size}.")
    options = ExportOptions(fuse_bn=not args.no_bn_fusion, npu=args.npu)
    return export_file(config, args.source, args.output, options)


if __name__ == "__main__":
    main()
