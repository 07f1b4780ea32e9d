"""Label Studio's JSON export: tasks with keypoints and boxes in percent of the image."""

import json
import re
from collections import defaultdict
from pathlib import Path

from utils.label_formats.labelled import LabelledImage, LabelledPerson

# an upload is stored as <8 hexadecimal digits>-<name>
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")


def read_label_studio(path: Path) -> list[LabelledImage]:
    """Read keypoints; those drawn inside a box (``parentID``) are that person's.

    Args:
        path: of the type "JSON".

    Returns:
        Tasks with an annotation; the first one counts.

    Raises:
        ValueError: another file.
    """
    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
        return [image for task in tasks if (image := _image(task))]
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as err:
        raise ValueError(
            f"{path}: file must be Label Studio's JSON export, got {type(err).__name__}: {err}. "
            "Export it as JSON, not as JSON-MIN."
        ) from err


def _image(task: dict) -> LabelledImage | None:
    done = [each for each in task["annotations"] if each["result"]]
    if not done:
        return None
    address = next(value for value in task["data"].values() if isinstance(value, str))
    name = _UPLOADED.sub("", address.rpartition("/")[2].partition("?")[0])
    points: dict[object, dict] = defaultdict(dict)
    boxes, size = {}, (0, 0)
    for part in done[0]["result"]:
        if part["type"] not in ("keypointlabels", "rectanglelabels"):
            continue
        size = part["original_width"], part["original_height"]
        value, (width, height) = part["value"], size
        x, y = value["x"] / 100 * width, value["y"] / 100 * height
        if part["type"] == "keypointlabels":
            points[part.get("parentID")][value["keypointlabels"][0]] = (x, y, 2)
        else:
            w, h = value["width"] / 100 * width, value["height"] / 100 * height
            boxes[part["id"]] = (x, y, w, h)
    people = [LabelledPerson(points[key], boxes.get(key)) for key in points]
    return LabelledImage(name, size, tuple(people)) if people else None
