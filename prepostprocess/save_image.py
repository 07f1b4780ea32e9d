"""Write RGB pixels as an image file."""

from pathlib import Path

import cv2
import numpy as np

from prepostprocess.files import write_whole

WRITABLE = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def encode_rgb(image: np.ndarray, suffix: str, jpeg_quality: int | None = None) -> bytes:
    """Encode an image.

    Args:
        image: uint8 (H, W, 3), RGB.
        suffix: one of ``WRITABLE``, in any case; it names the format.
        jpeg_quality: 0..100 for JPEG; None: OpenCV's 95.
    Returns: the bytes of the file.
    Raises: ValueError: a format that OpenCV does not write, or one too small for the image.
    """
    if suffix.lower() not in WRITABLE:
        raise ValueError(
            f"an image's name must end in {', '.join(WRITABLE)}, got '{suffix}'. Use .png."
        )
    flags = [] if jpeg_quality is None else [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality]
    image_bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    try:
        is_done, data = cv2.imencode(suffix.lower(), image_bgr, flags)
    except cv2.error:
        is_done = False
    if not is_done:
        raise ValueError(
            f"an image must fit its format, got {image.shape[1]}x{image.shape[0]} pixels, too many "
            f"for {suffix}. Use .png."
        )
    return data.tobytes()


def save_rgb(path: Path, image: np.ndarray) -> None:
    """Write an image, whole or not at all; the folder is made where it lacks.

    Args:
        path: its suffix names the format.
        image: uint8 (H, W, 3), RGB.

    Raises:
        ValueError: see ``encode_rgb``.
        OSError: the file cannot be written.
    """
    try:
        data = encode_rgb(image, path.suffix)
    except ValueError as err:
        raise ValueError(f"{path}: {err}") from err
    write_whole(path, data)
