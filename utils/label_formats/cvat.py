"""CVAT's "CVAT for images 1.1": one XML file, skeletons of points, with boxes or outlines."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from utils.label_formats.labelled import (
    LabelledImage,
    LabelledPerson,
    around_polygons,
    around_turned,
)


def read_cvat(path: Path) -> list[LabelledImage]:
    """Read skeletons; a point that is "outside" is not labelled, an "occluded" one is hidden.

    A box or polygons of the same group as a skeleton are that person's box or outline.

    Args:
        path: annotations.xml.

    Returns:
        The images.

    Raises:
        ValueError: no such XML.
    """
    try:
        tree = ElementTree.parse(path)
        return [_image(element) for element in tree.getroot().iter("image")]
    except (ElementTree.ParseError, KeyError, ValueError, OSError) as err:
        raise ValueError(
            f"{path}: file must be 'CVAT for images 1.1', got {type(err).__name__}: {err}. Export "
            "it again in that format."
        ) from err


def _image(element: ElementTree.Element) -> LabelledImage:
    size = int(element.attrib["width"]), int(element.attrib["height"])
    people = tuple(_person(skeleton, element) for skeleton in element.iter("skeleton"))
    return LabelledImage(element.attrib["name"].replace("\\", "/"), size, people)


def _person(skeleton: ElementTree.Element, image: ElementTree.Element) -> LabelledPerson:
    points = {}
    for point in skeleton.iter("points"):
        if point.attrib.get("outside") == "1":
            continue
        ((x, y),) = _corners(point)
        hidden = point.attrib.get("occluded") == "1"
        points[point.attrib["label"]] = (x, y, 1 if hidden else 2)
    group = skeleton.attrib.get("group_id")
    fellows = [each for each in image if group and each.attrib.get("group_id") == group]
    outline = [np.array(_corners(each)) for each in fellows if each.tag == "polygon"]
    box, area = around_polygons(outline) if outline else (None, None)
    for each in fellows:
        if each.tag == "box":
            left, top, right, bottom = (float(each.attrib[k]) for k in ("xtl", "ytl", "xbr", "ybr"))
            middle = (left + right) / 2, (top + bottom) / 2
            turn = float(each.attrib.get("rotation", 0))
            box = around_turned((left, top, right - left, bottom - top), turn, middle)
    return LabelledPerson(points, box, area)


def _corners(shape: ElementTree.Element) -> list[list[float]]:
    return [[float(n) for n in pair.split(",")] for pair in shape.attrib["points"].split(";")]
