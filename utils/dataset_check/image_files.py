"""Images of an annotation file: are they there, and as large as the file says?"""

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

from prepostprocess.image import load_rgb
from prepostprocess.image_header import ImageHeader, read_header
from utils.dataset_check.faults import ERROR, Fault, error, name_some, warning

_ENOUGH = 65536  # bytes; an embedded thumbnail may push a JPEG's size further back
_THREADS = 8  # files are waited for, not computed on
_ADDRESS = re.compile(r"\b(https?|s3|gs):/|/data/(upload|local-files)/")
_HASH = re.compile(r"^[0-9a-f]{8}-(?=.)")  # Label Studio puts one before each name
_OF_A_TOOL = (
    "The names are a label tool's addresses.",
    "Export with images, or write the images' file names in file_name.",
)


def require_images(annotation_file: str | Path, folder: str | Path) -> None:
    """Refuse a folder of images that is not there.

    Args:
        annotation_file: the file that lists the images, for the message.
        folder: where they are.

    Raises:
        FileNotFoundError: no such folder.
    """
    if not os.path.isdir(folder or "."):
        raise FileNotFoundError(
            f"{annotation_file}: its images must be in the folder {folder}, got no such folder. "
            "Check data_root and data_prefix, or fetch them."
        )


def check_images_exist(annotation_file: str | Path, paths: Iterable[str | Path]) -> list[Fault]:
    """Look up all images by name (one listing a folder, no image is opened).

    Args:
        annotation_file: the file that lists the images, for the fault.
        paths: the images.
    Returns: at most one fault, with the likely cause.
    """
    split = {os.path.split(path) for path in paths}
    present = {
        folder: set(os.listdir(folder or ".")) if os.path.isdir(folder or ".") else set()
        for folder in {folder for folder, _ in split}
    }
    missing = sorted((folder, name) for folder, name in split if name not in present[folder])
    if not missing:
        return []
    folders = sorted({folder for folder, _ in missing})
    cause, cure = _why_missing(missing)
    rule = (
        f"all of its {len(split)} images must be in {name_some(folders)}, got {len(missing)} "
        f"missing: {name_some([name for _, name in missing])}"
    )
    return [Fault("image-missing", ERROR, str(annotation_file), rule, cause=cause, cure=cure)]


def check_images_inside(annotation_file: str | Path, names: Iterable[str]) -> list[Fault]:
    """Refuse names that lead out of the image folder.

    Args:
        annotation_file: the file that lists the images, for the fault.
        names: ``file_name`` of each image.

    Returns:
        At most one fault.
    """
    outside = [n for n in names if os.path.isabs(n) or os.path.normpath(n).startswith("..")]
    cause, cure = (
        "",
        "Correct it, or set outside_images=True in the data set if you trust the file.",
    )
    if any(_ADDRESS.search(name) for name in outside):
        cause, cure = _OF_A_TOOL
    rule = "file_name of images must stay in the image folder"
    return error("image-outside", annotation_file, rule, outside, cure, cause)


def check_image_sizes(
    annotation_file: str | Path, images: Sequence[tuple[str, tuple[int, int]]]
) -> list[Fault]:
    """Compare the size of each image as it is decoded with what the annotation file says.

    Args:
        annotation_file: for the fault.
        images: path and stated width, height of each; files that cannot be read are faults too.
    Returns: faults.
    """
    headers = read_headers([path for path, _ in images])
    unreadable, wrong, turned = [], [], []
    for (path, stated_wh), header in zip(images, headers, strict=True):
        if isinstance(header, Exception):
            unreadable.append(path)
        elif header.size_wh != tuple(stated_wh):
            wrong.append((path, (stated_wh[0], stated_wh[1]), header))
        elif header.orientation not in (1, 0):
            turned.append(path)
    file = str(annotation_file)
    faults = error(
        "image-unreadable",
        file,
        "image files must be readable images",
        unreadable,
        "Fetch them again, or remove them and their annotations.",
    )
    faults += warning(
        "image-turned",
        file,
        "labels of photographs with an EXIF turn must be of the upright photograph",
        turned,
        "Look at some in a viewer that turns photographs upright.",
    )
    told = [
        f"{os.path.basename(path)} is {h.size_wh[0]}x{h.size_wh[1]}, not {w:g}x{h_:g}"
        for path, (w, h_), h in wrong
    ]
    return faults + error(
        "image-size",
        file,
        "images must be as wide and high as the file says",
        told,
        "Use the images that were labelled, or bring width, height, boxes and keypoints to these: "
        "tools/doctor.py --images DIR --fix FILE.",
        _why_sized([(stated, header) for _, stated, header in wrong]),
    )


def header_of(path: str | Path) -> ImageHeader:
    """Read a file's size and orientation; formats other than JPEG and PNG are decoded for it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no image.
    """
    with open(path, "rb") as file:
        data = file.read(_ENOUGH)
        header = read_header(data)
        if header is None and data.startswith(b"\xff\xd8"):
            header = read_header(data + file.read())
    if header is None or b"eXIf" in data:  # a PNG's turn is left to the decoder
        height, width = load_rgb(path).shape[:2]
        return ImageHeader((width, height))
    return header


def read_headers(paths: Sequence[str]) -> list[ImageHeader | Exception]:
    """Read many headers at once; a file that cannot be read gives its exception."""

    def read(path: str) -> ImageHeader | Exception:
        try:
            return header_of(path)
        except (OSError, ValueError) as err:
            return err

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(read, paths, chunksize=64))


def _why_missing(missing: list[tuple[str, str]]) -> tuple[str, str]:
    """The likely cause, and the line that cures it."""
    cure = "Check data_prefix, or fetch them."
    names = [name for _, name in missing]
    full = [f"{folder}/{name}" for folder, name in missing]
    if any("\\" in path for path in full):
        return (
            "The names have \\ between folders, as Windows writes them.",
            "Write / in their place, in file_name of every image.",
        )
    if any(_ADDRESS.search(path) for path in full):
        return _OF_A_TOOL
    for folder, name in missing[:1]:
        parts = Path(folder).parts
        for cut in range(len(parts) - 1, 0, -1):
            shorter = Path(*parts[:cut], *parts[cut + 1 :], name)
            if shorter.is_file():
                return (
                    f"The folder '{parts[cut]}' is in data_prefix and in file_name too: "
                    f"{shorter} is there.",
                    "Set data_prefix to the folder above.",
                )
    for folder, name in missing[:1]:
        found, words = _under_another_name(folder or ".", name)
        if found:
            return found, words
    if any("?" in name or "%20" in name for name in names):
        return "The names are parts of web addresses.", cure
    return "", cure


def _under_another_name(folder: str, name: str) -> tuple[str, str]:
    """Where an image is that is not where it should be, and what cures it; empty if nowhere."""
    present = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    stem = os.path.splitext(name)[0].lower()
    for other in present:
        if os.path.splitext(other)[0].lower() == stem:
            return f"{other} is there.", "Write names as the files have them."
        if unicodedata.normalize("NFC", other) == unicodedata.normalize("NFC", name):
            return (
                "Accents are written as letters of their own in one of file_name and file.",
                "Write them as the files have them: unicodedata.normalize('NFD', file_name).",
            )
        if os.path.isfile(os.path.join(folder, other, name)):
            return f"{os.path.join(other, name)} is there.", "Name that folder as the images' own."
    if "%" in name and unquote(name) in present:
        return (
            f"The names are written as in web addresses: {unquote(name)} is there.",
            "Write them as the files have them: urllib.parse.unquote(file_name).",
        )
    if _HASH.sub("", name) in present:
        return (
            f"Label Studio put a number before each name: {_HASH.sub('', name)} is there.",
            "Take the 8 digits and the dash off file_name of every image.",
        )
    return "", ""


def _why_sized(wrong: list[tuple[tuple[int, int], ImageHeader]]) -> str:
    """Say what made the images another size."""
    if not wrong:
        return ""
    if all(stated == header.size_wh[::-1] for stated, header in wrong):
        turned = any(header.orientation >= 5 for _, header in wrong)
        return (
            "The photographs have an EXIF turn and were labelled unturned."
            if turned
            else "Width and height are exchanged."
        )
    shares = {round(header.size_wh[0] / stated[0], 2) for stated, header in wrong}
    if len(shares) == 1:
        return f"The images are {shares.pop():g} times the size of those that were labelled."
    return "The images were scaled or turned after they had been labelled."
