"""What inference_e2e.py does: the whole chain over a folder, landmarks into one file."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.evaluation.landmark_file import E2eResults, check_coco_ids, image_name
from utils.inference.image_stages import pose_stages
from utils.inference.progress import with_bar
from utils.inference.shards import Shard, all_shards
from utils.inference.sources import find_images
from utils.inference.stages import run_stages
from utils.runners.pipeline import PosePipeline, load_pipeline
from utils.runners.yolov5_params import missing_default_detector

_WRITE_EVERY_SECONDS = 2.0
_WRITE_SHARE = 0.05  # of the time, at most: a long list takes a while


@dataclass(frozen=True)
class E2eOptions:
    """What goes into the file.

    Attributes:
        save_path: the file.
        coco_path: file of COCO results, or None.
        path_prefix: put before each image's name.
        relative_to: folder that names start below, or None for paths as they were found.
        layout: one of ``landmark_file.LANDMARK_FORMATS``.
        all_persons: one record a person; else one an image.
        resume: go on with an interrupted run's file.
        shard: the part of the images to do, or None for all.
        merge: number of parts whose results are taken; what they lack is done.
    """

    save_path: Path
    coco_path: Path | None = None
    path_prefix: str = ""
    relative_to: Path | None = None
    layout: str = "flat34"
    all_persons: bool = False
    resume: bool = False
    shard: Shard | None = None
    merge: int = 0


def run_e2e(
    word: str,
    networks: tuple[Path, Path, Path],
    options: E2eOptions,
    make_bar: Callable[..., Any],
) -> int:
    """Find the people of all images that a word names, and write their landmarks.

    Args:
        word: a file, a folder or a pattern.
        networks: the YAML files of detector, crop and pose network.
        options: see there.
        make_bar: see ``progress.with_bar``.
    Returns: exit code: 0; 1 if an image could not be done; 130 after Ctrl-C.

    Raises:
        ValueError: files or options that cannot be used.
        OSError: the results cannot be written.
    """
    if missing := missing_default_detector(networks[0]):
        raise ValueError(
            f"--yolov5_params must name a detector, got none at {missing}. "
            "`python tools/get_weights.py yolov5n` fetches one; --list names others."
        )
    found = find_images(word)
    images = options.shard.of(found) if options.shard else found
    names = {path: image_name(path, options.path_prefix, options.relative_to) for path in images}
    if options.coco_path:
        check_coco_ids(found)
    pipeline = load_pipeline(*networks)
    results = _results_before(options, names, pipeline.spec.keypoint_names)
    try:
        failed = _fill(results, pipeline, names, make_bar)
    except KeyboardInterrupt:
        print("interrupted: the same command with --resume goes on", file=sys.stderr)
        return 130
    print(results.path)
    for line in failed:
        print(f"error: {line}", file=sys.stderr)
    return 1 if failed else 0


def _results_before(
    options: E2eOptions, names: dict[Path, str], keypoint_names: tuple[str, ...]
) -> E2eResults:
    """Collect what an interrupted run, or the parts of a run, have written."""
    path, coco_path = options.save_path, options.coco_path
    if options.shard:
        path, coco_path = options.shard.path(path), coco_path and options.shard.path(coco_path)
    results = E2eResults(path, coco_path, options.layout, options.all_persons, keypoint_names)
    dropped: list[str] = []
    if options.resume and path.exists():
        dropped += results.resume(names, path, coco_path)
    for shard in all_shards(options.merge):
        if not shard.path(path).is_file():
            raise ValueError(
                f"{shard.path(path)}: --merge must find the files of all {options.merge} parts, "
                f"got none of that name. Run --shard {shard.number}/{shard.count} first."
            )
        part_coco = coco_path and shard.path(coco_path)
        dropped += results.resume(names, shard.path(path), part_coco)
    if dropped and names and not results.records:
        flag = "--merge" if options.merge else "--resume"
        raise ValueError(
            f"{path}: {flag} must find results of this run's images, got those of '{dropped[0]}' "
            f"for '{next(iter(names.values()))}'. Give --img-path, --path-prefix and --relative-to "
            f"as before, or leave {flag} out."
        )
    return results


def _fill(
    results: E2eResults,
    pipeline: PosePipeline,
    names: dict[Path, str],
    make_bar: Callable[..., Any],
) -> list[str]:
    """Do the images that are not done, write now and then and at the end; return the faults."""
    todo = [path for path in names if names[path] not in results.records]
    order, failed = list(names.values()), []
    results.write(order)
    due = time.monotonic() + _WRITE_EVERY_SECONDS
    jobs = run_stages(todo, pose_stages(pipeline))
    try:
        for job in with_bar(jobs, len(todo), "image", make_bar):
            if job.error is not None:
                failed.append(job.fault)
                continue
            results.add(names[job.item], job.item, job.value.people)
            if time.monotonic() > due:
                began = time.monotonic()
                results.write(order)
                spent = time.monotonic() - began
                due = began + max(_WRITE_EVERY_SECONDS, spent / _WRITE_SHARE)
    finally:
        jobs.close()
        results.write(order)
    return failed
