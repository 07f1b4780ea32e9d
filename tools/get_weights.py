"""Download published weights by name, checked, resumable.

    python tools/get_weights.py --list
    python tools/get_weights.py litehrnet_18_coco_256x192
    python tools/get_weights.py yolov5n        # the detector of utils/yolov5_init_params.yaml

Files go to weights/. train.py --load-from, tools/test.py and export2onnx.py then take the name in
place of a file. Mind each file's licence. Networks trained here are in weights/ already.
"""

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to download")
    parser.add_argument("--list", action="store_true", help="show what there is")
    args = parser.parse_args(argv)
    if not args.names and not args.list:
        parser.error("name what to download; --list shows what there is")
    return args


def main(argv: list[str] | None = None) -> None:
    """List, then download."""
    args = parse_args(argv)
    with user_errors():
        from tqdm import tqdm

        from utils.published.catalogue import WEIGHTS, catalogue, get_published
        from utils.published.download import download

        for entry in catalogue().values() if args.list else ():
            here = "here" if (WEIGHTS / entry.file_name).exists() else "not downloaded"
            print(f"{entry.name:<28} {entry.about}; {here}")
            print(f"{'':<28} {entry.licence}; with {entry.config}")
        for entry in [get_published(name) for name in args.names]:
            target = WEIGHTS / entry.file_name
            download(entry.url, target, sha256=entry.sha256, make_bar=tqdm)
            checked = f"SHA-256 begins with {entry.sha256}" if entry.sha256 else "no digest known"
            print(f"{target}: {checked}; licence {entry.licence}; with {entry.config}")


if __name__ == "__main__":
    main()
