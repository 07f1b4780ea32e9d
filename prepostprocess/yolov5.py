"""YOLOv5's arithmetic: image to network input, raw outputs to person boxes, boxes to the image.

Two forms. Kneron's has three outputs (strides 8, 16, 32; the sigmoid is inside the network), pads
right and below with 0 and normalises by x / 256 - 0.5. The Ultralytics export has one output with
the boxes decoded, is padded on all sides with 114 and normalised by x / 255.
"""

from typing import NamedTuple

import cv2
import numpy as np

from prepostprocess.kneron_preprocessing import API
from prepostprocess.nms import nms
from prepostprocess.preprocess import get_preprocess, normalize

STRIDES = (8, 16, 32)
# Width and height in pixels, three a stride; github.com/ultralytics/yolov5, models/yolov5*.yaml
ANCHORS_WH = np.array(
    [
        [[10, 13], [16, 30], [33, 23]],
        [[30, 61], [62, 45], [59, 119]],
        [[116, 90], [156, 198], [373, 326]],
    ],
    np.float32,
)
# github.com/WongKinYiu/yolov7, cfg/training/yolov7.yaml
ANCHORS_WH_V7 = np.array(
    [
        [[12, 16], [19, 36], [40, 28]],
        [[36, 75], [76, 55], [72, 146]],
        [[142, 110], [192, 243], [459, 401]],
    ],
    np.float32,
)
MAX_BOXES = 300  # of one image, after suppression; both forms' own limit
_GREY = 114


class Letterbox(NamedTuple):
    """An image made to fit the network input.

    Attributes:
        tensor: float32 (1, 3, h, w), RGB.
        gain: network input pixels per source pixel.
        offset_xy: (x, y) of the source's corner in the network input, pixels.
    """

    tensor: np.ndarray
    gain: float
    offset_xy: tuple[float, float]


def letterbox_ultralytics(image: np.ndarray, input_wh: tuple[int, int]) -> Letterbox:
    """Fit an image as the Ultralytics export expects it: in the middle, grey 114 around.

    Args:
        image: uint8 (H, W, 3), RGB.
        input_wh: network input width and height in pixels.
    Returns: the network input, x / 255, and where the image lies in it.
    Source: yolov5 v7.0 ``utils/augmentations.py`` ``letterbox`` (auto off, enlarging allowed).
    """
    gain, fitted_wh = _fit(image, input_wh, least=1)
    if fitted_wh != (image.shape[1], image.shape[0]):
        image = cv2.resize(image, fitted_wh, interpolation=cv2.INTER_LINEAR)
    left, top = ((whole - part) // 2 for whole, part in zip(input_wh, fitted_wh, strict=True))
    canvas = np.full((input_wh[1], input_wh[0], 3), _GREY, np.uint8)
    canvas[top : top + fitted_wh[1], left : left + fitted_wh[0]] = image
    planes = np.ascontiguousarray(np.moveaxis(canvas, -1, 0)).astype(np.float32)
    planes /= 255
    return Letterbox(planes[None], gain, (left, top))


def letterbox_kneron(image: np.ndarray, input_wh: tuple[int, int], preprocess: str) -> Letterbox:
    """Fit an image as Kneron's host code does: in the top left corner, 0 around.

    Args:
        image: uint8 (H, W, 3), RGB.
        input_wh: network input width and height in pixels.
        preprocess: "kneron_520" or "kneron_720": whose fixed-point resize.
    Returns: the network input, x / 256 - 0.5, and where the image lies in it.
    Source: Kneron's yolov5 runner (resize only if the size differs, sides by ``int(round())``).
    """
    chip = get_preprocess(preprocess).hardware
    gain, fitted_wh = _fit(image, input_wh, least=2)
    if fitted_wh != (image.shape[1], image.shape[0]):
        image = _resize_hardware(image, fitted_wh, f"fixed_{chip}")
    canvas = API.pad_corner(image, input_wh, 0)
    return Letterbox(normalize(canvas, preprocess)[None], gain, (0.0, 0.0))


def make_grid(width: int, height: int) -> np.ndarray:
    """Number the cells of an output: float32 (1, 1, height, width, 2), (x, y) of each cell.

    Args:
        width: cells.
        height: cells.

    Returns:
        Float32 (1, 1, height, width, 2).
    """
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x, y], axis=-1).astype(np.float32)[None, None]


def decode_grids(
    outputs: list[np.ndarray],
    grids: list[np.ndarray],
    person_class: int,
    conf_threshold: float,
    anchors_wh: np.ndarray = ANCHORS_WH,
) -> tuple[np.ndarray, np.ndarray]:
    """Decode Kneron's three outputs where they may hold a person.

    Args:
        outputs: float32 (1, 3 * (C + 5), ny, nx) each, strides 8, 16, 32, after the sigmoid: x, y,
            w, h, objectness and C class scores of three anchors.
        grids: float32 (1, 1, ny, nx, 2) each, (x, y) of the cells.
        person_class: index of the class, 0..C-1.
        conf_threshold: objectness, and objectness times class score, must be above it.
        anchors_wh: float32 (3, 3, 2), pixels, three a stride.
    Returns: boxes, float32 (N, 4), left, top, right, bottom in network input pixels; scores,
        float32 (N,).
    Source: Kneron's yolov5 runner: xy = (2v - 0.5 + cell) * stride; wh = (2v)^2 * anchor.
    """
    boxes, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
    for output, grid, stride, anchors in zip(outputs, grids, STRIDES, anchors_wh, strict=True):
        ny, nx = output.shape[2:]
        values = output.reshape(3, -1, ny, nx)
        score = values[:, 4] * values[:, 5 + person_class]
        anchor, y, x = np.nonzero((values[:, 4] > conf_threshold) & (score > conf_threshold))
        picked = values[anchor, :4, y, x] * 2
        center = (picked[:, :2] - 0.5 + grid[0, 0, y, x]) * stride
        half = picked[:, 2:] ** 2 * anchors[anchor] * 0.5
        boxes.append(np.concatenate([center - half, center + half], axis=1))
        scores.append(score[anchor, y, x])
    return np.concatenate(boxes).astype(np.float32), np.concatenate(scores)


def heads_to_grids(outputs: list[np.ndarray]) -> list[np.ndarray]:
    """Bring the raw maps of YOLOv5 and YOLOv7 into the form of Kneron's.

    Args:
        outputs: float32 (1, 3, ny, nx, C + 5) each, before the sigmoid.

    Returns:
        Float32 (1, 3 * (C + 5), ny, nx) each, behind it.
    """
    planes = [output.transpose(0, 1, 4, 2, 3) for output in outputs]
    return [(1 / (1 + np.exp(-np.clip(p, -80, 80)))).reshape(1, -1, *p.shape[3:]) for p in planes]


def decode_rows(
    output: np.ndarray, person_class: int, conf_threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pick the rows of the Ultralytics export that may be a person.

    Args:
        output: float32 (1, N, C + 5): centre x and y, width, height in network input pixels,
            objectness, C class scores.
        person_class: index of the class, 0..C-1.
        conf_threshold: objectness, and objectness times class score, must be above it.
    Returns: boxes, float32 (M, 4), left, top, right, bottom in network input pixels; scores,
        float32 (M,).
    Source: yolov5 v7.0 ``utils/general.py`` ``non_max_suppression``.
    """
    rows = output[0]
    rows = rows[rows[:, 4] > conf_threshold]
    scores = rows[:, 4] * rows[:, 5 + person_class]
    rows, scores = rows[scores > conf_threshold], scores[scores > conf_threshold]
    center, half = rows[:, :2], rows[:, 2:4] * np.float32(0.5)
    return np.concatenate([center - half, center + half], axis=1), scores


def select_boxes(
    boxes_xyxy: np.ndarray, scores: np.ndarray, iou_threshold: float, top_k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Suppress what overlaps, among the ``top_k`` best boxes; at most ``MAX_BOXES`` are left.

    Args:
        boxes_xyxy: float32 (N, 4), pixels.
        scores: float32 (N,).
        iou_threshold: 0..1.
        top_k: boxes that enter the suppression.
    Returns: boxes, float32 (M, 4), and scores, float32 (M,), best first.
    """
    best = np.argsort(-scores, kind="stable")[:top_k]
    kept = best[nms(boxes_xyxy[best], scores[best], iou_threshold, MAX_BOXES)]
    return boxes_xyxy[kept], scores[kept]


def boxes_to_image(
    boxes_xyxy: np.ndarray, fitted: Letterbox, image_wh: tuple[int, int]
) -> np.ndarray:
    """Bring boxes back from the network input, cut off at the image's border.

    Args:
        boxes_xyxy: float32 (N, 4), network input pixels.
        fitted: how the image was fitted.
        image_wh: the source image's width and height in pixels.
    Returns: float32 (N, 4), left, top, right, bottom in source pixels; one that lay outside the
        image has no area.
    """
    boxes = (boxes_xyxy - np.tile(np.array(fitted.offset_xy, np.float32), 2)) / np.float32(
        fitted.gain
    )
    return np.clip(boxes, 0, np.tile(np.array(image_wh, np.float32), 2))


def _fit(image: np.ndarray, input_wh: tuple[int, int], least: int) -> tuple[float, tuple[int, int]]:
    """The common factor, and the image's size after it; a thin image keeps ``least`` pixels."""
    height, width = image.shape[:2]
    gain = min(input_wh[0] / width, input_wh[1] / height)
    return gain, (max(round(width * gain), least), max(round(height * gain), least))


def _resize_hardware(image: np.ndarray, size_wh: tuple[int, int], kernel: str) -> np.ndarray:
    """PPP's fixed-point resize; a single row or column, which has no grid, is doubled before."""
    rows, columns = (2 if side == 1 else 1 for side in image.shape[:2])
    if rows > 1 or columns > 1:
        image = image.repeat(rows, axis=0).repeat(columns, axis=1)
    return API.resize(image, size_wh, keep_ratio=False, type=kernel)
