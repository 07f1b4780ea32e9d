"""The files of a calibration: arrays for the quantiser and an image for the eye."""

import json
from pathlib import Path

import numpy as np

from prepostprocess.files import replacing
from prepostprocess.save_image import encode_rgb
from utils.calibration.arrays import Calibration
from utils.contact_sheet import contact_sheet

_COLUMNS, _MOST, _HEIGHT = 10, 100, 128  # of the contact sheet


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
        ValueError: another file, or one in another layout or colour order.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            images, notes = content["images"], json.loads(str(content["notes"]))
    except (OSError, KeyError, ValueError) as err:
        raise ValueError(
            f"{path}: calibration must be a file of tools/export_calibration.py, but it cannot be "
            "read as one. Make it again."
        ) from err
    if notes.get("layout") != "nchw" or notes.get("colour") != "rgb":
        raise ValueError(
            f"{path}: calibration must be nchw and rgb, got {notes.get('layout')} and "
            f"{notes.get('colour')}. Make it again without --layout and --colour."
        )
    return images
