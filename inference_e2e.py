"""Run the whole chain over a folder of pictures and write the landmarks as Kneron reads them.

    python inference_e2e.py --img-path data/coco/val2017 --save-path out/e2e.json \
        --yolov5_params utils/yolov5_init_params.yaml \
        --rsn_affine_params utils/rsn_affine_init_params.yaml \
        --lite_hrnet_params utils/lite_hrnet_init_params.yaml

The file is a list of {"img_path": ..., "lmk_coco_body_17pts": [x, y, ...]} and whole JSON at every
moment. Exit code 1: pictures were unreadable; they are listed at the end, the others are done. 130:
Ctrl-C. tools/eval_e2e.py compares the file with a ground truth.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
_WRITE_EVERY_SECONDS = 2.0
_WRITE_SHARE = 0.05  # of the time, at most: a long list takes a while


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--img-path", required=True, metavar="DIR|FILE", help="pictures, at any depth")
    for name in ("yolov5", "rsn_affine", "lite_hrnet"):
        add(
            f"--{name}_params",
            f"--{name.replace('_', '-')}-params",
            metavar="YAML",
            default=ROOT / f"utils/{name}_init_params.yaml",
            help=f"default: utils/{name}_init_params.yaml",
        )
    add("--save-path", type=Path, required=True, metavar="OUT.json", help="file to write")
    add("--coco-json", type=Path, metavar="FILE", help="also write COCO results, for its AP")
    add("--path-prefix", default="", metavar="TEXT", help="put before each img_path")
    add(
        "--relative-to",
        type=Path,
        metavar="DIR",
        help="write img_path relative to this folder, when the ground truth does so",
    )
    add(
        "--landmark-format",
        choices=("flat34", "flat51", "17x2", "17x3"),
        default="flat34",
        help="flat x, y (default), with scores, or a list a keypoint",
    )
    add(
        "--persons",
        choices=("best", "all"),
        default="best",
        help="one record a picture (default), or one a person with bbox and score",
    )
    add("--resume", action="store_true", help="go on with an interrupted run's --save-path")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    args = parse_args(argv)
    from utils.cli import user_errors

    with user_errors():
        from tqdm import tqdm

        from utils.evaluation.landmark_file import (
            NUM_LANDMARKS,
            E2eResults,
            coco_image_id,
            image_name,
        )
        from utils.inference.image_stages import pose_stages
        from utils.inference.progress import with_bar
        from utils.inference.sources import find_pictures
        from utils.inference.stages import run_stages
        from utils.log import setup_logging
        from utils.runners.pipeline import load_pipeline

        setup_logging()
        images = find_pictures(args.img_path)
        names = {path: image_name(path, args.path_prefix, args.relative_to) for path in images}
        for path in images if args.coco_json else ():
            coco_image_id(path)
        pipeline = load_pipeline(args.yolov5_params, args.rsn_affine_params, args.lite_hrnet_params)
        if len(pipeline.spec.keypoint_names) != NUM_LANDMARKS:
            raise ValueError(
                f"{args.lite_hrnet_params}: pose network must give 17 COCO body keypoints, got "
                f"{len(pipeline.spec.keypoint_names)}. Use inference.py --json for others."
            )
        results = E2eResults(
            args.save_path, args.coco_json, args.landmark_format, args.persons == "all"
        )
        if args.resume and args.save_path.exists():
            results.resume(names)
        todo = [path for path in images if names[path] not in results.records]
        order, failed, due = list(names.values()), [], time.monotonic() + _WRITE_EVERY_SECONDS
        results.write(order)
        jobs = run_stages(todo, pose_stages(pipeline))
        try:
            for job in with_bar(jobs, len(todo), "image", tqdm):
                if job.error is not None:
                    failed.append(job.fault)
                    continue
                results.add(names[job.item], job.item, job.value.people)
                if time.monotonic() > due:
                    began = time.monotonic()
                    results.write(order)
                    spent = time.monotonic() - began
                    due = began + max(_WRITE_EVERY_SECONDS, spent / _WRITE_SHARE)
        except KeyboardInterrupt:
            print("interrupted: the same command with --resume goes on", file=sys.stderr)
            return 130
        finally:
            results.write(order)
        print(args.save_path)
        for line in failed:
            print(f"error: {line}", file=sys.stderr)
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
