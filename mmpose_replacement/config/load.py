"""A config with all that it names registered, for those who build what it describes."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from utils.config_reader.read import import_custom, read_config_file


def load_config(
    path: str | Path, options: Sequence[str] = (), data: str | Path | None = None
) -> Config:
    """Read a config and import the modules that it names.

    Args:
        path: see ``read_config_file``.
        options: see there.
        data: see there.

    Returns:
        The config.

    Raises:
        FileNotFoundError: no such file.
        ValueError: see there, and a module that cannot be imported.
    """
    config = read_config_file(path, options, data)
    import_custom(config)
    return config
