"""``--cfg-options``: the words of the command line, and whether the config has what they name."""

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction

MAX_NAMES = 8  # how many names a message lists


def parse_options(words: Sequence[str]) -> dict[str, object]:
    """Read ``key=value`` words as mmengine does.

    ``data_root`` is taken literally and ends in a slash: the configs join by ``+``.

    Raises:
        ValueError: a word without ``=``, brackets that do not match, or a value that mmengine
            cannot read.
    """
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise ValueError(f"--cfg-options must be key=value, got {word!r}.")
        if any(value.count(pair[0]) != value.count(pair[1]) for pair in ("()", "[]")):
            raise ValueError(f"--cfg-options must have matching brackets, got {word!r}.")
    values: dict[str, object] = {}
    for word in words:
        values |= _read(word)
        key, _, value = word.partition("=")
        if key == "data_root" and value:
            values[key] = value if value.endswith("/") else f"{value}/"
    return values


def _read(word: str) -> dict[str, object]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--options", nargs="+", action=DictAction)
    try:
        return parser.parse_args(["--options", word]).options
    except RecursionError as err:  # where a comma lies between brackets that are no list's
        raise ValueError(
            f"--cfg-options must be numbers, words, lists or tuples, got {word!r}. Give the "
            "entries of a dict one by one: key.entry=value."
        ) from err


def has_key(value: object, words: Sequence[str]) -> bool:
    """Tell whether a value has parts within parts of these names.

    Args:
        value: a part of a config.
        words: names of parts, each within the one before.

    Returns:
        Whether the last of them is there.
    """
    if not words:
        return True
    parts = _parts(value)
    return words[0] in parts and has_key(parts[words[0]], words[1:])


def require_key(path: Path, config: Config, key: str) -> None:
    """Refuse an option that names something which is not there: it would have no effect.

    Args:
        path: the config's file, for the message.
        config: the config as it stands.
        key: name of the option, with dots.

    Raises:
        ValueError: the config has no such key.
    """
    here: object = config
    words = key.split(".")
    for i, word in enumerate(words):
        parts = _parts(here)
        if word not in parts:
            place = ".".join(words[:i]) or "the config"
            hint = _hint(word, list(parts))
            raise ValueError(f"{path}: --cfg-options {key}: {place} has no '{word}'. {hint}")
        here = parts[word]


def _parts(value: object) -> dict[str, object]:
    """Name what lies directly below a value, as the words of an option do."""
    if isinstance(value, (dict, Config)):
        return {key: part for key, part in value.items() if isinstance(key, str)}
    if isinstance(value, (list, tuple)):
        return {str(index): part for index, part in enumerate(value)}
    return {}


def _hint(word: str, names: list[str]) -> str:
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    if not names:
        return "It has no parts."
    more = len(names) - MAX_NAMES
    return f"It has: {', '.join(names[:MAX_NAMES])}" + (f" and {more} more." if more > 0 else ".")
