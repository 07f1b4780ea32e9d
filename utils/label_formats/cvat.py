"""CVAT's "CVAT for images 1.1": one XML file, skeletons of points."""

from pathlib import Path
from xml.etree import ElementTree

from utils.label_formats.labelled import LabelledImage, LabelledPerson


def read_cvat(path: Path) -> list[LabelledImage]:
    """Read skeletons; a point that is "outside" is not labelled, an "occluded" one is hidden.

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
    people = tuple(_person(skeleton) for skeleton in element.iter("skeleton"))
    return LabelledImage(element.attrib["name"].replace("\\", "/"), size, people)


def _person(skeleton: ElementTree.Element) -> LabelledPerson:
    points = {}
    for point in skeleton.iter("points"):
        if point.attrib.get("outside") == "1":
            continue
        x, y = (float(word) for word in point.attrib["points"].split(","))
        hidden = point.attrib.get("occluded") == "1"
        points[point.attrib["label"]] = (x, y, 1 if hidden else 2)
    return LabelledPerson(points)
