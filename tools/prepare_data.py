"""Make COCO annotations, and a data file for `train.py --data`, of what a label tool wrote.

    python tools/prepare_data.py labelme photos/ -o prepared --images photos
    python tools/prepare_data.py cvat annotations.xml -o prepared --images photos --split 0.1
    python tools/prepare_data.py yolo-pose labels/ -o prepared --images images --keypoints a b c

Formats: labelme (folder of .json), cvat ("CVAT for images 1.1"), label-studio (JSON export), csv
(columns image, width, height, NAME_x, NAME_y, NAME_v), yolo-pose (folder of .txt). A person
without a box gets one around its keypoints, with COCO's usual margin.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import user_errors

FORMATS = ("labelme", "cvat", "label-studio", "csv", "yolo-pose")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("format", choices=FORMATS, help="what wrote the labels")
    add("labels", type=Path, help="file or folder")
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="where files are written")
    add("--images", type=Path, required=True, metavar="DIR", help="folder of the images")
    text = "names in the order that the network shall have; default: as they first come"
    add("--keypoints", nargs="+", metavar="NAME", help=text)
    text = "share of images for validation, 0..1, chosen by their names; default 0.1"
    add("--split", type=float, default=0.1, metavar="SHARE", help=text)
    args = parser.parse_args(argv)
    if not os.path.exists(args.labels):
        parser.error(f"{args.labels} does not exist")
    if not os.path.isdir(args.images):
        parser.error(f"{args.images} does not exist or is not a folder")
    if not 0 <= args.split < 1:
        parser.error(f"--split must be in 0..1, 1 excluded, got {args.split}")
    if args.format == "yolo-pose" and not args.keypoints:
        parser.error("yolo-pose files hold no names: give --keypoints")
    return args


def read(args: argparse.Namespace) -> list:
    """Read the labels as the format's reader does."""
    from utils.label_formats.cvat import read_cvat
    from utils.label_formats.label_studio import read_label_studio
    from utils.label_formats.labelme import read_labelme
    from utils.label_formats.table import read_table
    from utils.label_formats.yolo_pose import read_yolo_pose

    if args.format == "yolo-pose":
        return read_yolo_pose(args.labels, args.images, args.keypoints)
    readers = (read_labelme, read_cvat, read_label_studio, read_table)
    return dict(zip(FORMATS, readers, strict=False))[args.format](args.labels)


def main(argv: list[str] | None = None) -> None:
    """Convert, write, say what came of it."""
    args = parse_args(argv)
    with user_errors():
        from prepostprocess.files import write_whole
        from utils.label_formats.labelled import is_held_out, names_of, to_annotations

        images = read(args)
        names = tuple(args.keypoints or names_of(images))
        if not images or not names:
            raise ValueError(f"{args.labels}: labels must hold keypoints, got none. Check --help.")
        strangers = sorted(set(names_of(images)) - set(names))
        if strangers:
            raise ValueError(
                f"{args.labels}: --keypoints must name all that are labelled, lacks "
                f"{', '.join(strangers)}. Add them."
            )
        held = [image for image in images if is_held_out(image.name, args.split)]
        parts = {"train": [image for image in images if image not in held], "val": held}
        if args.split == 0 or not held:
            parts["val"] = parts["train"]
        args.output.mkdir(parents=True, exist_ok=True)
        folder, lines = os.path.relpath(args.images, args.output), []
        for part, chosen in parts.items():
            content = to_annotations(chosen, names)
            write_whole(args.output / f"{part}.json", json.dumps(content) + "\n")
            lines.append(f"{part}: {{annotations: {part}.json, images: {json.dumps(folder)}}}")
            print(f"{part}.json: {len(content['annotations'])} people on {len(chosen)} images")
        lines.append(f"keypoints: {json.dumps(list(names), ensure_ascii=False)}")
        write_whole(args.output / "data.yaml", "\n".join(lines) + "\n")
        print(f"{args.output / 'data.yaml'}: look through it with tools/doctor.py --open-images")


if __name__ == "__main__":
    main()
