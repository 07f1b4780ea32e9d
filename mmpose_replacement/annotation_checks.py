"""Checks of annotation and detection files before use: one fault, one line, one remedy."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

MAX_NAMED = 3  # culprits named in one message; the rest are counted


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
    """Check a COCO keypoint file: lists, ids, boxes and the number of keypoints of each person.

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
    _require_unique((image["id"] for image in images), f"{path}: image ids")
    _require_unique((person["id"] for person in people), f"{path}: annotation ids")

    known = {image["id"] for image in images}
    strangers = sorted({person["image_id"] for person in people} - known)
    if strangers:
        raise ValueError(
            f"{path}: image_id of annotations must be listed under 'images', got "
            f"{_name_some(strangers)}. Add these images or remove their annotations."
        )
    for person in people:
        _check_person(person, f"{path}: annotation {person['id']}", num_keypoints)


def _check_person(person: dict, name: str, num_keypoints: int) -> None:
    """Box of four numbers, keypoints of 3 K numbers."""
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
    for index, detection in enumerate(content):
        if not isinstance(detection["bbox"], list) or len(detection["bbox"]) < 4:
            raise ValueError(
                f"{path}: detections[{index}] must have a bbox [x, y, width, height], got "
                f"{detection['bbox']}. Correct it."
            )


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
        if not Path(person["image"]).stem.isdigit():
            raise ValueError(
                f"{name} must have an image named by its number, got '{person['image']}'. Rename "
                "it (000123.jpg) or use the COCO form, which has image ids."
            )
        if "joints" not in person or "joints_vis" not in person:
            if need_joints:
                raise ValueError(
                    f"{name} must have 'joints' and 'joints_vis' to train on, got none. A file "
                    "without joints is for inference only: train on mpii_train.json or "
                    "mpii_trainval.json."
                )
            continue
        for key in ("joints", "joints_vis"):
            if len(person[key]) != num_joints:
                raise ValueError(
                    f"{name} must have {num_joints} {key}, got {len(person[key])}. Label all of "
                    "them or describe your joints in the config's metainfo."
                )


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
