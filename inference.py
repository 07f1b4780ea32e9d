r"""Find people's poses in images, a video or a camera's stream: draw them, write them as JSON.

    python inference.py --img-path photo.jpg --yolov5_params utils/yolov5_init_params.yaml \
        --rsn_affine_params utils/rsn_affine_init_params.yaml \
        --lite_hrnet_params utils/lite_hrnet_init_params.yaml

Prints the path of every drawing. Exit code 1 if an image or the end of a video was unreadable;
all others are done. docs/inference.md describes the YAML files and the Python interface.
"""

import argparse
import sys
from pathlib import Path

from utils.cli import ScriptParser, add_network_flags, network_files, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--img-path", required=True, metavar="FILE|DIR|GLOB|VIDEO|CAMERA", help="what to look at")
    add_network_flags(parser)
    add(
        "--save-path",
        type=Path,
        metavar="FILE|DIR",
        help="where drawings go; default: beside the input as <name>_pose.<ext>",
    )
    add("--show", action="store_true", help="open a window; a key goes on, q ends")
    add("--json", type=Path, metavar="FILE", help="also write boxes, keypoints and scores")
    add(
        "--kpt-thr",
        type=float,
        metavar="X",
        help="keypoints at or below it are not drawn; default: the YAML's kpt_thr",
    )
    add(
        "--bbox",
        type=read_box,
        metavar="x,y,w,h|whole",
        help="the one person's box, for when no detector is at hand; whole: the image",
    )
    add("--smooth", action="store_true", help="video: calm the keypoints, person by person")
    add(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="video: run the detector on every Nth frame and follow people between (default: 1)",
    )
    args = parser.parse_args(argv)
    if args.every < 1:
        parser.error(f"--every must be at least 1, got {args.every}. Use 1 for every frame.")
    if args.kpt_thr is not None and not 0 <= args.kpt_thr <= 1:
        parser.error(f"--kpt-thr must be in 0..1, got {args.kpt_thr}. Use 0.2 for most networks.")
    return args


def read_box(text: str) -> str | tuple[float, ...]:
    """Read ``x,y,w,h`` or ``whole``."""
    if text == "whole":
        return text
    try:
        box = tuple(float(part) for part in text.split(","))
    except ValueError:
        box = ()
    if len(box) != 4 or not box[2] > 0 or not box[3] > 0:
        raise argparse.ArgumentTypeError(
            f"must be x,y,w,h in pixels with w and h above 0, or whole, got {text!r}"
        )
    return box


def main(argv: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    args = parse_args(argv)
    with user_errors():
        from tqdm import tqdm

        from utils.inference.run import RunOptions, run_inference
        from utils.log import setup_logging

        setup_logging()
        options = RunOptions(
            save_path=args.save_path,
            json_path=args.json,
            show=args.show,
            box=args.bbox,
            threshold=args.kpt_thr,
            every=args.every,
            smooth=args.smooth,
        )
        return run_inference(args.img_path, network_files(args), options, tqdm)


if __name__ == "__main__":
    sys.exit(main())
