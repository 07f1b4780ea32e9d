"""Read a JSON file that a user named, or say in one line what is wrong with it."""

import json
from pathlib import Path
from typing import Any


def require_labels(path: str | Path, purpose: str) -> None:
    """Refuse a file that is not there.

    Args:
        path: the file.
        purpose: what it should hold, in words, for the message.

    Raises:
        FileNotFoundError: no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"{path}: it must be {purpose}, got no such file. "
            "Check data_root and the layout in docs/data.md."
        )


def load_json(path: str | Path, purpose: str) -> Any:
    """Read a JSON file; a byte order mark, which some editors write, is passed over.

    Args:
        path: the file.
        purpose: what it should hold, in words, for the message.
    Returns: what the file holds.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not JSON (cut off, compressed, or of another kind).
    """
    path = Path(path)
    require_labels(path, purpose)
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        raise ValueError(
            f"{path}: it must be {purpose}, got a compressed file. Unpack it: gunzip -k {path}."
        )
    try:
        return json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError as err:
        raise ValueError(f"{path}: it must be {purpose}, got endless nesting. Check it.") from err
    except ValueError as err:  # JSONDecodeError and UnicodeDecodeError are both ValueErrors
        raise ValueError(
            f"{path}: it must be {purpose}, got a file that is not JSON ({err}). "
            "Download or write it again."
        ) from err
