"""Find the people of a folder's images with a detector, and write their boxes for training or test.

    python tools/detect_boxes.py val2017 -o boxes.json --labels person_keypoints_val2017.json
    python tools/detect_boxes.py my_photos -o people.json --score 0.4

With --labels: COCO results of boxes, as tools/test.py reads by detection_file. Without: COCO
annotations of people with a box alone, to add to `train:` of a data file; train.py --teacher FILE
then learns from the teacher alone where these are.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ROOT, ScriptParser, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("images", type=Path, help="folder, at any depth")
    add("-o", "--output", type=Path, required=True, metavar="JSON", help="the file to write")
    text = "annotations that number the images: write boxes for tools/test.py"
    add("--labels", type=Path, metavar="JSON", help=text)
    text = "the detector's YAML, or its ONNX file; default: utils/yolov5_init_params.yaml"
    default = ROOT / "utils/yolov5_init_params.yaml"
    add("--yolov5_params", "--yolov5-params", type=Path, metavar="FILE", default=default, help=text)
    text = "keep boxes from this score on; default: 0.001 with --labels (for AP), else 0.3"
    add("--score", type=float, metavar="S", help=text)
    args = parser.parse_args(argv)
    if not os.path.isdir(args.images):
        parser.error(f"{args.images} does not exist or is not a folder")
    if args.score is not None and not 0 <= args.score <= 1:
        parser.error(f"--score must be in 0..1, got {args.score}")
    if args.labels and os.path.realpath(args.labels) == os.path.realpath(args.output):
        parser.error(f"-o must be another file than --labels, got {args.output} for both")
    return args


def main(argv: list[str] | None = None) -> None:
    """Detect, write the file, say how many there are."""
    args = parse_args(argv)
    with user_errors():
        import dataclasses

        from tqdm import tqdm

        from prepostprocess.files import write_whole
        from prepostprocess.image import load_rgb
        from utils.boxes_file import as_results, count_lost, numbers_of
        from utils.inference.sources import find_images
        from utils.label_formats.labelled import to_annotations, unlabelled
        from utils.runners.yolov5_params import load_yolov5_params
        from utils.runners.yolov5_runner import Yolov5Runner

        numbers = numbers_of(args.labels) if args.labels else None
        paths = {p.relative_to(args.images).as_posix(): p for p in find_images(str(args.images))}
        lost = count_lost(numbers, paths, args.labels) if numbers is not None else 0
        score = args.score if args.score is not None else 0.001 if numbers else 0.3
        params = dataclasses.replace(load_yolov5_params(args.yolov5_params), conf_thres=score)
        detector, found = Yolov5Runner(params), []
        for name, path in tqdm(paths.items(), unit="image", disable=None):
            if numbers is not None and name not in numbers:
                continue
            image = load_rgb(path)
            found.append((name, (image.shape[1], image.shape[0]), detector.run(image)))
        if numbers is None:
            content = to_annotations([unlabelled(*each) for each in found], names=())
        else:
            content = as_results(found, numbers)
        write_whole(args.output, json.dumps(content) + "\n")
        people = sum(len(boxes.scores) for _, _, boxes in found)
        print(f"{args.output}: {people} boxes on {len(found)} images, score {score} and above")
        if lost:
            print(f"{args.labels}: {lost} of {len(numbers)} images were not found in {args.images}")


if __name__ == "__main__":
    main()
