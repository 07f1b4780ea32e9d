"""The stages that a video's frame goes through: detect, pose with identities, draw."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from utils.drawing import draw_people
from utils.inference.image_stages import find_boxes
from utils.inference.smoothing import PeopleSmoother
from utils.inference.stages import Stage
from utils.inference.tracking import Tracker
from utils.inference.video import VideoReader
from utils.people import Detections, People
from utils.runners.pipeline import PosePipeline

_SURVIVES_SECONDS = 1.0  # how long a person may be missed and keep the number


@dataclass(frozen=True)
class Frame:
    """One frame and what is known of it so far.

    Attributes:
        index: its number, from 0.
        image: uint8 (H, W, 3), RGB.
        seconds: when it is from, counted from the first frame.
        detections: boxes of its people; None where the people of the frame before are followed.
        people: its people.
        ids: their identities.
        drawn: uint8 RGB, the frame with its people.
    """

    index: int
    image: np.ndarray
    seconds: float
    detections: Detections | None = None
    people: People = field(default_factory=People.nobody)
    ids: tuple[int, ...] = ()
    drawn: np.ndarray | None = None


def number_frames(reader: VideoReader) -> Iterator[Frame]:
    """Give the frames their numbers and times."""
    for index, image in enumerate(reader):
        yield Frame(index, image, reader.seconds)


def video_stages(
    pipeline: PosePipeline,
    rate: float,
    *,
    box: str | tuple[float, float, float, float] | None = None,
    every: int = 1,
    smooth: bool = False,
    threshold: float = 0.2,
    draw: bool = True,
) -> list[Stage]:
    """Make the stages from a ``Frame`` with pixels to one with people.

    Args:
        pipeline: the runners.
        rate: frames a second.
        box: as in ``image_stages.pose_stages``.
        every: the detector runs on every so-manieth frame; between, people are followed.
        smooth: put each person's keypoints through a one-euro filter.
        threshold: keypoints at or below it are neither drawn nor followed.
        draw: make the drawn frames too.
    Returns: stages "detect", "pose" and "draw" for ``stages.run_stages``.
    """
    tracker = Tracker(threshold, max_missed=max(1, round(rate * _SURVIVES_SECONDS)))
    smoother, spec = PeopleSmoother(threshold) if smooth else None, pipeline.spec

    def detect(frame: Frame) -> Frame:
        if frame.index % every:
            return frame
        return replace(frame, detections=find_boxes(pipeline, frame.image, box))

    def pose(frame: Frame) -> Frame:
        image, found = frame.image, frame.detections
        if found is None:
            guessed = tracker.follow((image.shape[1], image.shape[0]))
            people = tracker.recenter(pipeline.estimate([image], [guessed])[0])
        else:
            people = pipeline.estimate([image], [found])[0]
        ids = tracker.update(people)
        if smoother is not None:
            people = smoother.update(people, ids, frame.seconds)
        return replace(frame, people=people, ids=tuple(ids))

    def draw_frame(frame: Frame) -> Frame:
        names, links, ids = spec.keypoint_names, spec.links, list(frame.ids)
        drawn = draw_people(frame.image, frame.people, names, threshold, ids, links, spec.colours)
        return replace(frame, drawn=drawn)

    stages: list[tuple[str, Callable]] = [("detect", detect), ("pose", pose)]
    stages += [("draw", draw_frame)] if draw else []
    return [Stage(name, function) for name, function in stages]
