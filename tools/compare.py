"""Compare networks on the same people: before and after export, at 8 bits, after training on.

    python tools/compare.py CONFIG best.pth pose_kl520.onnx pose_8bit.onnx --html compare.html
    python tools/compare.py CONFIG float.onnx plain.onnx equalised.onnx qat.onnx --json rows.json

The first network is what the others are held against. Each ONNX file is fed as its metadata say, so
that files of several preprocessing words and sizes go together. Of fixed-point files with their
records beside them (tools/quantize.py) the page shows every tensor's signal-to-noise ratio too.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors
from utils.published.catalogue import find_weights


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("config", type=Path, help="config whose test set names the people")
    text = "checkpoints (.pth) of this config, exported networks (.onnx), and published names"
    add("networks", type=Path, nargs="+", help=text)
    add("--html", type=Path, metavar="PAGE", help="write a page with the people that are lost")
    add("--json", type=Path, metavar="FILE", help="write the table for programs")
    add("--count", type=int, default=6, metavar="N", help="people a network on the page; default 6")
    text = "compare on your own data, described in this file: docs/data.md"
    add("--data", type=Path, metavar="YAML", help=text)
    text = "data-loading processes; default: the config's"
    add("--num-workers", type=int, metavar="N", help=text)
    text = "change the config, e.g. model.test_cfg.flip_test=False"
    add("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help=text)
    args = parser.parse_args(argv)
    try:
        args.networks = [find_weights(each) for each in args.networks]
    except ValueError as err:
        parser.error(str(err))
    for path in (args.config, *args.networks):
        if not os.path.isfile(path):
            parser.error(f"{path} does not exist or is not a file")
    if args.count < 0 or (args.num_workers or 0) < 0:
        parser.error("--count and --num-workers must be 0 or more")
    if args.json and args.html and os.path.abspath(args.json) == os.path.abspath(args.html):
        parser.error(f"--json and --html must name two files, got {args.json} for both")
    return args


def main(argv: list[str] | None = None) -> None:
    """Test all networks, print the table, write what was asked for."""
    args = parse_args(argv)
    with user_errors():
        from mmpose_replacement.report.compare import judge_networks
        from prepostprocess.files import require_output, write_whole
        from utils.evaluation.networks_page import comparison_rows, to_comparison_page
        from utils.quantization.layers_page import layer_parts, records_of

        others = [args.data, *map(records_of, args.networks)]
        sources = [args.config, *args.networks, *filter(None, others)]
        for path, flag in ((args.html, "--html"), (args.json, "--json")):
            if path:
                require_output(path, flag, sources)
        shown = args.networks if args.html else []
        parts = [part for path in shown for part in layer_parts(path)]
        networks, joints = judge_networks(
            args.config, args.networks, args.cfg_options, args.data, args.num_workers
        )
        rows = comparison_rows(networks)
        for row in rows:
            told = [f"{k} {v:.4f}" if isinstance(v, float) else v for k, v in row.items()]
            print("  ".join(told))
        if args.json:
            write_whole(args.json, json.dumps(rows, indent=1) + "\n")
        if args.html:
            write_whole(args.html, to_comparison_page(networks, joints, args.count, parts))
        written = [str(path) for path in (args.html, args.json) if path]
        print(f"{len(networks)} networks on {len(networks[0].matches)} people", *written, sep="; ")


if __name__ == "__main__":
    main()
