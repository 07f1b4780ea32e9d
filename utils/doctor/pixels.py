"""Image files that are cut off, and cameras' pixels that lie in a corner of 16 bits."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2

from prepostprocess.image import DARKEST, load_rgb
from utils.dataset_check.faults import Fault, error, warning
from utils.dataset_check.image_files import read_headers

_ENDS = {b"\xff\xd8": b"\xff\xd9", b"\x89P": b"IEND\xaeB`\x82"}  # of JPEG and PNG, by their start
_ENOUGH_DARK = 32  # images of 16 bits that are looked at


def check_pixels(labels: Path, paths: Sequence[str]) -> list[Fault]:
    """Look for images that are cut off, and for those that use a part of 16 bits.

    Args:
        labels: the annotation file, for the faults.
        paths: images that exist; those whose beginning cannot be read are left to the size check.

    Returns:
        Faults.
    """
    with ThreadPoolExecutor() as pool:
        ended = pool.map(_has_end, paths)
        odd = [path for path, whole in zip(paths, ended, strict=True) if not whole]
    cut = [path for path in odd if not _is_readable(path)]
    faults = error(
        "image-cut",
        labels,
        "image files must be whole",
        cut,
        "Fetch them again, or remove them and their annotations.",
        "The files end before the images do.",
    )
    headers = zip(paths, read_headers(list(paths)), strict=True)
    deep = [p for p, header in headers if p not in cut and getattr(header, "bits", 8) == 16]
    dark = [path for path in deep[:_ENOUGH_DARK] if _brightest(path) <= DARKEST]
    return faults + warning(
        "image-dark",
        labels,
        "images of 16 bits must use their range",
        dark,
        "Multiply pixels of 12 bits by 16, of 10 bits by 64, and write the images anew.",
        "The camera's 10 or 12 bits seem to lie in files of 16.",
    )


def _has_end(path: str) -> bool:
    """Tell whether a JPEG or PNG ends as it should; what begins as neither is not judged."""
    with open(path, "rb") as file:
        end = _ENDS.get(file.read(2), b"")
        file.seek(0, 2)
        file.seek(max(0, file.tell() - len(end)))
        return file.read() == end or not end


def _is_readable(path: str) -> bool:
    try:
        load_rgb(path)
    except ValueError:
        return False
    return True


def _brightest(path: str) -> int:
    image = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    return 255 if image is None else int(image.max(initial=0))
