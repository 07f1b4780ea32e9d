"""Look through a data set before it is trained on: all faults at once, with cause and cure.

    python tools/doctor.py labels.json --images train2017 --detections boxes.json
    python tools/doctor.py labels.json --category person --html faults.html
    python tools/doctor.py labels.json --images train2017 --fix cured.json
    python tools/doctor.py labels.json --predictions found.json
    python tools/doctor.py mine.yaml --open-images
    python tools/doctor.py configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py

These are the checks that train.py and tools/test.py make, which stop at the first fault, and more.
Exit code: 0 usable, warnings aside, or cured; 1 not usable, or the file cannot be read; 2 a bad
argument.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
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
    text = "a network's keypoints on the same images (of a description, on its validation set): "
    text += "why AP is -1, 0 or low; what tools/test.py --out and inference_e2e.py write"
    add("--predictions", type=Path, metavar="JSON", help=text)
    text = "name or id of the person's category; needed where the file has several"
    add("--category", metavar="NAME", help=text)
    text = "a visibility above it is a label; needed where others than 0, 1, 2 are written"
    add("--visible-above", type=float, metavar="V", help=text)
    text = "write a corrected copy of the annotations, where the cure is beyond doubt; needs "
    text += "--images for labels of turned or scaled photographs"
    add("--fix", type=Path, metavar="FILE", help=text)
    text = "write a page of the faults, with pictures of examples where images are read"
    add("--html", type=Path, metavar="FILE", help=text)
    add("--json", type=Path, metavar="FILE", help="write the faults for programs")
    args = parser.parse_args(argv)
    if args.labels.suffix in (".yaml", ".yml", ".py"):
        idle = ["images", "detections", "fix"]
        idle += ["category", "visible_above"] if args.labels.suffix == ".py" else []
        for name in (name for name in idle if getattr(args, name) is not None):
            flag = f"--{name.replace('_', '-')}"
            parser.error(f"{flag} must go with one annotation file, got a description. Name it.")
    elif args.open_images and not args.images:
        parser.error("--open-images must know where the images are. Name their folder: --images.")
    return args


def main(argv: list[str] | None = None) -> int:
    """Check, print, write what was asked for; return the exit code."""
    args = parse_args(argv)
    with user_errors():
        from prepostprocess.files import write_whole
        from utils.dataset_check.faults import ERROR
        from utils.doctor.cures.write import write_cured
        from utils.doctor.every_check import check_data_set
        from utils.doctor.page import write_page

        sets, of_none = _sets(args)
        if args.predictions and sets:
            sets[-1] = replace(sets[-1], predictions=args.predictions)
        found = [check_data_set(each) for each in sets]
        faults = of_none + [fault for data_set in found for fault in data_set.faults]
        for fault in sorted(faults, key=lambda fault: fault.level != ERROR):
            print(f"{fault.level}: {fault.line}")
        if args.json:
            told = [asdict(fault) for fault in faults]
            write_whole(args.json, json.dumps(told, indent=1) + "\n")
        if args.html:
            write_page(args.html, f"Data of {args.labels}", sets, found, of_none)
        for each, data_set in zip(sets, found, strict=True):
            print(f"{each.labels}: {data_set.verdict}")
        if args.fix:
            print("\n".join(write_cured(sets[0], args.fix)))
            faults = [fault for fault in faults if fault.file != str(args.labels)]
    return 1 if any(fault.level == ERROR for fault in faults) else 0


def _sets(args: argparse.Namespace) -> tuple[list, list]:
    """Find what is to be checked, and faults of how it is described."""
    if args.labels.suffix in (".yaml", ".yml"):
        from utils.doctor.own_sets import own_sets

        return own_sets(args.labels, args.category, args.visible_above, args.open_images)
    if args.labels.suffix == ".py":
        from utils.config_reader import data_sets
        from utils.config_reader.read import read_config_file

        config = read_config_file(args.labels)
        info = config.get("dataset_info")
        if not info:  # its data set's class knows, which loads PyTorch
            from mmpose_replacement.config.load import load_config
            from models.export.metadata import joint_description

            info = joint_description(load_config(args.labels))
        if faults := data_sets.check_description(config, info):
            return [], faults
        shared = data_sets.images_of_both(config) if args.open_images else []
        return data_sets.label_sets(config, info, open_images=args.open_images), shared
    from utils.doctor.every_check import LabelFiles

    rules = {"category": args.category, "visible_above": args.visible_above}
    return [LabelFiles(args.labels, args.images, args.detections, **rules)], []


if __name__ == "__main__":
    sys.exit(main())
