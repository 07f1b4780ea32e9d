"""Look through a data set before it is trained on: all faults at once, with cause and cure.

    python tools/doctor.py labels.json
    python tools/doctor.py labels.json --images train2017 --detections boxes.json
    python tools/doctor.py labels.json --category person --json faults.json

These are the checks that train.py and tools/test.py make, which stop at the first fault. Exit code:
0 usable, warnings aside; 1 not usable, or the file cannot be read; 2 a bad argument.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("labels", type=Path, help="COCO keypoint annotations")
    add("--images", type=Path, metavar="DIR", help="their images: reads each one's size as well")
    add("--detections", type=Path, metavar="JSON", help="a detector's boxes for the same images")
    text = "name or id of the person's category; needed where the file has several"
    add("--category", metavar="NAME", help=text)
    text = "a visibility above it is a label; needed where others than 0, 1, 2 are written"
    add("--visible-above", type=float, metavar="V", help=text)
    add("--json", type=Path, metavar="FILE", help="write the faults for programs")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Check, print, write what was asked for; return the exit code."""
    args = parse_args(argv)
    from utils.cli import user_errors

    with user_errors():
        from prepostprocess.files import replacing
        from utils.dataset_check.faults import ERROR
        from utils.dataset_check.whole import check_data_set

        data_set = check_data_set(
            args.labels,
            images=args.images,
            detections=args.detections,
            category=args.category,
            visible_above=args.visible_above,
        )
        for fault in data_set.faults:
            print(f"{fault.level}: {fault.line}")
        if args.json:
            with replacing(args.json) as path:
                told = [asdict(fault) for fault in data_set.faults]
                path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        errors = sum(fault.level == ERROR for fault in data_set.faults)
        verdict = f"not usable, {errors} kinds of errors" if errors else "usable"
        print(f"{args.labels}: {data_set.people} people on {data_set.images} images, {verdict}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
