"""Loading of image files as RGB888."""

from pathlib import Path

import cv2
import numpy as np

_TIFF = (b"II*\0", b"MM\0*")


def _is_cut_short(data: bytes) -> bool:
    """Whether a JPEG lacks the end marker after its last scan, or a PNG its end chunk."""
    if data.startswith(b"\xff\xd8"):
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(b"\x89PNG") and b"IEND" not in data[-64:]


def decode_bgr(data: bytes, flags: int) -> np.ndarray | None:
    """Decode an image file's bytes; alpha is dropped, whatever the format.

    OpenCV multiplies the colours of a TIFF file by its alpha when it is asked for three channels.

    Args:
        data: the file's bytes.
        flags: of ``cv2.imdecode``, for three channels.

    Returns:
        Uint8 (H, W, 3), BGR (RGB if the flags say so); None for what is no image.
    """
    buffer = np.frombuffer(data, np.uint8)
    if data[:4] in _TIFF:
        whole = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
        if whole is not None and whole.ndim == 3 and whole.shape[2] == 4:
            whole = whole // 256 if whole.dtype == np.uint16 else whole
            return np.ascontiguousarray(whole[..., :3], np.uint8)
    return cv2.imdecode(buffer, flags)


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
    found = decode_bgr(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION) if data else None
    if found is None or _is_cut_short(data):
        raise ValueError(
            f"{path}: image must be a complete image file, got {len(data)} bytes that do not "
            f"decode to one. Copy or download it again."
        )
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)
