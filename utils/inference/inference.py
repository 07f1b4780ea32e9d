"""What inference.py does: run pictures or a video through the pipeline, write and show results."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from utils.inference.image_stages import draw_stage, drawn_name, pose_stages
from utils.inference.people_json import people_to_json, write_json
from utils.inference.progress import with_bar
from utils.inference.sources import DRAWN, Source
from utils.inference.stages import run_stages
from utils.inference.video import VideoReader, VideoWriter
from utils.inference.video_stages import number_frames, video_stages
from utils.runners.pipeline import PosePipeline

_VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4")  # that are written


def run_pictures(
    pipeline: PosePipeline,
    source: Source,
    *,
    save_path: Path | None,
    json_path: Path | None,
    show: bool,
    box: str | tuple[float, ...] | None,
    threshold: float,
    make_bar: Callable[..., Any],
) -> int:
    """Find, draw and write the people of pictures.

    Args:
        pipeline: the runners.
        source: the pictures.
        save_path: a folder; for a single picture also a file; None: beside each picture.
        json_path: file for all results, or None.
        show: open a window for each drawing.
        box: see ``picture_stages.pose_stages``.
        threshold: keypoints at or below it are not drawn.
        make_bar: see ``progress.with_bar``.
    Returns: exit code: 1 if a picture could not be done, else 0.
    """

    def target_of(path: Path) -> Path:
        if save_path is None:
            return path.with_name(drawn_name(path))
        if len(source.images) == 1 and source.folder is None and save_path.suffix:
            return save_path
        inside = path.relative_to(source.folder).parent if source.folder else Path()
        return save_path / inside / drawn_name(path)

    _check_display(show)
    stages = [*pose_stages(pipeline, box), draw_stage(pipeline, threshold, target_of)]
    records, failed = [], []
    jobs = run_stages(source.images, stages)
    for job in with_bar(jobs, len(source.images), "image", make_bar):
        if job.error is not None:
            failed.append(job.fault)
            continue
        print(job.value.saved)
        people = people_to_json(job.value.people)
        records.append(dict(img_path=str(job.item), people=people))
        if show and not _show(cv2.imread(str(job.value.saved)), wait=0):
            break
    jobs.close()
    if json_path is not None:
        write_json(json_path, records)
    for line in failed:
        print(f"error: {line}", file=sys.stderr)
    return 1 if failed else 0


def run_video(
    pipeline: PosePipeline,
    source: Source,
    *,
    save_path: Path | None,
    json_path: Path | None,
    show: bool,
    box: str | tuple[float, ...] | None,
    threshold: float,
    make_bar: Callable[..., Any],
    every: int,
    smooth: bool,
) -> int:
    """Find, draw and write the people of a video's frames.

    Args:
        pipeline: the runners.
        source: the video or camera.
        save_path: a file or an existing folder; None: beside the video (a camera: here).
        json_path: file for all results, or None.
        show: open a window; q ends.
        box: see ``picture_stages.pose_stages``.
        threshold: keypoints at or below it are not drawn.
        make_bar: see ``progress.with_bar``.
        every: see ``video_stages.video_stages``.
        smooth: likewise.
    Returns: exit code: 1 if the video ended before its announced length, else 0.
    """
    _check_display(show)
    reader = VideoReader(source.video)
    target = _video_target(source.video, save_path)
    writer = VideoWriter(target, reader.rate)
    stages = video_stages(
        pipeline, reader.rate, box=box, every=every, smooth=smooth, threshold=threshold
    )
    records = []
    jobs = run_stages(number_frames(reader), stages)
    try:
        for job in with_bar(jobs, reader.length or None, "frame", make_bar):
            if job.error is not None:
                raise job.error
            frame = job.value
            writer.write(frame.drawn)
            people = people_to_json(frame.people, frame.ids)
            seconds = round(frame.index / reader.rate, 4)
            records.append(dict(frame=frame.index, seconds=seconds, people=people))
            if show and not _show(cv2.cvtColor(frame.drawn, cv2.COLOR_RGB2BGR), wait=1):
                break
        else:
            if reader.ended_early:
                print(
                    f"error: {source.video}: video must have {reader.length} frames, got "
                    f"{reader.num_read} that can be read. Copy it again.",
                    file=sys.stderr,
                )
                return 1
        return 0
    except KeyboardInterrupt:  # how a camera's stream ends
        return 0
    finally:
        jobs.close()
        writer.close()
        if records:
            print(target)
            if json_path is not None:
                write_json(json_path, records)


def _video_target(source: str | int, save_path: Path | None) -> Path:
    """File of the drawn video."""
    if isinstance(source, int):
        default = Path(f"camera{source}{DRAWN}.mp4")
    else:
        path = Path(source)
        suffix = path.suffix if path.suffix.lower() in _VIDEO_SUFFIXES else ".mp4"
        default = path.with_name(f"{path.stem}{DRAWN}{suffix}")
    if save_path is None:
        return default
    if save_path.is_dir():
        return save_path / default.name
    if save_path.suffix.lower() not in _VIDEO_SUFFIXES:
        raise ValueError(
            f"{save_path}: --save-path must be a folder or end in {', '.join(_VIDEO_SUFFIXES)}, "
            f"got '{save_path.suffix}'. Use .mp4."
        )
    if not isinstance(source, int) and save_path.exists() and save_path.samefile(source):
        raise ValueError(
            f"{save_path}: --save-path must not be the video itself, got its own file. "
            "Name another."
        )
    return save_path


def _check_display(show: bool) -> None:
    """OpenCV would end the process where there is no screen."""
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if show and sys.platform.startswith("linux") and not has_screen:
        raise ValueError(
            "--show must have a screen, got neither DISPLAY nor WAYLAND_DISPLAY. Leave it out and "
            "look at the files."
        )


def _show(image_bgr: np.ndarray, wait: int) -> bool:
    """Show a picture; False when the user wants to end."""
    cv2.imshow("pose", image_bgr)
    return cv2.waitKey(wait) & 0xFF not in (ord("q"), 27)
