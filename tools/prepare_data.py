"""Make COCO annotations, and a data file for `train.py --data`, of other labels.

    python tools/prepare_data.py cvat annotations.xml -o prepared --images photos --split 0.1
    python tools/prepare_data.py yolo-pose labels/ -o prepared --images images --keypoints a b c
    python tools/prepare_data.py mpii mpii_human_pose_v1_u12_1.mat -o prepared --images images
    python tools/prepare_data.py merge sets.yaml -o prepared

Formats: coco (keypoint annotations), mpii and lspet (their own .mat), cvat ("CVAT for images 1.1"),
labelme (folder of .json), label-studio (JSON export), yolo-pose (folder of .txt), csv (columns
image, width, height, NAME_x, NAME_y, NAME_v). merge makes one set of several, whose joints may
differ: docs/data.md has its YAML. A person without a box gets one around its outline or, with
COCO's usual margin, its keypoints.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors
from utils.label_formats.source import LABEL_FORMATS, LabelSource


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("format", choices=(*LABEL_FORMATS, "merge"), help="what wrote the labels, or merge")
    add("labels", type=Path, help="file or folder; merge: the YAML file")
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="where files are written")
    add("--images", type=Path, metavar="DIR", help="folder of the images; they stay there")
    text = "names in the order that the network shall have; default: as they first come"
    add("--keypoints", nargs="+", metavar="NAME", help=text)
    text = "coco: name or id of the people, where the file has several categories"
    add("--category", metavar="NAME", help=text)
    text = "share of images for validation, 0..1, chosen by their names; default 0.1"
    add("--split", type=float, default=0.1, metavar="SHARE", help=text)
    args = parser.parse_args(argv)
    if not os.path.exists(args.labels):
        parser.error(f"{args.labels} does not exist")
    if args.format == "merge":
        if args.images or args.keypoints or args.category:
            parser.error("merge takes --images, --keypoints and --category from its YAML file")
    elif not args.images or not os.path.isdir(args.images):
        parser.error(f"--images must be the folder of the images, got {args.images}")
    if not 0 <= args.split < 1:
        parser.error(f"--split must be in 0..1, 1 excluded, got {args.split}")
    return args


def main(argv: list[str] | None = None) -> None:
    """Convert, write, say what came of it."""
    args = parse_args(argv)
    with user_errors():
        from utils.label_formats.merge import read_merged
        from utils.label_formats.prepared import write_data_set
        from utils.label_formats.readers import read_label_set

        if args.format == "merge":
            found = read_merged(args.labels)
        else:
            names = tuple(args.keypoints) if args.keypoints else None
            found = read_label_set(
                LabelSource(args.format, args.labels, args.images, names, args.category)
            )
        for line in (*found.remarks, *write_data_set(found, args.output, args.split)):
            print(line)
        print(f"{args.output / 'data.yaml'}: look through it with tools/doctor.py --open-images")


if __name__ == "__main__":
    main()
