"""Label Studio's JSON export: tasks with keypoints, boxes and polygons in percent of the image."""

import json
import re
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np

from utils.inference.sources import IMAGE_SUFFIXES
from utils.label_formats.image_names import names_below
from utils.label_formats.labelled import (
    BoxXywh,
    LabelledImage,
    LabelledPerson,
    around_polygons,
    around_turned,
    check_told_apart,
)

# an upload is stored as <8 hexadecimal digits>-<name>
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")


class _Task(NamedTuple):
    path: PurePosixPath
    size_wh: tuple[int, int]
    people: tuple[LabelledPerson, ...]
    points: tuple[tuple[object, str], ...]  # person and name of each
    labelled: tuple[str, ...]  # names of the images in the labelling set-up


def read_label_studio(path: Path, images: Path) -> list[LabelledImage]:
    """Read keypoints; those drawn inside a box or polygon (``parentID``) are that person's.

    Args:
        path: of the type "JSON".
        images: folder of the images, at any depth.

    Returns:
        Tasks with an annotation; the first one counts that was not skipped.

    Raises:
        ValueError: another file, two points of one label in one person, or two images in a task.
    """
    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
        found = [each for task in tasks if (each := _read(task))]
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as err:
        raise ValueError(
            f"{path}: file must be Label Studio's JSON export, got {type(err).__name__}: {err}. "
            "Export it as JSON, not as JSON-MIN."
        ) from err
    for task in found:
        if len(task.labelled) > 1:
            raise ValueError(
                f"{path}: a task must be labelled on one image, got {', '.join(task.labelled)} in "
                f"that of {task.path.name}. Make a task of each image."
            )
        remedy = "Put the points of each person into a box or polygon of its own (parentID)."
        check_told_apart(path, task.path.name, task.points, remedy)
    stored = [task.path for task in found]
    plain = [each.with_name(_UPLOADED.sub("", each.name)) for each in stored]
    names = names_below(images, stored, plain)
    return [LabelledImage(n, t.size_wh, t.people) for n, t in zip(names, found, strict=True)]


def _read(task: dict) -> _Task | None:
    done = [a for a in task["annotations"] if a["result"] and not a.get("was_cancelled")]
    if not done:
        return None
    points: dict[object, dict] = defaultdict(dict)
    named: list[tuple[object, str]] = []
    boxes: dict[object, BoxXywh] = {}
    areas: dict[object, float] = {}
    labelled: dict[str, None] = {}
    size = (0, 0)
    for part in done[0]["result"]:
        kind = part["type"]
        if kind not in ("keypointlabels", "rectanglelabels", "polygonlabels"):
            continue
        value, size = part["value"], (part["original_width"], part["original_height"])
        scale = np.array(size) / 100
        labelled[str(part.get("to_name"))] = None
        if kind == "polygonlabels":
            boxes[part["id"]], areas[part["id"]] = around_polygons([value["points"] * scale])
            continue
        x, y = (float(number) for number in (value["x"], value["y"]) * scale)
        if kind == "keypointlabels":
            if not value["keypointlabels"]:
                raise ValueError("a keypoint without a label")
            person, name = part.get("parentID"), value["keypointlabels"][0]
            named.append((person, name))
            points[person][name] = (x, y, 2)
        else:
            w, h = (float(number) for number in (value["width"], value["height"]) * scale)
            boxes[part["id"]] = around_turned((x, y, w, h), value.get("rotation", 0), (x, y))
    people = [LabelledPerson(points[key], boxes.get(key), areas.get(key)) for key in points]
    if not people:
        return None
    return _Task(_image(task["data"]), size, tuple(people), tuple(named), tuple(labelled))


def _image(data: dict) -> PurePosixPath:
    """Find the image among the values of a task, of which others may be captions and the like."""
    texts = [value for value in data.values() if isinstance(value, str)]
    addresses = [text.rpartition("?d=")[2].partition("?")[0] for text in texts]  # of local storage
    paths = [path for each in addresses if (path := PurePosixPath(unquote(each))).name]
    if not paths:
        raise ValueError("a task whose data names no image")
    return next((path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES), paths[0])
