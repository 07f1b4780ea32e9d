"""The list of published weights, and where a downloaded one lies."""

import difflib
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "weights"


@dataclass(frozen=True)
class Published:
    """One file that others publish.

    Attributes:
        name: what it is asked for by.
        url: where it is.
        sha256: hexadecimal prefix of its digest; "" where none is published.
        licence: and whose it is.
        config: the config or YAML file that it goes with, from the repository's root.
        about: a few words.
        source: where the address was read.
    """

    name: str
    url: str
    sha256: str
    licence: str
    config: str
    about: str
    source: str

    @property
    def file_name(self) -> str:
        """Its name on this machine: its own short name with the published ending."""
        return self.name + Path(self.url).suffix


def catalogue() -> dict[str, Published]:
    """Read the list.

    Returns:
        Name to entry.
    """
    content = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text("utf-8"))
    return {name: Published(name=name, **entry) for name, entry in content.items()}


def get_published(name: str) -> Published:
    """Look a name up.

    Raises:
        ValueError: no such name.
    """
    known = catalogue()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        fix = f"Did you mean '{near[0]}'?" if near else "--list shows what there is."
        raise ValueError(f"name must be one of the published weights, got '{name}'. {fix}")
    return known[name]


def find_weights(word: str | Path) -> Path:
    """Find a file of weights by its path or, if it is a published one, by its name.

    Args:
        word: a path, or a name of the catalogue.

    Returns:
        The path; it may not exist if it is no name.

    Raises:
        ValueError: a published name whose file has not been downloaded.
    """
    path = Path(word)
    if path.exists() or str(word) not in catalogue():
        return path
    file = WEIGHTS / get_published(str(word)).file_name
    if not file.exists():
        raise ValueError(
            f"{word}: weights must be downloaded first, got none at {file}. "
            f"Run: python tools/get_weights.py {word}"
        )
    return file
