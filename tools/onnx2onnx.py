"""Rewrite any ONNX file for a Kneron chip or for PC runtimes, every step checked by onnxruntime.

    python tools/onnx2onnx.py model.onnx --npu 720
    python tools/onnx2onnx.py model.onnx -o out.onnx --eliminate-tail-unsupported

Takes the flags of Kneron's script of this name that still mean something.
"""

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors
from utils.onnx_graph.npu import CHIPS

REFUSED = {
    "--add-bn": "layers that change nothing helped an old quantiser; the present one needs none",
    "--add-bn-on-skip": "see --add-bn",
    "--log": "every step is printed",
    "--opt-720": "say --npu 720",
}


class Refused(argparse.Action):
    """Ends the program with the reason why a flag of the original is gone."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Refuse by name."""
        parser.error(f"{option_string} no longer means anything: {REFUSED[self.option_strings[0]]}")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("model", type=Path, help="ONNX file")
    add("-o", "--output", type=Path, metavar="FILE", help="default: <model>_polished.onnx")
    add("--npu", choices=CHIPS, help="rewrite what this chip cannot run, where that is exact")
    add("--no-bn-fusion", action="store_true", help="leave BatchNormalization out of weights")
    text = "leave these rewritings out, as docs/onnx_passes.md names them: where one fails"
    add("--skip", nargs="+", default=[], metavar="PASS", help=text)
    add(
        "-d",
        "--duplicate-shared-weights",
        action="store_true",
        help="give each node its own copy of its weights",
    )
    add("--bgr", action="store_true", help="let a network for RGB take BGR")
    add("--norm", action="store_true", help="let a network for 0..1 take -0.5..0.5")
    add(
        "--rgba2yynn",
        action="store_true",
        help="let a network for luminance and infrared (Y, Y, N, N) take R, G, B, N",
    )
    add(
        "-t",
        "--eliminate-tail-unsupported",
        action="store_true",
        help="end before the reshaping and Softmax that the host can do",
    )
    add("--opt-matmul", action="store_true", help="split products of several matrices")
    for flag in REFUSED:
        add(flag, action=Refused, nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Rewrite, report every step, print what was written."""
    args = parse_args(argv)
    with user_errors():
        from utils.onnx_graph import requests
        from utils.onnx_graph.convert import convert_model
        from utils.onnx_graph.file import check_target, read_model, replace_metadata
        from utils.onnx_graph.finish import write_converted

        output = args.output or args.model.with_name(f"{args.model.stem}_polished.onnx")
        check_target(output, args.model)
        model = read_model(args.model)
        trained_with = [note.value for note in model.metadata_props if note.key == "preprocess"]
        if args.norm and trained_with:
            raise ValueError(
                f"{args.model}: network must take pixels of 0..1 for --norm, but was trained with "
                f"preprocess {trained_with[0]}. Leave it out, or export with --normalize-in-graph."
            )
        if args.bgr:
            colour = {"rgb": "bgr", "bgr": "rgb"}
            model = replace_metadata(requests.bgr(model), "colour", colour)
        if args.norm:
            model = requests.centre_pixels(model)
        if args.rgba2yynn:
            model = requests.rgba2yynn(model)
        if args.eliminate_tail_unsupported:
            model = requests.eliminate_tail(model)
        last = [
            getattr(requests, flag)
            for flag in ("opt_matmul", "duplicate_shared_weights")
            if getattr(args, flag)
        ]
        skip = [*args.skip, *(["fuse-bn"] if args.no_bn_fusion else [])]
        converted = convert_model(model, args.model, npu=args.npu, skip=skip, last=last)
        print("\n".join(write_converted(converted, output, args.npu)))


if __name__ == "__main__":
    main()
