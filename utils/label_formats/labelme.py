"""labelme's JSON: a file an image, points, rectangles, polygons; people told apart by group_id."""

import json
import ntpath
from collections import defaultdict
from pathlib import Path, PureWindowsPath

import numpy as np

from utils.label_formats.image_names import names_below
from utils.label_formats.labelled import (
    BoxXywh,
    LabelledImage,
    LabelledPerson,
    around,
    around_polygons,
    check_told_apart,
)


def read_labelme(folder: Path, images: Path) -> list[LabelledImage]:
    """Read all ``.json`` files of a folder and of those in it.

    Points are keypoints by their label. A rectangle is a person's box; without one, polygons are
    the person's outline. Shapes of one group_id are one person; those without one are one person
    together.

    Args:
        folder: of the files.
        images: of the images, at any depth.

    Returns:
        The images.

    Raises:
        ValueError: a file that is not labelme's, or two points of one label in one person.
    """
    found = []
    paths = []
    for path in sorted(folder.rglob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            size = int(content["imageWidth"]), int(content["imageHeight"])
            place = ntpath.join(path.parent.absolute(), content["imagePath"])  # either slash
            people = _people(content["shapes"])
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as err:
            raise ValueError(
                f"{path}: file must be labelme's, with imagePath, imageWidth, imageHeight and "
                f"shapes, got {type(err).__name__}: {err}. Take it out of the folder."
            ) from err
        points = [s for s in content["shapes"] if s["shape_type"] == "point"]
        check_told_apart(
            path,
            content["imagePath"],
            [(point.get("group_id"), point["label"]) for point in points],
            "Give the shapes of each person a group_id of their own.",
        )
        paths.append(PureWindowsPath(ntpath.normpath(place)))
        found.append((size, people))
    names = names_below(images, paths)
    return [LabelledImage(name, *each) for name, each in zip(names, found, strict=True)]


def _people(shapes: list[dict]) -> tuple[LabelledPerson, ...]:
    points: dict[object, dict] = defaultdict(dict)
    boxes: dict[object, BoxXywh] = {}
    outlines: dict[object, list[np.ndarray]] = defaultdict(list)
    for shape in shapes:
        group, corners = shape.get("group_id"), shape["points"]
        if shape["shape_type"] == "point":
            x, y = corners[0]
            hidden = (shape.get("flags") or {}).get("occluded", False)
            points[group][shape["label"]] = (float(x), float(y), 1 if hidden else 2)
        elif shape["shape_type"] == "rectangle":
            boxes[group] = around(np.array(corners, float))  # two or all four
        elif shape["shape_type"] == "polygon":
            outlines[group].append(np.array(corners, float))
    areas: dict[object, float] = {}
    for group, polygons in outlines.items():
        box, areas[group] = around_polygons(polygons)
        boxes.setdefault(group, box)
    return tuple(
        LabelledPerson(points[group], boxes.get(group), areas.get(group))
        for group in dict.fromkeys([*points, *boxes])
    )
