"""How freely each keypoint is labelled, found from images that two people have labelled.

Letters: N people, K keypoints.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from utils.dataset_check.coco_file import LabelRules, read_coco
from utils.dataset_check.faults import name_some
from utils.params import ParamsError

LEAST_PAIRS = 30  # of each keypoint: the deviation is then known to 1 / (2 sqrt(30)) = 9 %
_NEAR = 0.5  # of a person's size: labels that lie further apart on average are of two people

_Labels = dict[str, tuple[np.ndarray, np.ndarray]]  # of each image: (N, K, 3) points, (N,) areas


def estimate_sigmas(
    sets: Iterable[Path], repeated: Path, names: tuple[str, ...], category: str | int | None
) -> tuple[np.ndarray, int]:
    """Estimate COCO's sigmas from a second person's labels of the same images.

    A sigma is a label's distance from the truth, root mean square, as a share of the person's size
    (the root of the area). Two labels that are off by sigma each, independently, are apart by twice
    its square on average: sigma^2 = E[distance^2 / area] / 2. Images are matched by their names,
    people by their keypoints. Areas are those of the first labels.

    Args:
        sets: COCO annotations of the first person.
        repeated: those of the second; boxes and areas may be absent.
        names: of the K keypoints.
        category: name or id of the objects' category; None where the files have one only.

    Returns:
        float64 (K,), three digits, above 0; the number of people that were labelled twice.

    Raises:
        ParamsError: too few people, a copy of the labels, or an image name that is in two sets.
        ValueError, FileNotFoundError: a file that cannot be used.
    """
    second = _people(repeated, LabelRules(names, category, evaluation_only=True))
    firsts = [_people(path, LabelRules(names, category)) for path in dict.fromkeys(sets)]
    twice = [name for name in second if sum(name in first for first in firsts) > 1]
    if twice:
        raise ParamsError(
            f"{repeated}: each image must be in one set, got {len(twice)} names that are in two: "
            f"{name_some(twice)}. Remove these images from it."
        )
    shares = [
        _squared_shares(*first[name], second[name][0])
        for first in firsts
        for name in first.keys() & second.keys()
    ]
    squared = np.concatenate([np.empty((0, len(names))), *shares])
    _require_enough(repeated, names, squared, len(shares))
    sigmas = np.sqrt(np.nanmean(squared, axis=0) / 2)
    return np.array([float(f"{sigma:.3g}") for sigma in sigmas]), len(squared)


def _require_enough(path: Path, names: tuple[str, ...], squared: np.ndarray, images: int) -> None:
    """Refuse what nothing can be estimated from."""
    counts = np.count_nonzero(~np.isnan(squared), axis=0)
    if counts.min() < LEAST_PAIRS:
        few = [f"'{n}' {c}" for n, c in zip(names, counts, strict=True) if c < LEAST_PAIRS]
        raise ParamsError(
            f"{path}: each keypoint must be labelled twice on {LEAST_PAIRS} people, got "
            f"{name_some(few)} ({len(squared)} people on {images} images of the same names). "
            "Label more, or give sigmas as numbers."
        )
    same = [n for n, apart in zip(names, np.nansum(squared, axis=0), strict=True) if not apart]
    if same:
        raise ParamsError(
            f"{path}: it must be labelled independently, got the very same labels of "
            f"{name_some(same)}. Is it a copy?"
        )


def _people(path: Path, rules: LabelRules) -> _Labels:
    content = read_coco(path, rules).require().content
    images = {image["id"]: image["file_name"] for image in content["images"]}
    found: dict[str, list[dict]] = {}
    for person in content["annotations"]:
        if person["num_keypoints"] and not person["iscrowd"] and person["area"] > 0:
            found.setdefault(images[person["image_id"]], []).append(person)
    return {
        name: (
            np.array([p["keypoints"] for p in people], np.float64).reshape(len(people), -1, 3),
            np.array([p["area"] for p in people], np.float64),
        )
        for name, people in found.items()
    }


def _squared_shares(first: np.ndarray, areas: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Match the people of an image, and say how far apart their labels are.

    A person is matched with the nearest of the other's, who must have no nearer one.

    Args:
        first: (N, K, 3).
        areas: (N,), of the first.
        second: (M, K, 3).

    Returns:
        Squared distances as shares of the area, a row a match; NaN where a label lacks.
    """
    both = (first[:, None, :, 2] > 0) & (second[None, :, :, 2] > 0)
    squared = ((first[:, None, :, :2] - second[None, :, :, :2]) ** 2).sum(axis=-1)
    squared = np.where(both, squared / areas[:, None, None], np.nan)
    apart = np.where(both, np.sqrt(squared), 0).sum(axis=-1) / np.maximum(both.sum(axis=-1), 1)
    apart[~both.any(axis=-1)] = np.inf
    rows, nearest = np.arange(len(first)), apart.argmin(axis=1)
    is_pair = (apart.argmin(axis=0)[nearest] == rows) & (apart[rows, nearest] < _NEAR)
    return squared[rows[is_pair], nearest[is_pair]]
