"""Find the people in an image with a YOLO network of any of the forms that are known."""

from pathlib import Path

import numpy as np

from prepostprocess.image import check_rgb
from prepostprocess.yolov5 import (
    ANCHORS_WH,
    ANCHORS_WH_V7,
    STRIDES,
    Letterbox,
    boxes_to_image,
    decode_grids,
    decode_rows,
    heads_to_grids,
    letterbox_kneron,
    letterbox_ultralytics,
    make_grid,
    select_boxes,
)
from prepostprocess.yolov8 import decode_columns, decode_end_to_end
from utils.params import ParamsError
from utils.people import Detections
from utils.runners.onnx_session import OnnxSession
from utils.runners.yolo_forms import YoloForm, class_names, recognise
from utils.runners.yolov5_params import Yolov5Params, load_yolov5_params

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
        self.form = self._recognise()
        self.person_class = self._find_person_class()
        self.preprocess = params.preprocess or "kneron_520"
        if params.preprocess and not self.form.is_kneron:
            raise ParamsError(
                f"{params.source}: preprocess must be left out, got {params.preprocess!r} for an "
                "Ultralytics export. Remove the line."
            )
        self._grids = self._load_grids() if self.form.name in ("kneron", "heads") else []

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
        boxes, scores = self._decode(outputs)
        if self.form.name != "end to end":
            boxes, scores = select_boxes(boxes, scores, params.iou_thres, params.top_k_num)
        boxes = boxes_to_image(boxes, fitted, image_wh)
        boxes = np.rint(boxes) if self.form.is_kneron else boxes
        is_person = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        is_person &= boxes[:, 3] >= params.vanish_point * image_wh[1]
        boxes[:, 2:] -= boxes[:, :2]
        return Detections(boxes[is_person], scores[is_person])

    def _decode(self, outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Boxes that may be a person, in network input pixels, and their scores."""
        person, threshold = self.person_class, self.params.conf_thres
        match self.form.name:
            case "kneron":
                self._check_sigmoid(outputs)
                return decode_grids(outputs, self._grids, person, threshold)
            case "heads":
                anchors = ANCHORS_WH_V7 if self.params.anchors == "yolov7" else ANCHORS_WH
                return decode_grids(
                    heads_to_grids(outputs), self._grids, person, threshold, anchors
                )
            case "rows":
                return decode_rows(outputs[0], person, threshold)
            case "columns":
                return decode_columns(outputs[0], person, threshold)
            case _:
                return decode_end_to_end(outputs[0], person, threshold)

    def _fit(self, image: np.ndarray) -> Letterbox:
        if self.form.is_kneron:
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

    def _recognise(self) -> YoloForm:
        """Recognise the network, or refuse it by what its outputs are."""
        params, shapes = self.params, self.session.output_shapes
        form = recognise(shapes, self.input_wh, class_names(self.session.metadata))
        if form is None:
            raise ParamsError(
                f"{params.model_path}: detector outputs must be those of a known YOLO, got "
                f"{shapes}. Export YOLOv5, 7, 8 or 11 as ONNX, or for Kneron: docs/inference.md."
            )
        wanted, classes = params.num_classes, form.num_classes
        if None not in (wanted, classes) and wanted != classes:
            raise ParamsError(
                f"{params.source}: num_classes must be {classes} as in {params.model_path.name}, "
                f"got {wanted}. Correct it or leave it out."
            )
        return form

    def _find_person_class(self) -> int:
        """The YAML's word, else the file's own, else the first class."""
        params, number = self.params, self.params.person_class
        if number is None:
            names = class_names(self.session.metadata) or {0: "person"}
            people = [key for key, name in names.items() if name.lower() == "person"]
            if not people:
                raise ParamsError(
                    f"{params.model_path}: detector must have a class 'person', got "
                    f"{', '.join(list(names.values())[:6])}. Use another, or give names in "
                    f"{params.source}."
                )
            number = people[0]
        if self.form.num_classes is not None and number >= self.form.num_classes:
            raise ParamsError(
                f"{params.source}: names must have one of {self.form.num_classes} classes for "
                f"'person', got number {number}. Use the names the detector was trained with."
            )
        return number

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
