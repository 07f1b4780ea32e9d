"""Calibration arrays for a quantiser: people's crops, just as the pose network will be fed them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from prepostprocess.image import load_rgb
from prepostprocess.preprocess import get_preprocess
from utils.params import ParamsError
from utils.runners.onnx_session import OnnxSession
from utils.runners.pipeline import PosePipeline, load_pipeline

ENOUGH = 100  # crops that the vendor asks for; manual of the quantiser, 2.5.3
LAYOUTS = ("nchw", "nhwc")
COLOUR_ORDERS = ("rgb", "bgr")
_NEEDED = ("input_wh", "colour", "preprocess", "padding", "decoder")
Finder = Callable[[Path], np.ndarray]


@dataclass(frozen=True)
class Calibration:
    """What goes to the quantiser.

    Attributes:
        images: float32 (N, 3, h, w) or, layout "nhwc", (N, h, w, 3): what the network is fed.
        crops: N of uint8 (h, w, 3), RGB, the pixels that they come from.
        boxes_xywh: float32 (N, 4), left, top, width, height of the people in source pixels.
        files: N, the images.
        notes: what a reader must know: layout, colour, preprocess, pixel_offset, input_wh,
            padding, model, model_sha256.
    """

    images: np.ndarray
    crops: list[np.ndarray]
    boxes_xywh: np.ndarray
    files: list[Path]
    notes: dict[str, object]


def load_noted_pipeline(model: Path, yolov5: Path | None) -> PosePipeline:
    """Load a pose network that says itself how its input is made.

    Args:
        model: ONNX file with our exporter's metadata.
        yolov5: the detector's YAML or ONNX file; None for no detector.
    Returns: the runners.
    Raises: ParamsError: metadata are missing, or one of the files cannot be used.
    """
    metadata = OnnxSession(model).metadata
    missing = [key for key in _NEEDED if key not in metadata]
    if missing:
        raise ParamsError(
            f"{model}: metadata must say how the network's input is made, got no "
            f"{', '.join(missing)}. Export the network with export2onnx.py."
        )
    return load_pipeline(yolov5, None, model)


def choose_people(
    images: Sequence[Path], boxes_of: Finder, seed: int
) -> Iterator[tuple[Path, np.ndarray]]:
    """Choose people evenly over images: one of each in random order, then a second one, ....

    Args:
        images: the images.
        boxes_of: image -> float (N, 4), left, top, width, height of its people; asked as late as
            possible, once an image.
        seed: the same one gives the same order.
    Yields: an image and a person's box.
    """
    generator = np.random.default_rng(seed)
    found = []
    for i in generator.permutation(len(images)):
        boxes = np.asarray(boxes_of(images[i])).reshape(-1, 4)
        boxes = boxes[generator.permutation(len(boxes))]
        if len(boxes):
            yield images[i], boxes[0]
            found.append((images[i], boxes))
    for nth in range(1, max((len(boxes) for _, boxes in found), default=0)):
        for path, boxes in found:
            if nth < len(boxes):
                yield path, boxes[nth]


def make_finder(pipeline: PosePipeline, load: Callable[[Path], np.ndarray]) -> Finder:
    """The detector as ``choose_people`` wants it.

    Args:
        pipeline: with a detector.
        load: reads an image.

    Returns:
        The detector as a function of the image's file.
    """

    def find(path: Path) -> np.ndarray:
        return pipeline.detect(load(path)).boxes_xywh

    return find


def one_image_cache() -> Callable[[Path], np.ndarray]:
    """``load_rgb`` that remembers the last image, for those who come twice in a row."""
    return lru_cache(maxsize=1)(load_rgb)


def make_calibration(
    pipeline: PosePipeline,
    people: Iterable[tuple[Path, np.ndarray]],
    layout: str = "nchw",
    colour: str = "rgb",
    *,
    load: Callable[[Path], np.ndarray] = load_rgb,
) -> Calibration:
    """Cut people out and let the pose network's runner prepare them.

    Args:
        pipeline: the runners.
        people: images and boxes, as ``choose_people`` gives them.
        layout: "nchw" or "nhwc".
        colour: order of the channels, "rgb" or "bgr".
        load: reads an image.
    Returns: the arrays.
    Raises: ValueError: nobody, or an image or box that the runners refuse.
    """
    crops, boxes, files = [], [], []
    for path, box in people:
        try:
            crops += pipeline.affine.run(load(path), box[None])
        except ValueError as err:
            raise ValueError(f"{path}: {str(err).removeprefix(f'{path}: ')}") from err
        boxes.append(box)
        files.append(path)
    if not crops:
        raise ValueError("the images must show people, got nobody. Use other images.")
    images = pipeline.pose.prepare([crop.image for crop in crops])
    if colour == "bgr":
        images = images[:, ::-1]
    if layout == "nhwc":
        images = images.transpose(0, 2, 3, 1)
    return Calibration(
        np.ascontiguousarray(images),
        [crop.image for crop in crops],
        np.array(boxes, np.float32),
        files,
        _notes(pipeline, layout, colour),
    )


def _notes(pipeline: PosePipeline, layout: str, colour: str) -> dict[str, object]:
    """What a reader of the arrays must know; see ``Calibration``."""
    spec, model = pipeline.spec, pipeline.pose.session.path
    return dict(
        layout=layout,
        colour=colour,
        preprocess=spec.preprocess,
        pixel_offset=spec.pixel_offset,
        input_wh=list(spec.input_wh),
        padding=spec.padding,
        model=model.name,
        model_sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
    )


def summary_of(calibration: Calibration) -> str:
    """Say in one line what there is."""
    images, notes = calibration.images, calibration.notes
    return (
        f"{len(images)} crops from {len(set(calibration.files))} images, {images.dtype} "
        f"{images.shape} {notes['colour']}, {notes['preprocess']}, values {images.min():.3f} to "
        f"{images.max():.3f}"
    )


def warnings_of(calibration: Calibration) -> list[str]:
    """Say what is usable but not good."""
    texts = []
    if len(calibration.images) < ENOUGH:
        texts.append(
            f"calibration should have at least {ENOUGH} crops, got {len(calibration.images)}. "
            "Give more images or raise --count."
        )
    if get_preprocess(str(calibration.notes["preprocess"])).hardware is None:
        texts.append(
            "preprocess should be kneron_520 or kneron_720, got "
            f"{calibration.notes['preprocess']}, which no chip computes: the host must prepare "
            "each crop. Train with preprocess=kneron_720."
        )
    return texts
