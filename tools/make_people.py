"""Draw people with COCO keypoint labels: a data set that needs no download.

Example: python tools/make_people.py data/people/train --num 2000 --seed 1 --preview people.png
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
    parser.add_argument("out", type=Path, help="folder to make: images/ and annotations.json")
    parser.add_argument("--num", type=int, default=2000, help="images (default: 2000)")
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="sets of different seeds share no image; the same one gives the same files "
        "(default: 1)",
    )
    parser.add_argument("--width", type=int, default=384, help="pixels (default: 384)")
    parser.add_argument("--height", type=int, default=288, help="pixels (default: 288)")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count(),
        help="processes that draw; the result does not depend on it (default: one per core)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a set made before")
    parser.add_argument(
        "--preview", type=Path, metavar="FILE.png", help="also write a sheet of labelled images"
    )
    args = parser.parse_args(argv)
    if args.preview and args.preview.suffix.lower() != ".png":
        parser.error(f"--preview must end in .png, got {args.preview}. Name a .png file.")
    return args


def main(argv: list[str] | None = None) -> None:
    """Draw the set, then print one line about it."""
    args = parse_args(argv)
    from functools import partial

    from tqdm import tqdm

    from utils.people_generator.generate import make_people
    from utils.people_generator.preview import write_preview

    with user_errors():
        stats = make_people(
            args.out,
            args.num,
            args.seed,
            width=args.width,
            height=args.height,
            workers=args.workers,
            overwrite=args.overwrite,
            progress=partial(tqdm, total=args.num, desc="drawing people", unit="image"),
        )
        if args.preview:
            write_preview(args.out, args.preview)
    print(f"{args.out}: {stats}")


if __name__ == "__main__":
    main()
