"""Checks of annotation and detection files before use: one fault, one line, one remedy."""

import json
import math
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

MAX_NAMED = 3  # culprits named in one message; the rest are counted
IDS = {int, str}  # types of ids, exactly: true and false are none


def load_json(path: str | Path, purpose: str) -> object:
    """Read a JSON file that the user named.

    Args:
        path: the file.
        purpose: what it should hold, in words, for the message.
    Returns: what the file holds.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not JSON (cut off, or of another kind).
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: it must be {purpose}, got no such file. "
            "Check data_root and the layout in docs/data.md."
        )
    try:
        return json.loads(path.read_bytes())
    except ValueError as err:  # JSONDecodeError and UnicodeDecodeError are both ValueErrors
        raise ValueError(
            f"{path}: it must be {purpose}, got a file that is not JSON ({err}). "
            "Download or write it again."
        ) from err


def check_coco(content: object, path: str | Path, num_keypoints: int) -> None:
    """Check a COCO keypoint file: lists, ids, image sizes, boxes and keypoints, all finite numbers.

    Args:
        content: what the file holds.
        path: its name, for messages.
        num_keypoints: K that the data set's metainfo names.
    Raises: ValueError: the first fault found.
    """
    for key in ("images", "annotations", "categories"):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise ValueError(
                f"{path}: it must be a COCO keypoint file with the lists 'images', 'annotations' "
                f"and 'categories', got no list '{key}'. Use a person_keypoints_*.json."
            )
    images, people = content["images"], content["annotations"]
    _require_keys(images, ("id", "file_name", "width", "height"), f"{path}: images")
    _require_keys(people, ("id", "image_id", "category_id", "bbox"), f"{path}: annotations")
    _require_keys(content["categories"], ("id",), f"{path}: categories")
    _require_ids(images, ("id",), f"{path}: images")
    _require_ids(people, ("id", "image_id", "category_id"), f"{path}: annotations")
    _require_ids(content["categories"], ("id",), f"{path}: categories")
    _require_unique((image["id"] for image in images), f"{path}: image ids")
    _require_unique((person["id"] for person in people), f"{path}: annotation ids")

    known = {image["id"] for image in images}
    strangers = sorted({person["image_id"] for person in people} - known, key=str)
    if strangers:
        raise ValueError(
            f"{path}: image_id of annotations must be listed under 'images', got "
            f"{_name_some(strangers)}. Add these images or remove their annotations."
        )
    for index, image in enumerate(images):
        _check_image(image, f"{path}: images[{index}] (id {image['id']})")
    for index, person in enumerate(people):
        _check_person(person, f"{path}: annotations[{index}] (id {person['id']})", num_keypoints)


def _check_image(image: dict, name: str) -> None:
    """A file name that is text, a width and height above 0."""
    _require_text(image["file_name"], "file_name", name)
    for key in ("width", "height"):
        if not _are_finite([image[key]]) or image[key] <= 0:
            raise ValueError(
                f"{name} must have a number above 0 as {key}, got {image[key]!r}. Correct it."
            )


def _check_person(person: dict, name: str, num_keypoints: int) -> None:
    """Box of four finite numbers, keypoints of 3 K finite numbers."""
    if not isinstance(person.get("keypoints"), list):
        raise ValueError(
            f"{name} must have 'keypoints', got none. Use a person_keypoints_*.json (not "
            "instances_*.json), or remove the annotation."
        )
    count = len(person["keypoints"])
    if count != 3 * num_keypoints:
        raise ValueError(
            f"{name} must have {num_keypoints} keypoints ({3 * num_keypoints} numbers: x, y, "
            f"visibility), got {count} numbers. Label all of them (0, 0, 0 where unknown) or "
            "describe your keypoints in the config's metainfo."
        )
    if not isinstance(person["bbox"], list) or len(person["bbox"]) != 4:
        raise ValueError(
            f"{name} must have a bbox [x, y, width, height], got {person['bbox']}. Correct it."
        )
    for key in ("bbox", "keypoints"):
        _require_finite(person[key], key, name)


def check_detections(content: object, path: str | Path) -> None:
    """Check a file of detector boxes: a list of {image_id, category_id, bbox, score}.

    Raises: ValueError: the first fault found.
    """
    if not isinstance(content, list):
        raise ValueError(
            f"{path}: it must be a list of detections {{image_id, category_id, bbox, score}}, got "
            f"{type(content).__name__}. Use a COCO result file such as "
            "COCO_val2017_detections_AP_H_56_person.json."
        )
    _require_keys(content, ("image_id", "category_id", "bbox", "score"), f"{path}: detections")
    _require_ids(content, ("image_id", "category_id"), f"{path}: detections")
    for index, detection in enumerate(content):
        name = f"{path}: detections[{index}]"
        if not isinstance(detection["bbox"], list) or len(detection["bbox"]) < 4:
            raise ValueError(
                f"{name} must have a bbox [x, y, width, height], got {detection['bbox']}. "
                "Correct it."
            )
        _require_finite(detection["bbox"][:4], "bbox", name)
        _require_finite([detection["score"]], "score", name)


def check_mpii(content: object, path: str | Path, num_joints: int, need_joints: bool) -> None:
    """Check an MPII file in its JSON form: a list of {image, center, scale, joints, joints_vis}.

    Args:
        content: what the file holds.
        path: its name, for messages.
        num_joints: K that the data set's metainfo names.
        need_joints: refuse people without joints (training and PCKh need them).
    Raises: ValueError: the first fault found.
    """
    if not isinstance(content, list):
        raise ValueError(
            f"{path}: it must be a list of people (MPII's converted form), got "
            f"{type(content).__name__}. Use mpii_train.json, mpii_val.json or mpii_trainval.json."
        )
    _require_keys(content, ("image", "center", "scale"), f"{path}: people")
    for index, person in enumerate(content):
        name = f"{path}: people[{index}]"
        _require_text(person["image"], "image", name)
        if not Path(person["image"]).stem.isdigit():
            raise ValueError(
                f"{name} must have an image named by its number, got '{person['image']}'. Rename "
                "it (000123.jpg) or use the COCO form, which has image ids."
            )
        _require_point(person["center"], "center", name)
        _require_finite([person["scale"]], "scale", name)
        if "joints" not in person or "joints_vis" not in person:
            if need_joints:
                raise ValueError(
                    f"{name} must have 'joints' and 'joints_vis' to train on, got none. A file "
                    "without joints is for inference only: train on mpii_train.json or "
                    "mpii_trainval.json."
                )
            continue
        for key in ("joints", "joints_vis"):
            count = len(person[key]) if isinstance(person[key], list) else "none"
            if count != num_joints:
                raise ValueError(
                    f"{name} must have {num_joints} {key}, got {count}. Label all of them or "
                    "describe your joints in the config's metainfo."
                )
        for joint in person["joints"]:
            _require_point(joint, "joints", name)
        _require_finite(person["joints_vis"], "joints_vis", name)


def check_images_exist(annotation_file: str | Path, image_paths: Iterable[str | Path]) -> None:
    """Look up all images by name (one listing a folder, no image is opened).

    Args:
        annotation_file: the file that lists the images, for the message.
        image_paths: the images.
    Raises: FileNotFoundError: images that are not there.
    """
    paths = {os.path.split(path) for path in image_paths}
    present = {
        folder: set(os.listdir(folder)) if os.path.isdir(folder) else set()
        for folder in {folder for folder, _ in paths}
    }
    missing = sorted((folder, name) for folder, name in paths if name not in present[folder])
    if missing:
        folders = sorted({folder for folder, _ in missing})
        raise FileNotFoundError(
            f"{annotation_file}: all of its {len(paths)} images must be in "
            f"{_name_some(folders)}, got {len(missing)} missing: "
            f"{_name_some([name for _, name in missing])}. Check data_prefix, or fetch them."
        )


def _require_keys(entries: list, keys: tuple[str, ...], name: str) -> None:
    """Each entry is a mapping with these keys."""
    for index, entry in enumerate(entries):
        lacking = [key for key in keys if not isinstance(entry, dict) or key not in entry]
        if lacking:
            raise ValueError(
                f"{name}[{index}] must have {', '.join(keys)}, got none of: {', '.join(lacking)}. "
                "Add what is missing."
            )


def _require_ids(entries: list, keys: tuple[str, ...], name: str) -> None:
    """Each entry has a whole number or text under these keys."""
    for key in keys:
        if IDS.issuperset({type(entry[key]) for entry in entries}):
            continue
        index = next(i for i, entry in enumerate(entries) if type(entry[key]) not in IDS)
        raise ValueError(
            f"{name}[{index}] must have a whole number or text as {key}, got "
            f"{entries[index][key]!r}. Correct it."
        )


def _require_text(value: object, key: str, name: str) -> None:
    """The value is text."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must have text as {key}, got {value!r}. Correct it.")


def _require_point(value: object, key: str, name: str) -> None:
    """The value is a list of two finite numbers."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{name} must have [x, y] as {key}, got {value!r}. Correct it.")
    _require_finite(value, key, name)


def _require_finite(values: list, key: str, name: str) -> None:
    """All values are finite numbers; the first that is not is named."""
    if not _are_finite(values):
        culprit = next(value for value in values if not _are_finite([value]))
        raise ValueError(f"{name} must have finite numbers as {key}, got {culprit!r}. Correct it.")


def _are_finite(values: list) -> bool:
    """All are numbers (not null, text or a list), none is NaN or infinite."""
    try:  # the sum is fast, but finite numbers may overflow in it
        return math.isfinite(sum(values)) or all(map(math.isfinite, values))
    except (TypeError, OverflowError):  # no number, or a whole one beyond what a float can hold
        return False


def _require_unique(ids: Iterable[int], name: str) -> None:
    """No id twice."""
    twice = [key for key, count in Counter(ids).items() if count > 1]
    if twice:
        raise ValueError(
            f"{name} must be unique, got {_name_some(twice)} more than once. Number them anew."
        )


def _name_some(items: list) -> str:
    """Name the first few, count the rest."""
    rest = len(items) - MAX_NAMED
    return ", ".join(str(item) for item in items[:MAX_NAMED]) + (
        f" and {rest} more" if rest > 0 else ""
    )
