"""The stages that an image goes through: read, detect, pose, draw and save."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from prepostprocess.image import load_rgb
from prepostprocess.save_image import WRITABLE, save_rgb
from utils.drawing import draw_people
from utils.inference.sources import DRAWN
from utils.inference.stages import Stage
from utils.people import Detections, People
from utils.runners.one_person import find_one_person
from utils.runners.pipeline import PosePipeline

WHOLE = "whole"
_MANY = 8  # images whose people share forward passes


@dataclass(frozen=True)
class ImageJob:
    """An image and what is known of it so far.

    Attributes:
        path: its file.
        image: uint8 (H, W, 3), RGB.
        detections: boxes of its people.
        people: its people.
        saved: where the drawn image was written.
    """

    path: Path
    image: np.ndarray
    detections: Detections = field(default_factory=lambda: Detections.of([]))
    people: People = field(default_factory=People.nobody)
    saved: Path | None = None


def pose_stages(
    pipeline: PosePipeline, box: str | tuple[float, float, float, float] | None = None
) -> list[Stage]:
    """Make the stages from a path to a ``ImageJob`` with people.

    Args:
        pipeline: the runners.
        box: left, top, width, height in pixels of the one person in every image, or "whole" for
            the whole image; None to ask the detector.
    Returns: stages "read", "detect" and "pose" for ``stages.run_stages``.
    """

    def detect(one: ImageJob) -> ImageJob:
        return replace(one, detections=find_boxes(pipeline, one.image, box))

    def pose(many: list[ImageJob]) -> list[ImageJob]:
        people = pipeline.estimate([one.image for one in many], [one.detections for one in many])
        return [replace(one, people=found) for one, found in zip(many, people, strict=True)]

    return [Stage("read", _read), Stage("detect", detect), Stage("pose", pose, many=_MANY)]


def draw_stage(
    pipeline: PosePipeline, threshold: float, target_of: Callable[[Path], Path]
) -> Stage:
    """Make the stage that draws an image's people and writes the drawing.

    Args:
        pipeline: knows the keypoints' names.
        threshold: keypoints at or below it are left out.
        target_of: file of an image -> file of its drawing.

    Returns:
        Stage "draw" for ``stages.run_stages``.
    """

    def draw(one: ImageJob) -> ImageJob:
        spec, people = pipeline.spec, one.people
        drawn = draw_people(
            one.image,
            people,
            spec.keypoint_names,
            threshold,
            links=spec.links,
            colours=spec.colours,
        )
        target = target_of(one.path)
        if target.exists() and target.samefile(one.path):
            raise ValueError(
                f"{target}: --save-path must not be the image itself, got its own file. "
                "Name another."
            )
        save_rgb(target, drawn)
        return replace(one, saved=target)

    return Stage("draw", draw)


def find_boxes(
    pipeline: PosePipeline,
    image: np.ndarray,
    box: str | tuple[float, float, float, float] | None,
) -> Detections:
    """The detector's boxes, the given one, or that of the one person in the image.

    Args:
        pipeline: the runners.
        image: uint8 (H, W, 3), RGB.
        box: see ``pose_stages``.

    Returns:
        The boxes.
    """
    if box is None:
        return pipeline.detect(image)
    return find_one_person(pipeline, image) if box == WHOLE else Detections.of(box)


def drawn_name(path: Path) -> str:
    """Name of an image's drawing: ``a.jpg`` -> ``a_pose.jpg``; PNG for formats only read here."""
    suffix = path.suffix if path.suffix.lower() in WRITABLE else ".png"
    return f"{path.stem}{DRAWN}{suffix}"


def _read(path: Path) -> ImageJob:
    try:
        str(path).encode()
    except UnicodeEncodeError as err:
        raise ValueError(
            "image's name must be UTF-8, which results are written in, got other bytes. Rename it."
        ) from err
    return ImageJob(path, load_rgb(path))
