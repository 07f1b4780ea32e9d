"""Values put into a config where its author would have written them.

A config may stand on others by ``_base_``. mmengine evaluates the lowest file first and merges the
results, so a value that a child sets comes too late for what its parent has computed from the same
variable. Here such a value is written into the parent as well, behind the variable's own line, and
everything made from the variable follows.
"""

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from utils.config_reader.chain import ConfigFile, run, run_changed
from utils.config_reader.options import has_key, require_key

DELETE = "_delete_"  # mmengine: replace the parent's dictionary, do not merge into it
MOST_ROUNDS = 10  # each carries a value through one more variable of a child


def evaluate(chain: ConfigFile, values: dict[str, object]) -> Config:
    """Evaluate a config so that each value reaches what was made from its variable.

    An override is set in every file of the chain that binds the variable; where no Python file of
    the chain binds it, it is merged into the result. What a child sets is set in its parents too.

    Args:
        chain: the config and the files that it stands on.
        values: override of each key; keys may have dots.

    Returns:
        The config.

    Raises:
        ValueError: a config that raises, or an override of a key that is not there.
    """
    files = [chain, *chain.ancestors()]
    bound = set().union(*(file.bound for file in files))
    rebound = _rebound(files)
    if not values and not rebound and all(file.as_it_stands for file in files):
        return run(chain.path)
    whole = {key: value for key, value in values.items() if key in bound}
    parts = {key: value for key, value in values.items() if key not in bound}
    heads = {key.partition(".")[0] for key in parts} & bound

    config, first = run_changed(chain, whole, {}, rebound | heads)
    for key in parts:
        require_key(chain.path, config, key)
    own, last = first, None if parts or rebound else first
    for _ in range(MOST_ROUNDS):
        if own == last:
            break
        last = own
        changes = {
            file.path: _statements(file, files, first, own, parts, rebound) for file in files
        }
        config, own = run_changed(chain, whole, changes, rebound | heads)
        last = last if rebound else own
    else:
        raise ValueError(
            f"{chain.path}: {', '.join(sorted(rebound))} must not be made from one another in a "
            "circle through _base_. Give each its own value."
        )
    for key, value in parts.items():
        if not any(has_key(first[file.path], key.split(".")) for file in files):
            _merge(chain, config, key, value)
    return config


def _rebound(files: list[ConfigFile]) -> set[str]:
    """Name what a child sets anew although another file of the chain has used it already."""
    names = set()
    for child in files:
        below = list(child.ancestors())
        used = set().union(*(file.used for file in below))
        names |= child.bound & used & set().union(*(file.bound for file in below))
    return names


def _statements(
    file: ConfigFile,
    files: list[ConfigFile],
    first: dict,
    own: dict,
    parts: dict[str, object],
    rebound: set[str],
) -> dict[str, list[str]]:
    """Write what changes the variables of one file: the overrides, then what its children set."""
    settings = [
        (key.split("."), value)
        for key, value in parts.items()
        if has_key(first[file.path], key.split("."))
    ]
    for child in reversed(files):  # the child that is furthest up has the last word
        if any(base.path == file.path for base in child.ancestors()):
            for name in sorted(rebound & file.bound & child.bound):
                for words, value in _leaves(own[child.path][name], first[file.path][name]):
                    settings.append(([name, *words], value))
    changes: dict[str, list[str]] = {}
    for (name, *words), value in settings:
        statement = f"{name} = {_changed(name, first[file.path][name], words, value)}"
        changes.setdefault(name, []).append(statement)
    return changes


def _leaves(value: object, base: object) -> Iterator[tuple[list[str], object]]:
    """Walk over what merging ``value`` into ``base`` sets, by the rules of mmengine."""
    if not (isinstance(value, dict) and isinstance(base, dict)):
        yield [], value
    elif value.get(DELETE):
        yield [], {key: part for key, part in value.items() if key != DELETE}
    else:
        for key, part in value.items():
            if key not in base:
                yield [key], part
                continue
            for words, leaf in _leaves(part, base[key]):
                yield [key, *words], leaf


def _changed(expression: str, value: Any, words: list[str], new: object) -> str:
    """Write an expression for a copy of ``value`` that is ``new`` at the place of ``words``."""
    if not words:
        return repr(new)
    word, *rest = words
    key = word if isinstance(value, dict) else int(word)
    below = value[key] if rest else None
    part = _changed(f"{expression}[{key!r}]", below, rest, new)
    if isinstance(value, dict):
        return f"{{**{expression}, {key!r}: {part}}}"
    items = f"*{expression}[:{word}], {part}, *{expression}[{int(word) + 1}:]"
    return f"[{items}]" if isinstance(value, list) else f"({items},)"


def _merge(chain: ConfigFile, config: Config, key: str, value: object) -> None:
    try:
        config.merge_from_dict({key: value})
    except (AttributeError, TypeError) as err:  # mmengine replaces no plain item of a list or tuple
        raise ValueError(
            f"{chain.path}: --cfg-options {key} must not be a part of a list or tuple that a base "
            "outside these Python files sets. Give it as a whole."
        ) from err
