"""Find the people in an image with a YOLOv5 network, of Kneron's form or Ultralytics'."""

from pathlib import Path

import numpy as np

from prepostprocess.image import check_rgb
from prepostprocess.yolov5 import (
    STRIDES,
    Letterbox,
    boxes_to_image,
    decode_grids,
    decode_rows,
    letterbox_kneron,
    letterbox_ultralytics,
    make_grid,
    select_boxes,
)
from utils.params import ParamsError
from utils.people import Detections
from utils.runners.onnx_session import OnnxSession
from utils.runners.yolov5_params import Yolov5Params, load_yolov5_params

_NO_CLASS = 5  # values of a box before its class scores: x, y, w, h, objectness
_GRID_KEYS = ("grid80_path", "grid40_path", "grid20_path")  # strides 8, 16, 32


class Yolov5Runner:
    """Image in, person boxes out; safe to call from several threads.

    Args:
        params: what the YAML says; the form of the network is recognised from its outputs.
        threads: see ``OnnxSession``.
    Raises: ParamsError: the file is no such network, or contradicts the YAML.
    """

    def __init__(self, params: Yolov5Params, threads: int | None = None) -> None:
        self.params = params
        self.session = OnnxSession(params.model_path, threads)
        self.input_wh = self._find_input_wh()
        self.is_kneron = self._recognise()
        self.preprocess = params.preprocess or "kneron_520"
        if params.preprocess and not self.is_kneron:
            raise ParamsError(
                f"{params.source}: preprocess must be left out, got {params.preprocess!r} for an "
                "Ultralytics export. Remove the line."
            )
        self._grids = self._load_grids() if self.is_kneron else []

    def run(self, image: np.ndarray) -> Detections:
        """Find the people.

        Args:
            image: uint8 (H, W, 3), RGB, of any size.
        Returns: their boxes; Kneron's form gives whole pixels, as Kneron's runner does.
        Raises: ValueError: not such an image, or a network without its sigmoid.
        """
        check_rgb(image)
        params, image_wh = self.params, (image.shape[1], image.shape[0])
        fitted = self._fit(image)
        outputs = self.session.run(fitted.tensor)
        if self.is_kneron:
            self._check_sigmoid(outputs)
            boxes, scores = decode_grids(
                outputs, self._grids, params.person_class, params.conf_thres
            )
        else:
            boxes, scores = decode_rows(outputs[0], params.person_class, params.conf_thres)
        boxes, scores = select_boxes(boxes, scores, params.iou_thres, params.top_k_num)
        boxes = boxes_to_image(boxes, fitted, image_wh)
        boxes = np.rint(boxes) if self.is_kneron else boxes
        is_person = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        is_person &= boxes[:, 3] >= params.vanish_point * image_wh[1]
        boxes[:, 2:] -= boxes[:, :2]
        return Detections(boxes[is_person], scores[is_person])

    def _fit(self, image: np.ndarray) -> Letterbox:
        if self.is_kneron:
            return letterbox_kneron(image, self.input_wh, self.preprocess)
        return letterbox_ultralytics(image, self.input_wh)

    def _find_input_wh(self) -> tuple[int, int]:
        """The file's input size, or the YAML's where the file leaves it open."""
        params, (height, width) = self.params, self.session.input_shape[2:]
        sizes = []
        for key, stored in (("imgsz_w", width), ("imgsz_h", height)):
            wanted = getattr(params, key)
            # The original rounds what the YAML says up to whole strides.
            rounded = wanted and -(-wanted // STRIDES[-1]) * STRIDES[-1]
            if stored is None and wanted is None:
                raise ParamsError(
                    f"{params.source}: {key} must be given for {params.model_path.name}, whose "
                    f"input size is open. Add a line '{key}: 640'."
                )
            if stored and rounded and stored != rounded:
                raise ParamsError(
                    f"{params.source}: {key} must be {stored} as in {params.model_path.name}, got "
                    f"{wanted}. Correct it or leave it out."
                )
            sizes.append(stored or rounded)
        return sizes[0], sizes[1]

    def _recognise(self) -> bool:
        """Tell Kneron's form (True) from Ultralytics'; anything else is no such detector."""
        shapes = self.session.output_shapes
        if len(shapes) == len(STRIDES) and all(len(shape) == 4 for shape in shapes):
            channels = [shape[1] or 0 for shape in shapes]
            self._check_classes(channels[0] // 3, shapes)
            if len(set(channels)) == 1 and channels[0] % 3 == 0:
                return True
        elif len(shapes) == 1 and len(shapes[0]) == 3:
            self._check_classes(shapes[0][2], shapes)
            return False
        raise self._wrong_outputs(shapes)

    def _check_classes(self, values: int | None, shapes: list) -> None:
        params = self.params
        if values is None or values <= _NO_CLASS:
            raise self._wrong_outputs(shapes)
        classes = values - _NO_CLASS
        if params.num_classes not in (None, classes):
            raise ParamsError(
                f"{params.source}: num_classes must be {classes} as in {params.model_path.name}, "
                f"got {params.num_classes}. Correct it or leave it out."
            )
        if params.person_class >= classes:
            raise ParamsError(
                f"{params.source}: names must have one of {classes} classes for 'person', got "
                f"number {params.person_class}. Use the names the detector was trained with."
            )

    def _wrong_outputs(self, shapes: list) -> ParamsError:
        return ParamsError(
            f"{self.params.model_path}: detector outputs must be three of [1, 3*(C+5), H/s, W/s] "
            f"(Kneron) or one of [1, N, C+5] (Ultralytics), got {shapes}. Use a YOLOv5 export."
        )

    def _load_grids(self) -> list[np.ndarray]:
        """Read the grid files that the YAML names, compute the others."""
        grids = []
        for key, stride in zip(_GRID_KEYS, STRIDES, strict=True):
            width, height = (side // stride for side in self.input_wh)
            path: Path | None = getattr(self.params, key)
            grid = make_grid(width, height) if path is None else self._read_grid(key, path)
            if grid.shape != (1, 1, height, width, 2):
                raise ParamsError(
                    f"{self.params.source}: {key} must hold (1, 1, {height}, {width}, 2) cells "
                    f"for stride {stride}, got {grid.shape} in {path}. Leave it out to compute it."
                )
            grids.append(grid)
        return grids

    def _read_grid(self, key: str, path: Path) -> np.ndarray:
        try:
            return np.load(path, allow_pickle=False).astype(np.float32)
        except (ValueError, OSError, EOFError) as err:
            raise ParamsError(
                f"{self.params.source}: {key} must be a NumPy array file, got {path}, which is "
                "none. Leave it out to compute it."
            ) from err

    def _check_sigmoid(self, outputs: list[np.ndarray]) -> None:
        """Raw outputs would give boxes, wrong ones; the objectness shows what they are."""
        for output in outputs:
            objectness = output.reshape(3, -1, *output.shape[2:])[:, 4]
            if objectness.min() < 0 or objectness.max() > 1:
                raise ParamsError(
                    f"{self.params.model_path}: detector outputs must lie in 0..1, got "
                    f"{objectness.min():.3g}..{objectness.max():.3g}. Export it with the sigmoid "
                    "inside."
                )


def load(path: str | Path, threads: int | None = None) -> Yolov5Runner:
    """Load a detector.

    Args:
        path: YAML file, or the detector's ONNX file itself (then with the defaults).
        threads: see ``OnnxSession``.

    Returns:
        The runner.

    Raises: ParamsError: a file that is missing, wrong or incomplete.
    """
    return Yolov5Runner(load_yolov5_params(path), threads)
