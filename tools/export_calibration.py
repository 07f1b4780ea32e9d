r"""Write calibration arrays for the vendor's quantiser: real people, cropped as the device will.

    python tools/export_calibration.py model.onnx --ann-file COCO.json --img-dir DIR \
        --out calibration.npz
    python tools/export_calibration.py model.onnx --img-path DIR --yolov5_params YAML \
        --out calibration.npz

How the crops are made is in the network's metadata. Beside the arrays an image of the crops is
written (calibration.png): look at it. docs/to_nef.md says what comes next.
"""

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("model", type=Path, help="pose network (.onnx) of export2onnx.py")
    add("--ann-file", type=Path, metavar="JSON", help="COCO annotations: their boxes are used")
    add("--img-dir", type=Path, metavar="DIR", help="the annotations' images")
    add("--img-path", metavar="FILE|DIR|GLOB", help="images without labels")
    add(
        "--yolov5_params",
        "--yolov5-params",
        type=Path,
        metavar="YAML",
        help="the detector that finds people in them: a YAML file, or its ONNX file",
    )
    add("--out", type=Path, required=True, metavar="NPZ", help="file of the arrays")
    add("--count", type=int, default=100, metavar="N", help="crops at most (default: 100)")
    add("--seed", type=int, default=0, metavar="N", help="which people are chosen (default: 0)")
    add(
        "--layout",
        choices=("nchw", "nhwc"),
        default="nchw",
        help="nchw (default): toolchain 0.21 and newer; nhwc: older ones",
    )
    add(
        "--colour",
        choices=("rgb", "bgr"),
        default="rgb",
        help="rgb (default): as the network was trained; bgr: it was converted to take BGR",
    )
    args = parser.parse_args(argv)
    if (args.ann_file is None) == (args.img_path is None):
        parser.error("give either --ann-file with --img-dir, or --img-path with --yolov5_params")
    if (args.ann_file is None) != (args.img_dir is None):
        parser.error("--ann-file and --img-dir must be given together")
    if (args.img_path is None) != (args.yolov5_params is None):
        parser.error("--img-path and --yolov5_params must be given together")
    if args.count < 1:
        parser.error(f"--count must be at least 1, got {args.count}. Use 100 or more.")
    if args.seed < 0:
        parser.error(f"--seed must be at least 0, got {args.seed}. Use 0.")
    return args


def main(argv: list[str] | None = None) -> None:
    """Choose people, cut them out, write the files, print one line."""
    args = parse_args(argv)
    import itertools
    import logging

    with user_errors():
        from tqdm import tqdm

        from utils.calibration import arrays
        from utils.calibration.files import check_npz, write_calibration
        from utils.calibration.labels import choose_labelled
        from utils.inference.sources import find_images
        from utils.log import setup_logging

        setup_logging()
        check_npz(args.out)
        pipeline = arrays.load_noted_pipeline(args.model, args.yolov5_params)
        load = arrays.one_image_cache()
        if args.ann_file:
            people = choose_labelled(args.ann_file, args.img_dir, args.seed, args.count)
        else:
            images, boxes_of = find_images(args.img_path), arrays.make_finder(pipeline, load)
            people = arrays.choose_people(images, boxes_of, args.seed)
            people = itertools.islice(people, args.count)
        people = tqdm(people, total=args.count, desc="cropping people", unit="crop", delay=1)
        made = arrays.make_calibration(pipeline, people, args.layout, args.colour, load=load)
        sheet = write_calibration(args.out, made)
    for text in arrays.warnings_of(made):
        logging.getLogger(__name__).warning(text)
    print(f"{args.out}: {arrays.summary_of(made)}; look at {sheet}")


if __name__ == "__main__":
    main()
