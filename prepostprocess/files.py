"""Write files that are there whole, or as they were before."""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_STEM_KEPT = 40  # characters: a name may have 255 bytes, and a temporary one is longer


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary file to fill, which takes the place of ``path`` at the end.

    It lies in the same folder, which is made where it lacks, under a name of its own, so that two
    writers never share one. Its content reaches the disk before it is moved. It has the permissions
    of the file that it replaces, or those that ``open`` gives a new one. When the block raises,
    the old file stays and the temporary one goes. A link is followed. A device or a pipe is
    written to straight: it has no content to keep.

    Args:
        path: the file to write.
    Yields: the temporary file; it is empty and ends in the suffix of ``path``.
    Raises: OSError: the file cannot be written; it names ``path``.
    """
    target = Path(os.path.realpath(path))
    temporary = target
    try:
        if target.is_dir():
            raise IsADirectoryError(21, "Is a directory", str(path))
        if target.exists() and not target.is_file():
            yield target
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(_temporary_name(target))
        temporary.open("xb").close()
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as err:
        if err.errno is None or err.filename not in (None, str(temporary), str(target)):
            raise
        raise OSError(err.errno, err.strerror, str(path)) from err
    finally:
        if temporary != target:
            temporary.unlink(missing_ok=True)


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file in one step.

    Args:
        path: the file; see ``replacing``.
        content: text is written as UTF-8.
    Raises: OSError: the file cannot be written; it names ``path``.
    """
    data = content.encode() if isinstance(content, str) else content
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def require_file(path: str | Path, what: str) -> None:
    """Refuse a file that is to be read and is not there.

    Args:
        path: the file.
        what: it is, in words, for the message.

    Raises:
        FileNotFoundError: no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: {what} must be a file. Check the path.")


def require_folder_to_write(folder: str | Path, what: str) -> None:
    """Refuse a folder that neither can be made nor written to; nothing is made.

    Args:
        folder: where something is to be written; it and those above it may lack.
        what: the message's beginning: a path, and what is to be written.

    Raises:
        ValueError: a file is in the way, or the folder is closed.
    """
    folder = Path(folder)
    above = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not above.is_dir():
        raise ValueError(
            f"{what} must lie in a directory, but {above} is a file. Name another place."
        )
    if not os.access(above, os.W_OK | os.X_OK):
        raise ValueError(
            f"{what} must lie in a directory that can be written to, but {above} cannot be. "
            "Name another place, or change the rights."
        )


def require_output(path: Path, what: str, sources: Iterable[Path] = ()) -> None:
    """Refuse a file that cannot be written; told before hours of evaluation.

    Args:
        path: the file.
        what: its name in the message.
        sources: files that it must not take the place of; they may lack.

    Raises: ValueError: it is a directory, lies where none can be made, or is one of the sources.
    """
    if path.is_dir():
        raise ValueError(f"{path}: {what} must be a file, got a directory. Name a file in it.")
    if path.exists() and not path.is_file():  # a device: it is written to, not replaced
        return
    if path.exists() and any(each.exists() and path.samefile(each) for each in sources):
        raise ValueError(f"{path}: {what} must be a new file, got one that is read. Name another.")
    require_folder_to_write(path.resolve().parent, f"{path}: {what}")


def remove_leftovers(path: str | Path) -> None:
    """Remove temporary files of ``path`` whose writers were killed; nobody may be writing now."""
    target = Path(os.path.realpath(path))
    start = _temporary_start(target)
    for file in target.parent.iterdir():
        if file.name.startswith(start) and file.suffix == target.suffix:
            file.unlink(missing_ok=True)


def _temporary_start(target: Path) -> str:
    return f".{target.stem[:_STEM_KEPT]}.partial-"


def _temporary_name(target: Path) -> str:
    return f"{_temporary_start(target)}{secrets.token_hex(6)}{target.suffix}"
