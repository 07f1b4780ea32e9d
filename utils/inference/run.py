"""What inference.py does: send images or a video through the pipeline, write and show results."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prepostprocess.files import require_output
from prepostprocess.image import load_rgb
from utils.inference.image_stages import WHOLE, draw_stage, drawn_name, pose_stages
from utils.inference.progress import with_bar
from utils.inference.sources import DRAWN, ImageSource, find_source
from utils.inference.stages import run_stages
from utils.inference.video import VIDEO_WRITABLE, VideoReader, VideoWriter
from utils.inference.video_stages import Frame, number_frames, video_stages
from utils.inference.window import check_display, show
from utils.people_json import people_to_json, write_json
from utils.runners.pipeline import PosePipeline, load_pipeline
from utils.runners.yolov5_params import missing_default_detector


@dataclass(frozen=True)
class RunOptions:
    """What to do with what is found.

    Attributes:
        save_path: a folder; for a single image or video also a file; None: beside the input (a
            camera: here).
        json_path: file for all results, or None.
        show: open a window for each drawing; q ends.
        box: see ``image_stages.pose_stages``.
        threshold: keypoints at or below it are not drawn; None: the pose network's ``kpt_thr``.
        every: see ``video_stages.video_stages``.
        smooth: likewise.
    """

    save_path: Path | None = None
    json_path: Path | None = None
    show: bool = False
    box: str | tuple[float, float, float, float] | None = None
    threshold: float | None = None
    every: int = 1
    smooth: bool = False


def run_inference(
    word: str,
    networks: tuple[Path, Path, Path],
    options: RunOptions,
    make_bar: Callable[..., Any],
) -> int:
    """Find, draw and write the people of what a word names.

    Args:
        word: a file, a folder, a pattern, or a camera's number.
        networks: the YAML files of detector, crop and pose network.
        options: see there.
        make_bar: see ``progress.with_bar``.
    Returns: exit code: 1 if an image or the end of a video could not be done, else 0.

    Raises:
        ValueError: files or options that cannot be used.
        OSError: a result cannot be written.
    """
    source = find_source(word)
    if options.json_path is not None:
        require_output(options.json_path, "--json")
    yolov5, rsn_affine, lite_hrnet = networks
    if options.box is None and (missing := missing_default_detector(yolov5)):
        print(
            f"no detector at {missing}: looking for one person an image, as with --bbox whole. "
            "python tools/get_weights.py --list names detectors.",
            file=sys.stderr,
        )
        options = replace(options, box=WHOLE)
    pipeline = load_pipeline(None if options.box else yolov5, rsn_affine, lite_hrnet)
    if options.show:
        check_display()
    if source.video is None:
        return run_images(pipeline, source, options, make_bar)
    return run_video(pipeline, source.video, options, make_bar)


def run_images(
    pipeline: PosePipeline, source: ImageSource, options: RunOptions, make_bar: Callable[..., Any]
) -> int:
    """Find, draw and write the people of images; see ``run_inference``.

    Args:
        pipeline: the runners.
        source: the images.
        options: see there.
        make_bar: see ``progress.with_bar``.

    Returns:
        Exit code.
    """
    targets = drawing_targets(source, options.save_path)
    threshold = _threshold(pipeline, options)
    draw = draw_stage(pipeline, threshold, targets.__getitem__)
    stages = [*pose_stages(pipeline, options.box), draw]
    records, failed = [], []
    jobs = run_stages(source.images, stages)
    for job in with_bar(jobs, len(source.images), "image", make_bar):
        if job.error is not None:
            failed.append(job.fault)
            continue
        print(job.value.saved)
        people = people_to_json(job.value.people)
        records.append(dict(img_path=str(job.item), people=people))
        if options.show and not show(load_rgb(job.value.saved), wait_ms=0):
            break
    jobs.close()
    if options.json_path is not None:
        write_json(options.json_path, records)
    for line in failed:
        print(f"error: {line}", file=sys.stderr)
    return 1 if failed else 0


def drawing_targets(source: ImageSource, save_path: Path | None) -> dict[Path, Path]:
    """Name the file of each image's drawing.

    Args:
        source: the images.
        save_path: see ``RunOptions``.

    Returns:
        Image to the file of its drawing.

    Raises:
        ValueError: two images would have one drawing.
    """

    def target_of(path: Path) -> Path:
        if save_path is None:
            return path.with_name(drawn_name(path))
        is_one = len(source.images) == 1 and source.folder is None
        if is_one and save_path.suffix and not save_path.is_dir():
            return save_path
        inside = path.relative_to(source.folder).parent if source.folder else Path()
        return save_path / inside / drawn_name(path)

    targets = {path: target_of(path) for path in source.images}
    drawn: dict[Path, Path] = {}
    for path, target in targets.items():
        if (other := drawn.setdefault(target, path)) != path:
            raise ValueError(
                f"{path}: drawings must have names of their own, but {other} would be drawn to "
                f"{target} too. Rename one; a folder as --img-path keeps its subfolders apart."
            )
    return targets


def run_video(
    pipeline: PosePipeline, source: str | int, options: RunOptions, make_bar: Callable[..., Any]
) -> int:
    """Find, draw and write the people of a video's or a camera's frames; see ``run_inference``.

    Args:
        pipeline: the runners.
        source: a file, or a camera's number.
        options: see there.
        make_bar: see ``progress.with_bar``.

    Returns:
        Exit code.
    """
    reader = VideoReader(source)
    target = _video_target(source, options.save_path)
    stages = video_stages(
        pipeline,
        reader.rate,
        box=options.box,
        every=options.every,
        smooth=options.smooth,
        threshold=_threshold(pipeline, options),
    )
    records: list[dict] = []
    jobs = run_stages(number_frames(reader), stages)
    is_through = False
    with VideoWriter(target, reader.rate) as writer:
        try:
            for job in with_bar(jobs, reader.length or None, "frame", make_bar):
                if job.error is not None:
                    raise job.error
                writer.write(job.value.drawn)
                records.append(_describe(job.value))
                if options.show and not show(job.value.drawn, wait_ms=1):
                    break
            else:
                is_through = True
        except KeyboardInterrupt:
            if not _is_live(source):
                raise
        finally:
            jobs.close()
    if records:
        print(target)
        if options.json_path is not None:
            write_json(options.json_path, records)
    return _tell_missing(reader) if is_through else 0


def _tell_missing(reader: VideoReader) -> int:
    """Tell of frames that could not be read; return the exit code."""
    if not reader.lacks_frames:
        return 0
    is_cut = reader.ended_early
    kind, rest = ("error", "Copy it again.") if is_cut else ("note", "Its end was reached.")
    told = f"video must have {reader.length} frames, got {reader.num_read} that can be read. {rest}"
    print(f"{kind}: {reader.source}: {told}", file=sys.stderr)
    return 1 if is_cut else 0


def _is_live(source: str | int) -> bool:
    """Tell a camera or a stream, which Ctrl-C ends as a matter of course, from a file."""
    return isinstance(source, int) or "://" in source


def _threshold(pipeline: PosePipeline, options: RunOptions) -> float:
    own = pipeline.pose.params.kpt_thr
    return own if options.threshold is None else options.threshold


def _describe(frame: Frame) -> dict:
    people = people_to_json(frame.people, frame.ids)
    return dict(frame=frame.index, seconds=round(frame.seconds, 4), people=people)


def _video_target(source: str | int, save_path: Path | None) -> Path:
    """File of the drawn video."""
    if isinstance(source, int):
        default = Path(f"camera{source}{DRAWN}.mp4")
    elif "://" in source:
        default = Path(f"stream{DRAWN}.mp4")
    else:
        path = Path(source)
        suffix = path.suffix if path.suffix.lower() in VIDEO_WRITABLE else ".mp4"
        default = path.with_name(f"{path.stem}{DRAWN}{suffix}")
    if save_path is None:
        return default
    if save_path.is_dir():
        return save_path / default.name
    if save_path.suffix.lower() not in VIDEO_WRITABLE:
        raise ValueError(
            f"{save_path}: --save-path must be a folder or end in {', '.join(VIDEO_WRITABLE)}, "
            f"got '{save_path.suffix}'. Use .mp4."
        )
    before = Path(str(source))
    if before.is_file() and save_path.exists() and save_path.samefile(before):
        raise ValueError(
            f"{save_path}: --save-path must not be the video itself, got its own file. "
            "Name another."
        )
    return save_path
