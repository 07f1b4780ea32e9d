"""Read a MATLAB file that a user named, or say in one line what is wrong with it."""

from pathlib import Path
from typing import Any

PARSE_FAULTS = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


def load_mat(path: Path, key: str, purpose: str) -> Any:
    """Read one variable of a MATLAB file; nothing in it is run.

    Args:
        path: the file.
        key: name of the variable.
        purpose: what the file should be, in words, for the message.

    Returns:
        Its value: arrays without axes of length 1, structs as objects with attributes.

    Raises:
        FileNotFoundError: no such file.
        ValueError: scipy is not there, the file is of another kind, or without the variable.
    """
    try:
        from scipy.io import loadmat
    except ModuleNotFoundError as err:
        raise ValueError(
            f"{path}: MATLAB files must be read by scipy, got none installed. "
            "Run: pip install -r requirements.txt"
        ) from err
    with path.open("rb") as file:  # a missing file is said so
        try:
            return loadmat(file, squeeze_me=True, struct_as_record=False)[key]
        except Exception as err:  # loadmat raises many kinds on a file that is not MATLAB's
            raise ValueError(
                f"{path}: it must be {purpose} with {key}, got {type(err).__name__}: {err}. "
                "Use the file as it was published."
            ) from err
