"""MPII's file in its JSON form: a list of {image, center, scale, joints, joints_vis}."""

from pathlib import Path

from utils.dataset_check.faults import ERROR, Fault, error
from utils.dataset_check.structure import are_finite, check_entry_keys


def check_mpii(
    content: object, path: str | Path, num_joints: int, need_joints: bool
) -> list[Fault]:
    """Find all faults of a file.

    Args:
        content: what the file holds.
        path: its name, for the faults.
        num_joints: K that the data set's metainfo names.
        need_joints: people without joints are a fault (training and PCKh need them).
    Returns: faults.
    """
    file = str(path)
    if not isinstance(content, list):
        rule = "it must be a list of people (MPII's converted form), got " + type(content).__name__
        cure = "Use mpii_train.json, mpii_val.json or mpii_trainval.json."
        return [Fault("no-list", ERROR, file, rule, cure=cure)]
    faults = check_entry_keys(content, ("image", "center", "scale"), "people", file)
    if faults:
        return faults
    faults += _check_places(content, file)
    numbers: list[str] = []
    without, counts = [], []
    for index, person in enumerate(content):
        name = f"people[{index}]"
        if "joints" not in person or "joints_vis" not in person:
            without.append(name)
            continue
        found = [person[key] for key in ("joints", "joints_vis")]
        lengths = [len(values) if isinstance(values, list) else None for values in found]
        if lengths != [num_joints, num_joints]:
            counts.append(f"{name} has {lengths[0]} joints, {lengths[1]} joints_vis")
        elif not all(map(_is_point, found[0])) or not are_finite(found[1]):
            numbers.append(f"{name} in joints or joints_vis")
        elif not set(found[1]) <= {-1, 0, 1}:
            odd = next(value for value in found[1] if value not in (-1, 0, 1))
            numbers.append(f"{name} has {odd!r} in joints_vis, not 0 or 1")
    faults += _not_finite("joints [x, y], joints_vis 0 or 1", numbers, file)
    rule = f"people must have {num_joints} joints and joints_vis"
    cure = "Label all of them or describe your joints in the config's metainfo."
    faults += error("joint-count", file, rule, counts, cure)
    rule = "people must have 'joints' and 'joints_vis' to train on"
    cure = "A file without joints is for inference only: train on mpii_train.json or "
    cure += "mpii_trainval.json."
    return faults + error("no-keypoints", file, rule, without if need_joints else [], cure)


def _check_places(people: list[dict], file: str) -> list[Fault]:
    """Names of images, centres and scales."""
    names, numbers = [], []
    for index, person in enumerate(people):
        name = f"people[{index}]"
        if not isinstance(person["image"], str) or not Path(person["image"]).stem.isdigit():
            names.append(f"{name} has {person['image']!r}")
        if not _is_point(person["center"]) or not are_finite([person["scale"]]):
            numbers.append(f"{name} has center {person['center']!r}, scale {person['scale']!r}")
    rule = "people must have an image named by its number"
    cure = "Rename it (000123.jpg) or use the COCO form, which has image ids."
    faults = error("file-name", file, rule, names, cure)
    return faults + _not_finite("center [x, y], scale", numbers, file)


def _not_finite(what: str, culprits: list[str], file: str) -> list[Fault]:
    rule = f"people must have finite numbers: {what}"
    return error("not-finite", file, rule, culprits, "Correct them.")


def _is_point(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and are_finite(value)
