"""Test a network: AP for COCO, PCKh for MPII, on ground-truth and on detector boxes.

    python tools/test.py CONFIG CHECKPOINT
    python tools/test.py CONFIG NETWORK.onnx --out predictions.json

Prints one table a kind of boxes. People are cut out by the labels' boxes, and, where the config's
`detection_file` is there, by a detector's boxes too: figures of papers are of the second kind.
"""

import argparse
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
    add("config", type=Path, help="config file (.py) that the network was trained with")
    add(
        "checkpoint",
        type=Path,
        help="weights (.pth), exported network (.onnx), or a published name",
    )
    text = "test on your own data, described in this file, instead of the config's: docs/data.md"
    add("--data", type=Path, metavar="YAML", help=text)
    text = "write all predictions there, .json or .pkl: a list of {image_id, keypoints 17x3, box, "
    text += "score}; those of detector boxes beside it as <name>_detector"
    add("--out", type=Path, metavar="FILE", help=text)
    text = "mAP (COCO), PCKh (MPII), PCK, AUC, EPE (labelled boxes only); default: what the "
    text += "config names"
    add("--eval", nargs="+", default=[], metavar="METRIC", help=text)
    text = "how the maps of the plain and of the mirrored image are merged: score, their mean "
    text += "(default); prob, after a softmax over each map"
    flags = ("--average_clips", "--average-clips")
    add(*flags, choices=["score", "prob"], default="score", help=text)
    text = "test with these boxes only: to save time"
    add("--boxes", choices=["ground-truth", "detector"], help=text)
    text = "data-loading processes (the original's NUM_PROC_PER_GPU); default: the config's"
    add("--num-workers", type=int, metavar="N", help=text)
    add("--work-dir", type=Path, help="where the log goes; default work_dirs/<config name>")
    text = "change the config, e.g. model.test_cfg.flip_test=False"
    add("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help=text)
    args = parser.parse_args(argv)
    try:
        args.checkpoint = find_weights(args.checkpoint)
    except ValueError as err:
        parser.error(str(err))
    for path in (args.config, args.checkpoint):
        if not os.path.isfile(path):
            parser.error(f"{path} does not exist or is not a file")
    if args.out and (
        args.out.suffix not in (".json", ".pkl", ".pickle") or os.path.isdir(args.out)
    ):
        parser.error(f"--out must be a file ending in .json, .pkl or .pickle, got {args.out}")
    if args.num_workers is not None and args.num_workers < 0:
        parser.error(f"--num-workers must be 0 or more, got {args.num_workers}")
    return args


def main(argv: list[str] | None = None) -> None:
    """Test with every kind of boxes and print the tables."""
    args = parse_args(argv)
    with user_errors():
        from utils.config_reader.ready import config_to_test

        config, protocols = config_to_test(args)  # its faults are told before PyTorch is loaded
        from mmpose_replacement.engine.testing import build_test_runner, evaluate_with
        from models.checkpoints.load import load_file
        from models.export.network import use_onnx

        runner = build_test_runner(config, args.work_dir)
        if args.checkpoint.suffix == ".onnx":
            use_onnx(runner.model, args.checkpoint)
        else:
            print("".join(f"{line}\n" for line in load_file(runner.model, args.checkpoint)), end="")
        for boxes, words in protocols.items():
            out = args.out
            if out and boxes == "detector" and len(protocols) > 1:
                out = out.with_stem(f"{out.stem}_detector")
            figures = evaluate_with(
                runner, config, boxes, words=words, out_path=out, num_workers=args.num_workers
            )
            print(f"\n{args.checkpoint.name}, {boxes} boxes")
            for name, value in figures.items():
                text = f"{value:.4f}" if isinstance(value, float) else str(value)
                print(f"  {name:<24} {text}")
            if out:
                print(f"predictions written to {out}")
        if "detector" not in protocols and not args.boxes and config.get("detection_file"):
            is_there = os.path.isfile(config.detection_file)
            why = f"{', '.join(args.eval)}: of labelled boxes only" if is_there else "is not there"
            print(f"\ndetector boxes of {config.detection_file} not tested: {why}")


if __name__ == "__main__":
    main()
