"""The frame of a COCO file: its lists, keys, ids, and annotations that belong to an image."""

import math
from collections import Counter
from collections.abc import Iterable, Set
from typing import Any

from utils.dataset_check.faults import Fault, error, name_some

IDS = {int, str}  # types of ids, exactly: true and false are none


def check_structure(content: Any, file: str, *, need_sizes: bool) -> list[Fault]:
    """Check what everything else relies on.

    Args:
        content: what the file holds.
        file: its name, for the faults.
        need_sizes: images must have width and height.
    Returns: faults; with errors among them, the content must not be looked at further.
    """
    lists = [key for key in ("images", "annotations", "categories") if not _has_list(content, key)]
    if lists:
        rule = "it must be a COCO keypoint file with the lists 'images', 'annotations' and "
        rule += f"'categories', got no list '{lists[0]}'"
        return [Fault("no-list", "error", file, rule, cure="Use a person_keypoints_*.json.")]
    needed = {
        "images": ("id", "file_name", *(("width", "height") if need_sizes else ())),
        "annotations": ("id", "image_id", "category_id"),
        "categories": ("id",),
    }
    faults = []
    for name, keys in needed.items():
        faults += _check_keys(content[name], keys, f"{name}", file)
    if not faults:
        for name, keys, admitted in (
            ("images", ("id",), {int}),
            ("annotations", ("id",), IDS),
            ("annotations", ("image_id", "category_id"), {int}),
            ("categories", ("id",), {int}),
        ):
            faults += _check_ids(content[name], keys, name, file, admitted)
    if not faults:
        faults += _check_links(content, file)
        faults += _check_images(content["images"], file, need_sizes)
    return faults


def are_finite(values: list) -> bool:
    """All are numbers (not null, text or a list), none is NaN or infinite."""
    try:  # the sum is fast, but finite numbers may overflow in it
        return math.isfinite(sum(values)) or all(map(math.isfinite, values))
    except (TypeError, OverflowError):  # no number, or a whole one beyond what a float can hold
        return False


def entries(content: object, key: str) -> list[dict]:
    """Take what can be read of one of a file's lists.

    Args:
        content: what the file holds, of any kind.
        key: the list's.

    Returns:
        Its mappings.
    """
    found = content.get(key) if isinstance(content, dict) else None
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def check_entry_keys(entries: list, keys: Iterable[str], name: str, file: str) -> list[Fault]:
    """Each entry is a mapping with these keys.

    Args:
        entries: of one of the file's lists.
        keys: that each must have.
        name: of the list, for the faults.
        file: name of the file, for the faults.

    Returns:
        Faults.
    """
    return _check_keys(entries, tuple(keys), name, file)


def check_ids(entries: list, keys: Iterable[str], name: str, file: str) -> list[Fault]:
    """Each entry has a whole number or text under these keys.

    Args:
        entries: of one of the file's lists.
        keys: under which ids stand.
        name: of the list, for the faults.
        file: name of the file, for the faults.

    Returns:
        Faults.
    """
    return _check_ids(entries, tuple(keys), name, file, IDS)


def _has_list(content: object, key: str) -> bool:
    return isinstance(content, dict) and isinstance(content.get(key), list)


def _check_keys(entries: list, keys: tuple[str, ...], name: str, file: str) -> list[Fault]:
    culprits = []
    for index, entry in enumerate(entries):
        lacking = [key for key in keys if not isinstance(entry, dict) or key not in entry]
        if lacking:
            culprits.append(f"{name}[{index}] without {', '.join(lacking)}")
    rule = f"{name} must have {', '.join(keys)}"
    return error("missing-key", file, rule, culprits, "Add what is missing.")


def _check_ids(
    entries: list, keys: tuple[str, ...], name: str, file: str, admitted: Set[type]
) -> list[Fault]:
    faults = []
    for key in keys:
        culprits = []
        if not {type(entry[key]) for entry in entries} <= admitted:
            culprits = [
                f"{name}[{index}] has {entry[key]!r}"
                for index, entry in enumerate(entries)
                if type(entry[key]) not in admitted
            ]
        rule = f"{name} must have a whole number{' or text' if str in admitted else ''} as {key}"
        cure = (
            "Correct it."
            if str in admitted
            else "Write numbers, there and wherever they are named."
        )
        faults += error("id-type", file, rule, culprits, cure)
    return faults


def _check_links(content: dict, file: str) -> list[Fault]:
    """Ids are unique; each annotation's image is listed."""
    images, people = content["images"], content["annotations"]
    faults = []
    for entries, name in ((images, "image"), (content["categories"], "category")):
        faults += error(
            "id-twice",
            file,
            f"{name} ids must be unique",
            _twice(entry["id"] for entry in entries),
            "Number them anew.",
        )
    known = {image["id"] for image in images}
    strangers = sorted({person["image_id"] for person in people} - known, key=str)
    return faults + error(
        "orphan",
        file,
        "image_id of annotations must be listed under 'images'",
        strangers,
        "Add these images or remove their annotations.",
    )


def _check_images(images: list, file: str, need_sizes: bool) -> list[Fault]:
    culprits = [
        f"images[{index}] (id {image['id']}) has {image['file_name']!r}"
        for index, image in enumerate(images)
        if not isinstance(image["file_name"], str) or not image["file_name"]
    ]
    faults = error("file-name", file, "images must have text as file_name", culprits, "Correct it.")
    culprits = [
        f"images[{index}] (id {image['id']}) has {image.get(key)!r}"
        for index, image in enumerate(images)
        for key in ("width", "height")
        if need_sizes and (not are_finite([image[key]]) or image[key] <= 0)
    ]
    rule = "images must have a number above 0 as width and height"
    return faults + error("image-size-value", file, rule, culprits, "Correct it.")


def _twice(ids: Iterable[object]) -> list[str]:
    return [f"{key} {count} times" for key, count in Counter(ids).items() if count > 1]


def describe_values(values: Iterable[object]) -> str:
    """Name the different values, most frequent first."""
    counted = Counter(values).most_common()
    return name_some([f"{value!r} ({count} times)" for value, count in counted])
