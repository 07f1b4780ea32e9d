"""JPEG files with an EXIF orientation."""

import struct


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Put an orientation right behind the signature."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
