"""Loading of image files as RGB888."""

from pathlib import Path

import cv2
import numpy as np


def _is_cut_short(data: bytes) -> bool:
    """Whether a JPEG lacks the end marker after its last scan, or a PNG its end chunk."""
    if data.startswith(b"\xff\xd8"):
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(b"\x89PNG") and b"IEND" not in data[-64:]


def load_image(image: str | Path | np.ndarray) -> np.ndarray:
    """Load an image file; an array comes back untouched.

    Args:
        image: path of a file that OpenCV decodes, or an array.
    Returns: uint8 (H, W, 3) RGB; alpha is dropped, EXIF orientation ignored, as in the original.
    Raises: FileNotFoundError: no such file. ValueError: not an image, or cut short.
    """
    if isinstance(image, np.ndarray):
        return image
    path = Path(image)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: image must be an existing file. Check the path.")
    data = path.read_bytes()
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    found = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if found is None or _is_cut_short(data):
        raise ValueError(
            f"{path}: image must be a complete image file, got {len(data)} bytes that do not "
            f"decode to one. Copy or download it again."
        )
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)
