"""Which kind of YOLO a network is: told by the shapes of its outputs and the number of cells."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prepostprocess.yolov5 import STRIDES

NO_CLASS = 5  # values of YOLOv5's boxes before the class scores: x, y, w, h, objectness
BOX = 4
POSE_VALUES = 3 * 17  # what Ultralytics' pose networks give behind their one class
END_TO_END = 6

OutputShape = tuple[int | None, ...]


@dataclass(frozen=True)
class YoloForm:
    """What a network's outputs mean.

    Attributes:
        name: "kneron" (three maps behind a sigmoid), "heads" (three raw maps), "rows" (YOLOv5 and
            YOLOv7, decoded), "columns" (YOLOv8, YOLO11, also their pose networks) or "end to end"
            (suppressed already).
        num_classes: None where the outputs do not say it.
    """

    name: str
    num_classes: int | None

    @property
    def is_kneron(self) -> bool:
        """Whether image and answer go Kneron's way: its letterbox, whole pixels."""
        return self.name == "kneron"


def recognise(
    shapes: Sequence[OutputShape], input_wh: tuple[int, int], names: Mapping[int, str] | None
) -> YoloForm | None:
    """Recognise a network.

    Args:
        shapes: of its outputs; None where a size is open.
        input_wh: width and height of its input.
        names: its classes, if its file says them.

    Returns:
        The form; None: none of those that are known.
    """
    if len(shapes) == len(STRIDES):
        return _three_maps(shapes, input_wh)
    if len(shapes) != 1 or len(shapes[0]) != 3:
        return None
    _, second, third = shapes[0]
    count = sum(_cells(stride, input_wh) for stride in STRIDES)
    anchored = {3 * count, 3 * (count + _cells(64, input_wh))}  # the latter: YOLOv5's large "6"
    if third == END_TO_END and second not in {count, *anchored}:
        return YoloForm("end to end", None)
    if third is not None and third > NO_CLASS and (second is None or second in anchored):
        return YoloForm("rows", third - NO_CLASS)
    if second is not None and second > BOX and third in (None, count):
        if names:
            return YoloForm("columns", len(names)) if second >= BOX + len(names) else None
        is_pose = second == BOX + 1 + POSE_VALUES
        return YoloForm("columns", 1 if is_pose else second - BOX)
    return None


def _three_maps(shapes: Sequence[OutputShape], input_wh: tuple[int, int]) -> YoloForm | None:
    if all(len(shape) == 4 for shape in shapes):
        channels = {shape[1] or 0 for shape in shapes}
        values = channels.pop()
        if not channels and values % 3 == 0 and values // 3 > NO_CLASS:
            return YoloForm("kneron", values // 3 - NO_CLASS)
    elif all(len(shape) == 5 for shape in shapes):
        counts = {shape[4] or 0 for shape in shapes}
        cells = [
            (3, input_wh[1] // stride, input_wh[0] // stride) in (shape[1:4], (3, None, None))
            for shape, stride in zip(shapes, STRIDES, strict=True)
        ]
        count = counts.pop()
        if not counts and all(cells) and count > NO_CLASS:
            return YoloForm("heads", count - NO_CLASS)
    return None


def _cells(stride: int, input_wh: tuple[int, int]) -> int:
    return -(-input_wh[0] // stride) * -(-input_wh[1] // stride)


def class_names(metadata: Mapping[str, str]) -> dict[int, str] | None:
    """Read the classes that Ultralytics writes into its files.

    Args:
        metadata: the file's notes.

    Returns:
        Number to name; None where the file does not say them.
    """
    try:
        names = ast.literal_eval(metadata.get("names", ""))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(names, list):
        names = dict(enumerate(names))
    is_whole = isinstance(names, dict) and all(isinstance(key, int) for key in names)
    return {key: str(name) for key, name in names.items()} if is_whole and names else None
