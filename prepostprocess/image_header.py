"""Size of a JPEG or PNG from its first bytes, as it is decoded: upright."""

import struct
from dataclasses import dataclass

_NO_SIZE = {0xC4, 0xC8, 0xCC}  # among JPEG's SOF markers C0 to CF: tables, no frame


@dataclass(frozen=True)
class ImageHeader:
    """What the beginning of a file says.

    Attributes:
        size_wh: width and height of the decoded, upright image.
        orientation: EXIF's, 1 to 8; 1: stored upright.
        bits: of a channel.
    """

    size_wh: tuple[int, int]
    orientation: int = 1
    bits: int = 8


def read_header(data: bytes) -> ImageHeader | None:
    """Read size and orientation.

    Args:
        data: the beginning of a file.

    Returns:
        What a JPEG or PNG says; None for other formats, or if the data end before.
    """
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) > 24:
        width, height, bits = struct.unpack(">IIB", data[16:25])
        return ImageHeader((width, height), bits=bits)
    return None


def _jpeg(data: bytes) -> ImageHeader | None:
    """Walk along the segments to the frame; None if the data end before."""
    place, orientation = 2, 1
    while place + 9 < len(data):
        if data[place] != 0xFF:
            return None
        code = data[place + 1]
        if code == 0xFF:  # fill
            place += 1
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if code == 0xE1 and data[place + 4 : place + 10] == b"Exif\0\0":
            orientation = _orientation(data[place + 10 : place + 2 + length]) or orientation
        if 0xC0 <= code <= 0xCF and code not in _NO_SIZE:
            bits, height, width = struct.unpack(">BHH", data[place + 4 : place + 9])
            turned = orientation >= 5
            return ImageHeader((height, width) if turned else (width, height), orientation, bits)
        place += 2 + max(length, 2)
    return None


def _orientation(tiff: bytes) -> int:
    """EXIF's tag 0x0112 of the first directory; 0 if there is none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 0
    (start,) = struct.unpack(order + "I", tiff[4:8])
    if start + 2 > len(tiff):
        return 0
    (count,) = struct.unpack(order + "H", tiff[start : start + 2])
    for place in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        tag, _, _, value = struct.unpack(order + "HHIH", tiff[place : place + 10])
        if tag == 0x0112:
            return value if 1 <= value <= 8 else 0
    return 0
