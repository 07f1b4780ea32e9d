"""One training a work directory."""

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.processes import is_first

_FILE = ".running"


@contextmanager
def alone_in(work_dir: Path) -> Iterator[None]:
    """Keep other trainings out of a work directory while this one runs, however it ends.

    Args:
        work_dir: made where it lacks. Of several processes only the first one holds it.

    Yields:
        Nothing.

    Raises:
        ValueError: another training runs there.
    """
    if not is_first():
        yield
        return
    is_new = not work_dir.exists()
    work_dir.mkdir(parents=True, exist_ok=True)
    with (work_dir / _FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not handed on to loader processes
        except (BlockingIOError, PermissionError) as err:
            file.seek(0)
            raise ValueError(
                f"{work_dir}: work directory must be of one training, but another one runs there "
                f"({file.read().strip()}). Name another --work-dir."
            ) from err
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        try:
            yield
        finally:
            if is_new and os.listdir(work_dir) == [_FILE]:  # refused before anything was made
                shutil.rmtree(work_dir)
