r"""Run the whole chain over a folder of images and write the landmarks as Kneron reads them.

    python inference_e2e.py --img-path data/coco/val2017 --save-path out/e2e.json \
        --yolov5_params utils/yolov5_init_params.yaml \
        --rsn_affine_params utils/rsn_affine_init_params.yaml \
        --lite_hrnet_params utils/lite_hrnet_init_params.yaml

The file is a list of {"img_path": ..., "lmk_coco_body_17pts": [x, y, ...]} and whole JSON at every
moment. Exit code 1: images were unreadable; they are listed at the end, the others are done. 130:
Ctrl-C. tools/eval_e2e.py compares the file with a ground truth.
"""

import argparse
import sys
from pathlib import Path

from utils.cli import ScriptParser, add_network_flags, network_files, user_errors
from utils.inference.shards import parse_shard


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--img-path", required=True, metavar="DIR|FILE", help="images, at any depth")
    add_network_flags(parser)
    add("--save-path", type=Path, required=True, metavar="OUT.json", help="file to write")
    add("--coco-json", type=Path, metavar="FILE", help="also write COCO results, for its AP")
    add("--path-prefix", default="", metavar="TEXT", help="put before each img_path")
    add(
        "--relative-to",
        type=Path,
        metavar="DIR",
        help="write img_path relative to this folder, when the ground truth does so",
    )
    add(
        "--landmark-format",
        choices=("flat34", "flat51", "17x2", "17x3"),
        default="flat34",
        help="flat x, y (default), with scores, or a list a keypoint",
    )
    add(
        "--persons",
        choices=("best", "all"),
        default="best",
        help="one record an image (default), or one a person with bbox and score",
    )
    add("--resume", action="store_true", help="go on with an interrupted run's --save-path")
    text = "do part K of N, into OUT.K-of-N.json: for array jobs"
    add("--shard", type=parse_shard, metavar="K/N", help=text)
    text = "take the results of N parts, do what they lack, and write the whole"
    add("--merge", type=int, default=0, metavar="N", help=text)
    args = parser.parse_args(argv)
    if args.merge and (args.shard or args.resume):
        parser.error("--merge excludes --shard and --resume: it reads the files of all parts")
    if args.merge < 0:
        parser.error("--merge must be the number of parts, at least 1")
    return args


def main(argv: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    args = parse_args(argv)
    with user_errors():
        from tqdm import tqdm

        from utils.inference.e2e import E2eOptions, run_e2e
        from utils.log import setup_logging

        setup_logging()
        options = E2eOptions(
            save_path=args.save_path,
            coco_path=args.coco_json,
            path_prefix=args.path_prefix,
            relative_to=args.relative_to,
            layout=args.landmark_format,
            all_persons=args.persons == "all",
            resume=args.resume,
            shard=args.shard,
            merge=args.merge,
        )
        return run_e2e(args.img_path, network_files(args), options, tqdm)


if __name__ == "__main__":
    sys.exit(main())
