"""Images that are trained on and validated on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from utils.dataset_check.faults import ERROR, Fault, warning
from utils.dataset_check.json_file import load_json
from utils.dataset_check.structure import check_structure


def check_overlap(train: Sequence[tuple[Path, Path]], val: Path, folder: Path) -> list[Fault]:
    """Find images that are trained on and validated on, under whatever name.

    Args:
        train: annotations and folder of images, of each set.
        val: the validation set's annotations.
        folder: of its images.

    Returns:
        At most one warning; none of a file with faults of its lists: ``check_data_set`` tells them.

    Source: difference hash: whether each pixel of a 9x8 thumbnail is brighter than the next.
    """
    held = _images(val, folder)
    trained_on = {path for each in train for path in _images(*each)} if held else set()
    others = trained_on - held
    with ThreadPoolExecutor() as pool:
        known = dict(zip(pool.map(_look, others), others, strict=True))
        pairs = [
            f"{path.name} is {known[look].name}"
            for path, look in zip(held, pool.map(_look, held), strict=True)
            if look is not None and look in known
        ]
    return warning(
        "overlap",
        val,
        "images of the validation set must not look like images that are trained on",
        sorted(pairs + [f"{path.name} is in both" for path in held & trained_on]),
        "Take them out of one of the two: AP would be too high.",
    )


def _images(labels: Path, folder: Path) -> set[Path]:
    """Name the images of a COCO file, as the file system knows them."""
    content = load_json(labels, "a COCO keypoint file")
    faults = check_structure(content, str(labels), need_sizes=False)
    if any(fault.level == ERROR for fault in faults):
        return set()
    return {(folder / image["file_name"]).resolve() for image in content["images"]}


def _look(path: Path) -> bytes | None:
    """Return the difference hash of an image; None where there is nothing to see."""
    image = cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    if image is None:
        return None
    small = cv2.resize(image, (9, 8), interpolation=cv2.INTER_AREA)
    brighter = small[:, 1:] > small[:, :-1]
    return np.packbits(brighter).tobytes() if brighter.any() else None
