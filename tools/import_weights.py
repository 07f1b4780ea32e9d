r"""Turn an ONNX file into a checkpoint: weights are found by the structure of the graph.

    python tools/import_weights.py model.onnx CONFIG -o weights.pth
    python tools/import_weights.py model.onnx CONFIG -o weights.pth --file-preprocess float \
        --cfg-options preprocess=kneron_720

The file must be of the config's network, its BatchNorm folded or not. Nothing is written unless
both give the same heatmaps. Where the config's training set is there, the statistics of BatchNorm
are measured on it, so that training can go on from here. train.py --load-from, export2onnx.py and
tools/test.py take the ONNX file itself too.
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
    add("source", type=Path, help="ONNX file of the config's network")
    add("config", type=Path, help="config file (.py), see configs/")
    add("-o", "--output", type=Path, required=True, metavar="FILE", help="the checkpoint to write")
    add(
        "--file-preprocess",
        metavar="WORD",
        help="preprocessing word that the file was trained with, where it does not say so itself: "
        "float for nearly all published weights; they are carried over to the config's word",
    )
    add("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config")
    args = parser.parse_args(argv)
    for path in (args.source, args.config):
        if not os.path.isfile(path):
            parser.error(f"{path} does not exist or is not a file")
    return args


def main(argv: list[str] | None = None) -> None:
    """Import, and print what was found."""
    args = parse_args(argv)
    with user_errors():
        from utils.onnx_graph.file import check_target

        check_target(args.output, args.source)
        from mmpose_replacement.config.load import load_config
        from mmpose_replacement.engine.imported_weights import import_file

        config = load_config(args.config, args.cfg_options)
        print("\n".join(import_file(config, args.source, args.output, args.file_preprocess)))


if __name__ == "__main__":
    main()
