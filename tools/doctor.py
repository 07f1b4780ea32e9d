"""Look through a data set before it is trained on: all faults at once, with cause and cure.

    python tools/doctor.py labels.json --images train2017 --detections boxes.json
    python tools/doctor.py labels.json --category person --json faults.json
    python tools/doctor.py mine.yaml --open-images
    python tools/doctor.py configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py

These are the checks that train.py and tools/test.py make, which stop at the first fault. Exit code:
0 usable, warnings aside; 1 not usable, or the file cannot be read; 2 a bad argument.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    text = "COCO keypoint annotations; or a data file (.yaml), or a config (.py): all their sets"
    add("labels", type=Path, help=text)
    text = "read each image's size too, in the folders that a data file or a config names"
    add("--open-images", action="store_true", help=text)
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
    with user_errors():
        from prepostprocess.files import replacing
        from utils.dataset_check.faults import ERROR

        found = {labels: _check(labels, rules) for labels, rules in _sets(args).items()}
        faults = [fault for data_set in found.values() for fault in data_set.faults]
        if args.open_images and args.labels.suffix in (".yaml", ".yml"):
            faults += _overlap(args.labels)
        for fault in sorted(faults, key=lambda fault: fault.level != ERROR):
            print(f"{fault.level}: {fault.line}")
        if args.json:
            with replacing(args.json) as path:
                told = [asdict(fault) for fault in faults]
                path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        for labels, data_set in found.items():
            errors = sum(fault.level == ERROR for fault in data_set.faults)
            verdict = f"not usable, {errors} kinds of errors" if errors else "usable"
            print(f"{labels}: {data_set.people} people on {data_set.images} images, {verdict}")
    return 1 if any(fault.level == ERROR for fault in faults) else 0


def _overlap(path: Path) -> list:
    from utils.dataset_check.whole import check_overlap
    from utils.own_data import read_own_data

    data = read_own_data(path)
    if data.val in data.train:  # one set for both: meant so
        return []
    folders = [each.images for each in data.train]
    return check_overlap(folders, data.val.annotations, data.val.images)


def _check(labels: Path, rules: dict):
    from utils.dataset_check.whole import check_data_set

    return check_data_set(labels, **rules)


def _sets(args: argparse.Namespace) -> dict[Path, dict]:
    """Find the annotation files to check, and how each is to be read."""
    own = {"category": args.category, "visible_above": args.visible_above}
    if args.labels.suffix in (".yaml", ".yml"):
        from utils.own_data import read_own_data

        data = read_own_data(args.labels)
        for remark in data.remarks:
            print(f"note: {remark}")
        names, category = data.joints.names, args.category or data.category
        return {
            each.annotations: {
                "images": each.images if args.open_images else None,
                "keypoint_names": names,
                **own,
                "category": category,
            }
            for each in (*data.train, data.val)
        }
    if args.labels.suffix == ".py":
        from mmpose_replacement.config.data_sets import label_sets
        from mmpose_replacement.config.load import load_config

        return label_sets(load_config(args.labels), open_images=args.open_images)
    return {args.labels: {"images": args.images, "detections": args.detections, **own}}


if __name__ == "__main__":
    sys.exit(main())
