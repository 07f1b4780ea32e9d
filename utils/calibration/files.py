"""The files of a calibration: arrays for the quantiser and an image for the eye."""

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from prepostprocess.files import replacing
from prepostprocess.save_image import encode_rgb
from utils.calibration.arrays import Calibration
from utils.contact_sheet import contact_sheet

_COLUMNS, _MOST, _HEIGHT = 10, 100, 128  # of the contact sheet
# what numpy and json raise at files that are cut short, damaged, or of another kind
_UNREADABLE = (
    AttributeError,
    EOFError,
    KeyError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def check_npz(path: Path) -> None:
    """Refuse a name that no calibration can be written to, before any work is done.

    Raises: ValueError: it does not end in ``.npz`` or is a folder.
    """
    if path.suffix != ".npz" or path.is_dir():
        raise ValueError(
            f"{path}: --out must be a file that ends in .npz, got "
            f"{'a folder' if path.is_dir() else repr(path.suffix)}. Name it calibration.npz."
        )


def write_calibration(path: Path, calibration: Calibration) -> Path:
    """Write the arrays and, beside them, a contact sheet: both or neither.

    The arrays are ``images``, ``boxes_xywh``, ``files`` and ``notes`` (JSON); none is pickled.

    Args:
        path: ``.npz`` file.
        calibration: what to write.
    Returns: the contact sheet's file.
    Raises: OSError: the folder cannot be made or written to.
    """
    sheet = path.with_suffix(".png")
    shown = contact_sheet(calibration.crops[:_MOST], columns=_COLUMNS, height=_HEIGHT)
    with replacing(sheet) as sheet_file, replacing(path) as file:
        np.savez_compressed(
            file,
            images=calibration.images,
            boxes_xywh=calibration.boxes_xywh,
            files=np.array([str(name) for name in calibration.files]),
            notes=np.array(json.dumps(calibration.notes)),
        )
        sheet_file.write_bytes(encode_rgb(shown, sheet.suffix))
    return sheet


def read_calibration(path: Path) -> np.ndarray:
    """Read the arrays of a calibration.

    Args:
        path: ``.npz`` file of ``write_calibration``.

    Returns:
        float32 (N, 3, h, w), RGB.

    Raises:
        ValueError: another file or a damaged one, or one in another layout or colour order.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            images, notes = content["images"], json.loads(str(content["notes"]))
        layout, colour = notes.get("layout"), notes.get("colour")
    except _UNREADABLE as err:
        raise ValueError(
            f"{path}: calibration must be a file of tools/export_calibration.py, but it cannot be "
            "read as one. Make it again."
        ) from err
    if layout != "nchw" or colour != "rgb":
        raise ValueError(
            f"{path}: calibration must be nchw and rgb, got {layout} and {colour}. Make it again "
            "without --layout and --colour."
        )
    if images.dtype != np.float32 or images.ndim != 4:
        raise ValueError(
            f"{path}: calibration must hold float32 (N, 3, h, w), got {images.dtype} "
            f"{images.shape}. Make it again with tools/export_calibration.py."
        )
    if not np.isfinite(images).all():
        raise ValueError(
            f"{path}: calibration must hold finite numbers, got NaN or infinity. Make it again "
            "with tools/export_calibration.py."
        )
    return images
