"""Records of the end-to-end evaluation: ``{img_path, lmk_coco_body_17pts}`` an image.

A network of K other keypoints writes ``lmk_Kpts``, with K for the 17 of COCO in all forms.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.dataset_check.structure import are_finite
from utils.evaluation.coco_results import people_to_coco
from utils.people import People
from utils.people_json import rounded_keypoints, write_json

LANDMARKS = "lmk_coco_body_17pts"
LANDMARK_FORMATS = ("flat34", "flat51", "17x2", "17x3")


def landmarks_key(names: Sequence[str]) -> str:
    """Name the records' key of the landmarks."""
    return LANDMARKS if tuple(names) == KEYPOINT_NAMES else f"lmk_{len(names)}pts"


def _shape(layout: str, count: int) -> tuple[int, ...]:
    numbers = 2 if layout in ("flat34", "17x2") else 3
    return (count * numbers,) if layout.startswith("flat") else (count, numbers)


def landmarks(keypoints: np.ndarray, scores: np.ndarray, layout: str) -> list:
    """Write one person's keypoints down.

    Args:
        keypoints: float (K, 2), source xy.
        scores: float (K,).
        layout: "flat34" x, y, x, y, ...; "flat51" x, y, score, ...; "17x2" and "17x3" the same as
            lists of lists.
    Returns: numbers, hundredths of a pixel, scores with four decimals.
    """
    rows = rounded_keypoints(keypoints, scores)
    if layout in ("flat34", "17x2"):
        rows = [row[:2] for row in rows]
    return [value for row in rows for value in row] if layout.startswith("flat") else rows


def image_name(path: Path, prefix: str = "", relative_to: Path | None = None) -> str:
    """Name an image as the ground truth does.

    Args:
        path: as it was found, below the folder as the user wrote it.
        prefix: put before the name, as it is.
        relative_to: folder that the name starts below.
    Returns: the name, with forward slashes.
    Raises: ValueError: the image is not below ``relative_to``.
    """
    if relative_to is not None:
        try:
            # the folders are resolved, the image is not: it may be a link to another place
            path = (path.parent.resolve() / path.name).relative_to(relative_to.resolve())
        except ValueError as err:
            raise ValueError(
                f"{path}: --relative-to must be a folder above the image, got {relative_to}. "
                "Correct it."
            ) from err
    return prefix + path.as_posix()


def coco_image_id(path: Path) -> int:
    """COCO's number of an image, which is its file name.

    Raises: ValueError: the name is no number.
    """
    if not path.stem.isdecimal():
        raise ValueError(
            f"{path}: --coco-json must have images named by their COCO number, got "
            f"'{path.stem}'. Leave it out; tools/eval_e2e.py reads --save-path's file too."
        )
    return int(path.stem)


def check_coco_ids(paths: Iterable[Path]) -> None:
    """Refuse images that COCO results could not tell apart.

    Raises: ValueError: a name is no number, or two are the same one.
    """
    known: dict[int, Path] = {}
    for path in paths:
        if (other := known.setdefault(coco_image_id(path), path)) != path:
            raise ValueError(
                f"{path}: --coco-json must have one image of each COCO number, got {other} too. "
                "Rename one, or leave --coco-json out."
            )


@dataclass
class E2eResults:
    """The results so far, and the files that hold them.

    Attributes:
        path: file of the records.
        coco_path: file of the COCO results, or None.
        layout: one of ``LANDMARK_FORMATS``.
        names: K keypoints.
        all_persons: one record a person with ``bbox`` and ``score``; else one an image, of the
            person with the highest score.
        records: image name: its records.
        coco: image name: its COCO results.
    """

    path: Path
    coco_path: Path | None = None
    layout: str = "flat34"
    all_persons: bool = False
    names: tuple[str, ...] = KEYPOINT_NAMES
    records: dict[str, list[dict]] = field(default_factory=dict)
    coco: dict[str, list[dict]] = field(default_factory=dict)

    def add(self, name: str, path: Path, people: People) -> None:
        """Take the people of an image; none at all gives one record with an empty list.

        Args:
            name: of the image, as the file says it.
            path: its file, named by its COCO number if COCO results are written.
            people: all that were found.
        """
        best = np.argsort(-people.scores, kind="stable")
        chosen = best if self.all_persons else best[:1]
        self.records[name] = [self._record(name, people, int(i)) for i in chosen] or [
            {"img_path": name, landmarks_key(self.names): []}
        ]
        if self.coco_path is not None:
            self.coco[name] = people_to_coco(coco_image_id(path), people)

    def write(self, order: list[str]) -> None:
        """Write the files, whole, records in the order of the image names given."""
        known = [name for name in order if name in self.records]
        if self.coco_path is not None:
            # First, so that no record lacks its results if the program ends between the two.
            of_images = (self.coco.get(name, []) for name in known)
            write_json(self.coco_path, [result for results in of_images for result in results])
        write_json(self.path, [record for name in known for record in self.records[name]])

    def resume(self, names: dict[Path, str], path: Path, coco_path: Path | None) -> list[str]:
        """Read what an interrupted run, or a part of this one, has written.

        Args:
            names: file: image name, of the images of this run; others' results are dropped.
            path: file of the records.
            coco_path: file of the COCO results, or None.

        Returns:
            Names of the images whose results were dropped.

        Raises:
            ValueError: a file that such a run did not write.
        """
        paths = {name: file for file, name in names.items()}
        read: dict[str, list[dict]] = {}
        for record in _read_list(path, "img_path", self._is_record):
            read.setdefault(record["img_path"], []).append(record)
        dropped = [name for name in read if name not in paths]
        for name in dropped:
            del read[name]
        self.records |= read
        if coco_path is None:
            return dropped
        done = {coco_image_id(paths[name]): name for name in read}
        for result in _read_list(coco_path, "image_id", self._is_result):
            if result["image_id"] in done:
                self.coco.setdefault(done[result["image_id"]], []).append(result)
        return dropped

    def _is_record(self, record: dict) -> bool:
        """Tell whether a record is one that this run would write."""
        key = landmarks_key(self.names)
        points, keys = record.get(key), {"img_path", key}
        if points != []:
            keys |= {"bbox", "score"} if self.all_persons else set()
        return (
            record.keys() == keys
            and isinstance(record["img_path"], str)
            and (points == [] or _has_shape(points, _shape(self.layout, len(self.names))))
            and ("bbox" not in keys or _has_shape(record["bbox"], (4,)))
            and ("score" not in keys or _has_shape(record["score"], ()))
        )

    def _is_result(self, result: dict) -> bool:
        """Tell whether a COCO result is one that a run would write."""
        shapes = {"keypoints": (3 * len(self.names),), "bbox": (4,), "score": ()}
        return type(result.get("image_id")) is int and all(
            _has_shape(result.get(key), shape) for key, shape in shapes.items()
        )

    def _record(self, name: str, people: People, i: int) -> dict:
        points = landmarks(people.keypoints[i], people.keypoint_scores[i], self.layout)
        record: dict = {"img_path": name, landmarks_key(self.names): points}
        if self.all_persons:
            record["bbox"] = [round(float(value), 2) for value in people.boxes_xywh[i]]
            record["score"] = round(float(people.scores[i]), 6)
        return record


def _has_shape(value: object, shape: tuple[int, ...]) -> bool:
    """Tell whether these are lists of lists of finite numbers, of these lengths."""
    if not shape:
        return type(value) in (int, float) and are_finite([value])
    length, *inner = shape
    if not isinstance(value, list) or len(value) != length:
        return False
    return all(_has_shape(each, tuple(inner)) for each in value)


def _read_list(path: Path, key: str, holds: Callable[[dict], bool]) -> list[dict]:
    """Read a JSON list of records that have a key and are such as this run writes."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as err:
        raise ValueError(
            f"{path}: --resume must find an interrupted run's file, got none that is readable. "
            "Leave --resume out to start anew; a part begins anew with its --shard."
        ) from err
    if not isinstance(content, list) or not all(isinstance(r, dict) and key in r for r in content):
        raise ValueError(
            f"{path}: --resume must find a list of records with '{key}', got something else. "
            "Leave --resume out to start anew; a part begins anew with its --shard."
        )
    odd = next((number for number, record in enumerate(content) if not holds(record)), None)
    if odd is not None:
        raise ValueError(
            f"{path}: --resume must find what a run with the same flags wrote, got another record "
            f"at place {odd}. Use its --landmark-format and --persons, or leave --resume out."
        )
    return content
