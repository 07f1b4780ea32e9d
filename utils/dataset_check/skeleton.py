"""A description of keypoints (mmpose's ``dataset_info``), checked as a whole."""

from collections import Counter
from collections.abc import Mapping

from utils.dataset_check.faults import ERROR, Fault, error
from utils.dataset_check.structure import are_finite

CURE = "See configs/_base_/datasets/coco.py, or describe your data in one file: docs/data.md."


def check_skeleton(info: object, file: str) -> list[Fault]:
    """Find all faults of a keypoint description.

    Args:
        info: ``dataset_info``: keypoint_info, skeleton_info, joint_weights, sigmas.
        file: config or file that it stands in, for the faults.
    Returns: faults, all errors.
    """
    if not isinstance(info, Mapping) or not isinstance(info.get("keypoint_info"), Mapping):
        got = "no keypoint_info" if isinstance(info, Mapping) else type(info).__name__
        rule = f"metainfo must describe the keypoints in keypoint_info, got {got}"
        return [Fault("metainfo", ERROR, file, rule, cure=CURE)]
    points = info["keypoint_info"]
    told = _keypoint_faults(points)
    if not told:
        told += _swap_faults(points)
    told += _link_faults(info.get("skeleton_info", {}), points)
    for key, least in (("sigmas", 0), ("joint_weights", None)):
        told += _number_faults(key, info.get(key), len(points), least)
    return error("metainfo", file, "metainfo must describe the keypoints", told, CURE)


def keypoint_names(info: Mapping) -> tuple[str, ...]:
    """Names of a checked description, in the network's order."""
    return tuple(info["keypoint_info"][k]["name"] for k in sorted(info["keypoint_info"]))


def _keypoint_faults(points: Mapping) -> list[str]:
    told = []
    if not points or sorted(points, key=str) != sorted(range(len(points)), key=str):
        told.append(f"keypoint_info must have keys 0 to K - 1, got {list(points)}")
        return told
    for key, point in points.items():
        name = point.get("name") if isinstance(point, Mapping) else None
        if not isinstance(name, str) or not name:
            told.append(f"keypoint {key} has no name")
        elif point.get("id") != key:
            told.append(f"keypoint {key} ('{name}') has id {point.get('id')!r}")
        elif point.get("type", "") not in ("upper", "lower", ""):
            told.append(f"keypoint '{name}' has type {point['type']!r}, not upper, lower or ''")
    if not told:
        names = Counter(point["name"] for point in points.values())
        told += [f"keypoint '{name}' is there {n} times" for name, n in names.items() if n > 1]
    return told


def _swap_faults(points: Mapping) -> list[str]:
    swaps = {point["name"]: point.get("swap", "") for point in points.values()}
    told = []
    for name, swap in swaps.items():
        if swap and swap not in swaps:
            told.append(f"'{name}' swaps with '{swap}', which is no keypoint")
        elif swap and swaps[swap] != name:
            back = f"'{swaps[swap]}'" if swaps[swap] else "nobody"
            told.append(f"'{name}' swaps with '{swap}', which swaps with {back}")
    return told


def _link_faults(links: object, points: Mapping) -> list[str]:
    if not isinstance(links, Mapping):
        return [f"skeleton_info must be a mapping, got {type(links).__name__}"]
    names = {point.get("name") for point in points.values() if isinstance(point, Mapping)}
    told = []
    for key, link in links.items():
        ends = link.get("link") if isinstance(link, Mapping) else None
        if not isinstance(ends, list | tuple) or len(ends) != 2:
            told.append(f"link {key} must be of two keypoints, got {ends}")
            continue
        told += [
            f"link {key} goes to '{end}', which is no keypoint" for end in ends if end not in names
        ]
    return told


def _number_faults(key: str, values: object, count: int, least: float | None) -> list[str]:
    if values is None:
        return [f"{key} is missing"]
    if not isinstance(values, list | tuple):
        return [f"{key} must be a list, got {type(values).__name__}"]
    if len(values) != count:
        return [f"{key} has {len(values)} numbers for {count} keypoints"]
    if not are_finite(list(values)) or any(v < 0 for v in values):
        return [f"{key} must be finite numbers, not below 0"]
    if least is not None and any(value <= least for value in values):
        return [f"{key} must be above {least}, got {values[values.index(min(values))]}"]
    return []
