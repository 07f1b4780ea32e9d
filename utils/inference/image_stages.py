"""The stages that a picture goes through: read, detect, pose, draw and save."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from prepostprocess.image import load_rgb
from prepostprocess.save_image import WRITABLE, save_rgb
from utils.drawing import draw_people
from utils.inference.sources import DRAWN
from utils.inference.stages import Stage
from utils.people import Detections, People
from utils.runners.pipeline import PosePipeline

WHOLE = "whole"
_MANY = 8  # pictures whose people share forward passes


@dataclass(frozen=True)
class Picture:
    """A picture and what is known of it so far.

    Attributes:
        path: its file.
        image: uint8 (H, W, 3), RGB.
        detections: boxes of its people.
        people: its people.
        saved: where the drawn picture was written.
    """

    path: Path
    image: np.ndarray
    detections: Detections | None = None
    people: People | None = None
    saved: Path | None = None


def pose_stages(
    pipeline: PosePipeline, box: str | tuple[float, float, float, float] | None = None
) -> list[Stage]:
    """Make the stages from a path to a ``Picture`` with people.

    Args:
        pipeline: the runners.
        box: left, top, width, height in pixels of the one person in every picture, or "whole" for
            the whole picture; None to ask the detector.
    Returns: stages "read", "detect" and "pose" for ``stages.run_stages``.
    """

    def detect(picture: Picture) -> Picture:
        return replace(picture, detections=find_boxes(pipeline, picture.image, box))

    def pose(pictures: list[Picture]) -> list[Picture]:
        people = pipeline.estimate([p.image for p in pictures], [p.detections for p in pictures])
        return [replace(p, people=found) for p, found in zip(pictures, people, strict=True)]

    return [Stage("read", _read), Stage("detect", detect), Stage("pose", pose, many=_MANY)]


def draw_stage(
    pipeline: PosePipeline, threshold: float, target_of: Callable[[Path], Path]
) -> Stage:
    """Make the stage that draws a picture's people and writes the drawing.

    Args:
        pipeline: knows the keypoints' names.
        threshold: keypoints at or below it are left out.
        target_of: file of a picture -> file of its drawing.
    """

    def draw(picture: Picture) -> Picture:
        names = pipeline.spec.keypoint_names
        drawn = draw_people(picture.image, picture.people, names, threshold)
        target = target_of(picture.path)
        if target.exists() and target.samefile(picture.path):
            raise ValueError(
                f"{target}: --save-path must not be the picture itself, got its own file. "
                "Name another."
            )
        save_rgb(target, drawn)
        return replace(picture, saved=target)

    return Stage("draw", draw)


def find_boxes(
    pipeline: PosePipeline,
    image: np.ndarray,
    box: str | tuple[float, float, float, float] | None,
) -> Detections:
    """The detector's boxes, the given one, or the whole picture as one."""
    if box is None:
        return pipeline.detect(image)
    return Detections.of((0, 0, image.shape[1], image.shape[0]) if box == WHOLE else box)


def drawn_name(path: Path) -> str:
    """Name of a picture's drawing: ``a.jpg`` -> ``a_pose.jpg``; PNG for formats only read here."""
    suffix = path.suffix if path.suffix.lower() in WRITABLE else ".png"
    return f"{path.stem}{DRAWN}{suffix}"


def _read(path: Path) -> Picture:
    return Picture(path, load_rgb(path))
