"""``--cfg-options``: overrides put into a config where its author would have written them."""

import argparse
import ast
import difflib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction

MAX_NAMES = 8  # how many names a message lists
ASSIGNMENTS = (ast.Assign, ast.AugAssign, ast.AnnAssign)
OWN_VALUES = "_own_values_"  # the file's values before those of its _base_ files are merged in


def parse_options(words: Sequence[str]) -> dict[str, object]:
    """Read ``key=value`` words as mmengine does.

    ``data_root`` is taken literally and ends in a slash: the configs join by ``+``.

    Raises: ValueError: a word without ``=``, or brackets that do not match.
    """
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise ValueError(f"--cfg-options must be key=value, got {word!r}.")
        if any(value.count(pair[0]) != value.count(pair[1]) for pair in ("()", "[]")):
            raise ValueError(f"--cfg-options must have matching brackets, got {word!r}.")
    parser = argparse.ArgumentParser()
    parser.add_argument("--options", nargs="+", action=DictAction)
    values = parser.parse_args(["--options", *words]).options if words else {}
    for word in words:
        key, _, value = word.partition("=")
        if key == "data_root" and value:
            values[key] = value if value.endswith("/") else f"{value}/"
    return values


def bound_names(node: ast.AST) -> set[str]:
    """Collect the names that a statement sets; those inside a function are no variables."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return set()
    names = (part for part in ast.walk(node) if isinstance(part, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def evaluate(path: Path, tree: ast.Module, values: dict[str, object]) -> Config:
    """Let mmengine evaluate a config with overrides.

    An override of what the file itself sets becomes a statement behind the variable's assignment,
    so that everything made from the variable later follows; what it was made from stays. An
    override of what only a ``_base_`` file sets is merged into the result.

    Args:
        path: the config; messages name it, and ``_base_`` is relative to it.
        tree: the config's syntax tree.
        values: override of each key; keys may have dots.
    Raises: ValueError: a config that raises, a ``_base_`` file or a key that is not there.
    """
    _require_bases(path, tree)
    if not values:
        return _run(path, path)
    bound = {name for node in tree.body for name in bound_names(node)}
    whole = {key: value for key, value in values.items() if key in bound}
    parts = [key for key in values if key not in bound]
    heads = sorted({key.partition(".")[0] for key in parts} & bound)

    shown = ", ".join(f"{name!r}: globals().get({name!r})" for name in heads)
    own_values = f"{OWN_VALUES} = {{{shown}}}"
    probe = _run_text(path, f"{_with_statements(path, tree, whole, {})}{own_values}\n")
    own = probe.pop(OWN_VALUES)
    for key in parts:
        _require_key(path, probe, key)
    changes = {name: [] for name in heads}
    late = []
    for key in parts:
        name, *words = key.split(".")
        if _has(own, key.split(".")):
            changes[name].append(f"{name} = {_changed(name, own[name], words, values[key])}")
        else:
            late.append(key)
    config = _run_text(path, _with_statements(path, tree, whole, changes))
    for key in late:
        try:
            config.merge_from_dict({key: values[key]})
        except TypeError as err:
            raise ValueError(
                f"{path}: --cfg-options {key} must not be a part of a tuple that a _base_ file "
                "sets. Give the tuple as a whole."
            ) from err
    return config


def _with_statements(
    path: Path, tree: ast.Module, whole: dict[str, object], changes: dict[str, list[str]]
) -> str:
    """Write the config anew, with its variables set or changed and its bases absolute."""
    last = {name: index for index, node in enumerate(tree.body) for name in bound_names(node)}
    lines = []
    for index, node in enumerate(tree.body):
        names = bound_names(node)
        if "_base_" in names:
            lines.append(f"_base_ = {_base_files(path, node)!r}")
        elif not (isinstance(node, ASSIGNMENTS) and names and names <= set(whole)):
            lines.append(ast.unparse(node))
        for name in sorted(names):
            if name in whole:
                lines.append(f"{name} = {whole[name]!r}")
            if last[name] == index:
                lines += changes.get(name, [])
    return "\n".join(lines) + "\n"


def _changed(expression: str, value: object, words: list[str], new: object) -> str:
    """Write an expression for a copy of ``value`` that is ``new`` at the place of ``words``."""
    if not words:
        return repr(new)
    word, *rest = words
    key = word if isinstance(value, dict) else int(word)
    part = _changed(f"{expression}[{key!r}]", value[key], rest, new)
    if isinstance(value, dict):
        return f"{{**{expression}, {key!r}: {part}}}"
    items = f"*{expression}[:{key}], {part}, *{expression}[{key + 1}:]"
    return f"[{items}]" if isinstance(value, list) else f"({items})"


def _run_text(path: Path, text: str) -> Config:
    """Evaluate the text in place of the file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, path.name)
        file.write_text(text, encoding="utf-8")
        config = _run(path, file)
    return Config(config._cfg_dict, cfg_text=text, filename=str(path))


def _run(path: Path, file: Path) -> Config:
    try:
        return Config.fromfile(file)
    except Exception as err:  # a config is a program: it may raise anything
        first = err
        while isinstance(first, ImportError) and first.__context__:  # mmengine says "PYTHONPATH"
            first = first.__context__
        raise ValueError(
            f"{path}: config cannot be evaluated: {type(first).__name__}: {first}."
        ) from err


def _base_files(path: Path, node: ast.Assign) -> list[str]:
    """Make the names of ``_base_`` absolute, but for those of a package (``mmpose::...``)."""
    try:
        bases = ast.literal_eval(node.value)
    except ValueError as err:
        raise ValueError(
            f"{path}: _base_ must be a list of file names, got {ast.unparse(node.value)}. "
            "Write the names out."
        ) from err
    bases = [bases] if isinstance(bases, str) else bases
    return [base if "::" in base else str((path.parent / base).resolve()) for base in bases]


def _require_bases(path: Path, tree: ast.Module) -> None:
    for node in tree.body:
        for base in _base_files(path, node) if "_base_" in bound_names(node) else []:
            if "::" not in base and not Path(base).is_file():
                raise ValueError(
                    f"{path}: _base_ must name files that exist, got {base}. "
                    "Names are relative to the config."
                )


def _parts(value: object) -> dict[str, object]:
    """Name what lies directly below a value, as the words of an option do."""
    if isinstance(value, (dict, Config)):
        return {key: part for key, part in value.items() if isinstance(key, str)}
    if isinstance(value, (list, tuple)):
        return {str(index): part for index, part in enumerate(value)}
    return {}


def _has(value: object, words: list[str]) -> bool:
    if not words:
        return True
    parts = _parts(value)
    return words[0] in parts and _has(parts[words[0]], words[1:])


def _require_key(path: Path, config: Config, key: str) -> None:
    """Refuse an override of something that is not there: it would have no effect."""
    here: object = config
    words = key.split(".")
    for i, word in enumerate(words):
        parts = _parts(here)
        if word not in parts:
            place = ".".join(words[:i]) or "the config"
            hint = _hint(word, list(parts))
            raise ValueError(f"{path}: --cfg-options {key}: {place} has no '{word}'. {hint}")
        here = parts[word]


def _hint(word: str, names: list[str]) -> str:
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    if not names:
        return "It has no parts."
    more = len(names) - MAX_NAMES
    return f"It has: {', '.join(names[:MAX_NAMES])}" + (f" and {more} more." if more > 0 else ".")
