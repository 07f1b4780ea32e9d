"""Read an image file as RGB pixels, or say in one line what is wrong with it."""

import logging
import os
import re
from pathlib import Path

import cv2
import numpy as np

from prepostprocess.image_header import read_header
from prepostprocess.kneron_preprocessing import API
from prepostprocess.kneron_preprocessing.loading import decode_bgr

# In entropy-coded JPEG data 0xFF is followed by 0x00 (a stuffed byte), RST0-7, or another 0xFF
# (fill).
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_END = 0xD9
_JPEG_SCAN = 0xDA
_JPEG_SIGNATURE = b"\xff\xd8"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
DECODER = f"OpenCV {cv2.__version__}"  # whose pixels load_rgb gives
_HAS_RGB = hasattr(cv2, "IMREAD_COLOR_RGB")  # from OpenCV 4.11 on
MOST_PIXELS = 2**28  # 16384 x 16384; OpenCV reads four times as many and fails to warp them
_dark_images: set[str] = set()  # the first one that was told
DARKEST = 15  # of 255: the brightest pixel of 12 bits in a file of 16
CAMERA_FORMATS = ("rgb565", "yuv422")


def load_rgb(path: str | Path) -> np.ndarray:
    """Read an image file as RGB, upright (EXIF orientation applied) and always with three channels.

    Args:
        path: a file of any format OpenCV decodes; grey is repeated, alpha dropped, 16 bit made 8.
    Returns: uint8 (H, W, 3), RGB, values 0..255.
    Raises: FileNotFoundError: there is no such file. ValueError: it is empty, truncated or no
        image.
    """
    if not os.path.isfile(path):  # a pipe would be waited for
        raise FileNotFoundError(
            f"{path}: image must be an existing file, got none. "
            "Check the path and the image folder."
        )
    with open(path, "rb", buffering=0) as file:
        data = file.read()
    if _is_truncated(data):
        raise ValueError(
            f"{path}: image must be complete, got {len(data)} bytes that end before the "
            "image does. Copy or download the file again."
        )
    header = read_header(data)
    if header is not None:
        _check_size(header.size_wh, path)  # before it is decoded
    image = _decode(data, path) if data else None
    if image is not None:
        _check_size((image.shape[1], image.shape[0]), path)
    if image is None:
        raise ValueError(
            f"{path}: image must be a format that OpenCV decodes (JPEG, PNG, ...), got {len(data)} "
            "bytes that are none. Convert the file or take it off the list."
        )
    if header is not None and header.bits == 16 and image.max(initial=0) <= DARKEST:
        _warn_of_range(str(path), int(image.max(initial=0)))
    return image


def _warn_of_range(path: str, most: int) -> None:
    """Say once that a camera's 10 or 12 bits seem to lie in files of 16."""
    if _dark_images:
        return
    _dark_images.add(path)
    logging.getLogger(__name__).warning(
        "%s: image of 16 bits must use their range, but nothing in it is brighter than %d of 255. "
        "If its camera has 10 or 12 bits, multiply its pixels by 64 or 16 and write it anew.",
        path,
        most,
    )


def _check_size(size_wh: tuple[int, int], path: str | Path) -> None:
    """Refuse what would eat the machine's memory, and what OpenCV cannot warp."""
    if size_wh[0] * size_wh[1] > MOST_PIXELS:
        raise ValueError(
            f"{path}: image must have at most {MOST_PIXELS} pixels, got {size_wh[0]}x{size_wh[1]}. "
            "Scale it down or take it off the list."
        )


def check_rgb(image: np.ndarray, name: str = "image") -> None:
    """Refuse what is not an RGB image in memory.

    Args:
        image: what should be uint8 (H, W, 3) with H and W at least 1.
        name: the argument's name, for the message.
    Raises: ValueError: another type, dtype, rank, channel count, or no pixels.
    """
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or image.size == 0
    ):
        got = (
            f"{image.dtype} {image.shape}"
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise ValueError(
            f"{name} must be a non-empty uint8 (H, W, 3) RGB array, got {got}. "
            "Read it with prepostprocess.image.load_rgb."
        )


def simulate_camera(image: np.ndarray, colour: str) -> np.ndarray:
    """Lose the colour that a camera's pixel format loses: there and back again.

    Args:
        image: uint8 (H, W, 3), RGB. A camera's lines have an even number of pixels; for "yuv422" an
            odd one is completed by repeating its last pixel, which is cut off again.
        colour: "rgb565" or "yuv422".
    Returns: uint8 (H, W, 3), RGB.
    Raises: ValueError: another format or an image of another form.
    Source: ``API.simulate`` of the emulator.
    """
    check_colour(colour)
    check_rgb(image)
    width = image.shape[1]
    if colour == "yuv422" and width % 2:
        image = API.pad(image, pad_r=1, pad_val="edge")
    return np.ascontiguousarray(API.simulate(image, colour)[:, :width])


def check_colour(colour: str) -> None:
    """Refuse a word that names no camera format.

    Args:
        colour: what should be one of ``CAMERA_FORMATS``.
    Raises: ValueError: it is not.
    """
    if colour not in CAMERA_FORMATS:
        raise ValueError(
            f"colour must be one of {', '.join(CAMERA_FORMATS)}, got {colour!r}. "
            "Leave it out for full colour."
        )


def _decode(data: bytes, path: str | Path) -> np.ndarray | None:
    """Decode to RGB, or None; OpenCV itself refuses images beyond its limit of pixels."""
    # libjpeg gives RGB as it is; older OpenCV, and other formats, are turned round afterwards.
    is_rgb = _HAS_RGB and data.startswith(_JPEG_SIGNATURE)
    flags = cv2.IMREAD_COLOR_RGB if is_rgb else cv2.IMREAD_COLOR
    try:
        image = decode_bgr(data, flags)
    except cv2.error as err:
        raise ValueError(
            f"{path}: image must be one that OpenCV holds (at most 2^30 pixels), got a refusal "
            f"({err.err}). Scale it down or take it off the list."
        ) from err
    return image if is_rgb or image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _is_truncated(data: bytes) -> bool:
    """Tell whether a JPEG or PNG lacks its end (a decoder may fill the rest with grey)."""
    if data.startswith(_JPEG_SIGNATURE):
        return not _jpeg_reaches_end(data)
    if data.startswith(_PNG_SIGNATURE):
        return not _png_reaches_end(data)
    return False


def _jpeg_reaches_end(data: bytes) -> bool:
    position = 2
    while (marker := _JPEG_MARKER.search(data, position)) is not None:
        code = data[marker.end() - 1]
        if code == _JPEG_END or (code == _JPEG_SCAN and data.endswith(b"\xff\xd9")):
            return True  # most files end with the marker, and the scan need not be searched
        # A segment (so an embedded thumbnail too) is stepped over by its length; pixels follow a
        # scan's.
        length = int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        position = marker.end() + max(length, 2)
    return False


def _png_reaches_end(data: bytes) -> bool:
    position = len(_PNG_SIGNATURE)
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"IEND":
            return True
        position += length + 12  # length, type and checksum are four bytes each
    return False
