"""What the detector's runner is told by its YAML file, in any of Kneron's three layouts."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.params import (
    ParamsError,
    build_params,
    check_keys,
    check_onnx_suffix,
    find_file,
    param,
    read_mapping,
)


@dataclass(frozen=True)
class Yolov5Params:
    """Person detector.

    Attributes:
        source: the file these come from.
        model_path: ONNX file; see ``yolo_forms`` for what it may be.
        imgsz_w: network input width in pixels; needed where the file leaves it open.
        imgsz_h: network input height in pixels.
        num_classes: classes of the network; checked against its outputs.
        conf_thres: objectness times class score must be above it.
        iou_thres: of two boxes that overlap more, the worse one is dropped.
        top_k_num: boxes that enter the suppression.
        vanish_point: boxes whose bottom lies above this share of the image's height are dropped.
        grid80_path: cells of stride 8, ``.npy``; computed where left out. Kneron's form only.
        grid40_path: cells of stride 16.
        grid20_path: cells of stride 32.
        preprocess: whose resize Kneron's form uses, "kneron_520" (default) or "kneron_720".
        anchors: of raw maps: "yolov5" (default) or "yolov7".
        person_class: index of the class that is a person; None: the file's own names say it.
    """

    source: Path
    model_path: Path
    imgsz_w: int | None = param(None, "at least 32", lambda n: n >= 32)
    imgsz_h: int | None = param(None, "at least 32", lambda n: n >= 32)
    num_classes: int | None = param(None, "at least 1", lambda n: n >= 1)
    conf_thres: float = param(0.3, "in 0..1", lambda x: 0 <= x <= 1)
    iou_thres: float = param(0.5, "in 0..1", lambda x: 0 <= x <= 1)
    top_k_num: int = param(3000, "at least 1", lambda n: n >= 1)
    vanish_point: float = param(0.0, "in 0..1", lambda x: 0 <= x <= 1)
    grid80_path: Path | None = None
    grid40_path: Path | None = None
    grid20_path: Path | None = None
    preprocess: str | None = param(
        None, "kneron_520 or kneron_720", lambda word: word in ("kneron_520", "kneron_720")
    )
    anchors: str | None = param(None, "yolov5 or yolov7", lambda word: word in ("yolov5", "yolov7"))
    person_class: int | None = None


_READ_APART = ("model_type", "grid_dir", "names")
SHIPPED = Path(__file__).resolve().parents[1] / "yolov5_init_params.yaml"
_GRIDS = ("grid20_path", "grid40_path", "grid80_path")
# The three layouts in use, told apart by the key that names the ONNX file: field -> its key there.
# The further keys serve PyTorch weights or other classes; they are known and have no effect here.
_LAYOUTS = {
    "model_path": (
        {},
        ("yaml_path", "model_type", "e2e_coco", "pt_path", "model_yaml_path", "names"),
    ),
    "onnx_path": (
        dict(model_path="onnx_path", num_classes="nc", imgsz_w="input_w", imgsz_h="input_h"),
        ("model_type", "e2e_coco", "pt_path", "model_yaml_path"),
    ),
    "onnx_export_file": (
        dict(model_path="onnx_export_file", num_classes="nc", imgsz_w="input_w", imgsz_h="input_h"),
        ("grid_dir", "yolov5_dir", "path", "yaml_path", "pt_path", "names"),
    ),
}


def load_yolov5_params(path: str | Path) -> Yolov5Params:
    """Read what the detector's runner is told.

    Args:
        path: the detector's ONNX file itself, for the defaults; or YAML or JSON with the
            constructor's arguments (``model_path``, ``num_classes``, ``imgsz_h`` ...), those of
            yolov5's end-to-end script (``onnx_path``, ``nc``, ``input_w`` ...), or its
            ``pretrained_paths`` (``onnx_export_file``, ``grid_dir``, ``names`` ...).
    Returns: the parameters, under the constructor's names.
    Raises: ParamsError: see ``utils.params``; or the file asks for something else than ONNX.
    """
    if Path(path).suffix.lower() == ".onnx":
        return Yolov5Params(Path(path), Path(path))
    values = read_mapping(path)
    layout = next((key for key in _LAYOUTS if key in values), None)
    if layout is None:
        raise ParamsError(
            f"{path}: model_path must be given (or onnx_path, onnx_export_file), got none of them. "
            "Add a line 'model_path: detector.onnx'."
        )
    names, without_effect = _LAYOUTS[layout]
    keys = [names.get(field, field) for field in Yolov5Params.__dataclass_fields__]
    known = [key for key in keys if key not in ("source", "person_class")]
    check_keys(values, [*known, *without_effect], path)
    if values.get("model_type", "onnx") != "onnx":
        raise ParamsError(
            f"{path}: model_type must be onnx, got {values['model_type']!r}. Export the detector."
        )
    idle = [key for key in without_effect if key in values and key not in _READ_APART]
    if idle:
        logging.getLogger(__name__).warning("%s: without effect here: %s", path, ", ".join(idle))
    wanted = {key: values[key] for key in known if key in values}
    if "names" in values:
        wanted["person_class"] = _person_class(values["names"], path)
    for key in _GRIDS:
        if key in wanted and "grid_dir" in values:
            inside = Path(path).parent / str(values["grid_dir"]) / str(wanted[key])
            wanted[key] = str(inside) if inside.is_file() else wanted[key]
    params = build_params(Yolov5Params, wanted, path, names)
    check_onnx_suffix(params.model_path, layout, path)
    return params


def missing_default_detector(path: Path) -> Path | None:
    """Tell whether a user who has named no detector has none.

    Args:
        path: the detector's YAML file.

    Returns:
        The network that the shipped YAML file names, if it is not there; None for any other file.

    Raises:
        ParamsError: the file cannot be read.
    """
    if not path.exists() or not path.samefile(SHIPPED):
        return None
    name = str(read_mapping(path)["model_path"])
    try:
        find_file(name, "model_path", path)
    except ParamsError:
        return (path.parent / name).resolve()
    return None


def _person_class(names: Any, path: str | Path) -> int:
    """Index of "person" in a list of names, or in a mapping of indices to names."""
    pairs = list(names.items() if isinstance(names, dict) else enumerate(names or []))
    for index, name in pairs:
        if name == "person":
            return int(index)
    raise ParamsError(
        f"{path}: names must contain 'person', got {len(pairs)} other names. Use a detector that "
        "knows people."
    )
