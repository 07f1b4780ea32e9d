"""Pictures of the people and images that a fault's examples name, labels drawn."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from prepostprocess.image import load_rgb
from utils.dataset_check.faults import Fault
from utils.dataset_check.structure import IDS, entries
from utils.doctor.every_check import LabelFiles
from utils.doctor.poses import has_box, known_names, people_with_points
from utils.drawing import BOX_RGB, draw_skeleton
from utils.pages.page import Html, picture

SIDE = 240  # pixels: of a person's tile, and the longer side of an image
_BEYOND_RGB = (225, 225, 225)  # what lies outside of an image
_AROUND = 1.5  # times the longer side of what belongs to the person
_OF_ANY = ("sides", "normalised")  # faults of which any person is an example
_OF_IMAGES = ("image-size", "image-turned", "image-dark")


class Gallery:
    """A set's people and images.

    Args:
        data: the set, its folder of images named.
        content: its labels, as they were read, of any kind.
    """

    def __init__(self, data: LabelFiles, content: object) -> None:
        self._folder = data.images or Path()
        images = [image for image in entries(content, "images") if type(image.get("id")) in IDS]
        self._names = {image["id"]: str(image.get("file_name")) for image in images}
        people = [
            (person, points)
            for person, points in people_with_points(content)
            if has_box(person)
            and type(person.get("image_id")) in IDS
            and person["image_id"] in self._names
        ]
        self._people = {str(person.get("id")): (person, points) for person, points in people}
        self._fullest = sorted(people, key=lambda pair: -np.count_nonzero(pair[1][:, 2] > 0))
        self._joints = data.keypoint_names

    def examples(self, fault: Fault) -> Iterator[Html]:
        """Draw the fault's first few examples; none where it has nothing to show."""
        if fault.kind in _OF_ANY:
            for person, points in self._fullest[:3]:
                yield from self._person(person, points)
        elif fault.kind in _OF_IMAGES:
            ids = {Path(name).name: key for key, name in self._names.items()}
            for text in fault.examples:
                word = Path(text.split(" is ")[0]).name
                yield from self._image(ids[word]) if word in ids else ()
        else:
            for text in fault.examples:
                words = text.split()
                if words[0] == "annotation" and words[1] in self._people:
                    yield from self._person(*self._people[words[1]])

    def _person(self, person: dict, points: np.ndarray) -> Iterator[Html]:
        """A tile around the box and all labelled joints that are not far from the image."""
        image = self._load(person["image_id"])
        if image is None:
            return
        start, size = np.split(np.array(person["bbox"], np.float64), 2)
        ends = np.vstack([start, start + size, points[points[:, 2] > 0, :2]])
        ends = ends.clip(0, image.shape[1::-1])
        side = max(_AROUND * float(np.ptp(ends, axis=0).max()), 8.0)
        corner = (ends.min(axis=0) + ends.max(axis=0) - side) / 2
        caption = f"annotation {person['id']}, {self._names[person['image_id']]}"
        yield self._draw(image, [(person, points)], corner, SIDE / side, (SIDE, SIDE), caption)

    def _image(self, image_id: object) -> Iterator[Html]:
        """A whole image, as it is decoded, with all its labels as they are written."""
        image = self._load(image_id)
        if image is None:
            return
        scale = SIDE / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        people = [pair for pair in self._fullest if pair[0]["image_id"] == image_id]
        name = self._names[image_id]
        yield self._draw(image, people, np.zeros(2), scale, size, f"{name}, as it is decoded")

    def _load(self, image_id: object) -> np.ndarray | None:
        try:
            return load_rgb(self._folder / self._names[image_id])
        except (OSError, ValueError):
            return None  # a fault of its own

    def _draw(
        self,
        image: np.ndarray,
        people: Iterable[tuple[dict, np.ndarray]],
        corner: np.ndarray,
        scale: float,
        size_wh: tuple[int, int],
        caption: str,
    ) -> Html:
        matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
        flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        canvas = cv2.warpAffine(image, matrix, size_wh, flags=flags, borderValue=_BEYOND_RGB)
        for person, points in people:
            box = np.array(person["bbox"], np.float64)
            ends = np.stack([box[:2], box[:2] + box[2:]])
            ends = ((ends - corner) * scale).clip(-(2**15), 2**15).astype(int).tolist()
            cv2.rectangle(canvas, tuple(ends[0]), tuple(ends[1]), BOX_RGB, 1)
            names = known_names(self._joints, len(points)) or ("",) * len(points)
            draw_skeleton(canvas, (points[:, :2] - corner) * scale, points[:, 2] > 0, names, 2)
        return picture(canvas, caption)
