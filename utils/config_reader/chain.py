"""A config and the files that it stands on, as syntax trees that can be written anew."""

import ast
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

ASSIGNMENTS = (ast.Assign, ast.AugAssign, ast.AnnAssign)
OWN_VALUES = "_own_values_{}"  # what a file itself sets, before its bases are merged in
_VARIABLE = re.compile(r"\{\{['\"]?\s*\$(\w+)\s*:\s*(\S*?)\s*['\"]?\}\}")  # mmengine's own pattern


@dataclass(frozen=True)
class ConfigFile:
    """One Python file of a chain.

    Attributes:
        path: where the file is; ``_base_`` is relative to it.
        tree: its syntax tree.
        bases: the files that ``_base_`` names, read; those of a package (``mmpose::...``) and those
            that are no Python stay names.
        as_it_stands: whether no environment variable has changed its text.
    """

    path: Path
    tree: ast.Module
    bases: tuple["ConfigFile | str", ...]
    as_it_stands: bool

    @property
    def bound(self) -> set[str]:
        """The variables that this file sets itself."""
        return {name for node in self.tree.body for name in bound_names(node)} - {"_base_"}

    @property
    def used(self) -> set[str]:
        """The variables that this file reads, its own and those of its bases."""
        parts = list(ast.walk(self.tree))
        names = {part.id for part in parts if isinstance(part, ast.Name)}
        return {
            part.id
            for part in parts
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
        } | {part.attr for part in parts if isinstance(part, ast.Attribute) and "_base_" in names}

    def ancestors(self) -> Iterator["ConfigFile"]:
        """Yield the files below this one, the nearest first."""
        for base in self.bases:
            if isinstance(base, ConfigFile):
                yield base
                yield from base.ancestors()


def bound_names(node: ast.AST) -> set[str]:
    """Collect the names that a statement sets; those inside a function are no variables."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return set()
    names = (part for part in ast.walk(node) if isinstance(part, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def read_chain(path: Path, children: tuple[Path, ...] = ()) -> ConfigFile:
    """Read a config and every Python file below it.

    Args:
        path: the config.
        children: the files that stand on this one, to tell a circle by.

    Returns:
        The config with its bases.

    Raises:
        ValueError: a file that is no Python, a ``_base_`` that is no list of names, a base that is
            not there or that stands on itself.
    """
    # environment variables are put in here: mmengine would load PyTorch to say that it did
    try:
        stored = path.read_text(encoding="utf-8")
        text = _VARIABLE.sub(lambda found: os.environ.get(found[1]) or found[0], stored)
        tree = ast.parse(text, filename=str(path))
    # ValueError: no text, or a null byte in it; the last two: nested too deep
    except (SyntaxError, ValueError, RecursionError, MemoryError) as err:
        why = str(err) or "it is nested too deep"
        raise ValueError(f"{path}: config must be Python in mmengine's form, but {why}.") from err
    bases: list[ConfigFile | str] = []
    for name in (name for node in tree.body for name in _base_names(path, node)):
        base = (path.parent / name).resolve()
        if "::" in name:
            bases.append(name)
        elif base in {path.resolve(), *children}:
            raise ValueError(f"{path}: _base_ must not lead back to the file itself, got {name}.")
        elif not base.is_file():
            raise ValueError(
                f"{path}: _base_ must name files that exist, got {base}. "
                "Names are relative to the config."
            )
        elif base.suffix == ".py":
            bases.append(read_chain(base, (path.resolve(), *children)))
        else:
            bases.append(str(base))
    return ConfigFile(path, tree, tuple(bases), text == stored)


def _base_names(path: Path, node: ast.stmt) -> list[str]:
    if not (isinstance(node, ast.Assign) and "_base_" in bound_names(node)):
        return []
    try:
        names = ast.literal_eval(node.value)
    except ValueError as err:
        raise ValueError(
            f"{path}: _base_ must be a list of file names, got {ast.unparse(node.value)}. "
            "Write the names out."
        ) from err
    return [names] if isinstance(names, str) else list(names)


def run(path: Path) -> Config:
    """Let mmengine evaluate a config as it stands.

    Raises:
        ValueError: a config that raises.
    """
    return _run(path, path)


def run_changed(
    chain: ConfigFile,
    whole: dict[str, object],
    changes: dict[Path, dict[str, list[str]]],
    recorded: set[str],
) -> tuple[Config, dict[Path, dict[str, object]]]:
    """Let mmengine evaluate a chain with other values.

    Args:
        chain: the config.
        whole: value of each variable, in place of what any file assigns to it.
        changes: for each file the statements to put behind the last assignment of a variable.
        recorded: the variables whose own value in each file is wanted.

    Returns:
        The config, and for each file the recorded variables that it sets itself.

    Raises:
        ValueError: a config that raises.
    """
    files = list(dict.fromkeys([chain.path, *(file.path for file in chain.ancestors())]))
    with tempfile.TemporaryDirectory() as folder:
        places = {
            file: Path(folder, str(index), file.name) for index, file in enumerate(files)
        }  # a folder each: two files of a chain may have one name
        for file in (chain, *chain.ancestors()):
            text = _text(file, places, whole, changes.get(file.path, {}))
            shown = ", ".join(f"{name!r}: globals().get({name!r})" for name in sorted(recorded))
            key = OWN_VALUES.format(files.index(file.path))
            place = places[file.path]
            place.parent.mkdir(exist_ok=True)
            place.write_text(
                f"{text}{key} = __import__('copy').deepcopy({{{shown}}})\n", encoding="utf-8"
            )
        config = _run(chain.path, places[chain.path])
        text = _text(chain, places, whole, changes.get(chain.path, {}))
    own = {}
    bound = {file.path: file.bound for file in (chain, *chain.ancestors())}
    for index, path in enumerate(files):
        values = _plain(config.pop(OWN_VALUES.format(index)))
        own[path] = {name: values[name] for name in sorted(recorded & bound[path])}
    return Config(config._cfg_dict, cfg_text=text, filename=str(chain.path)), own


def _text(
    file: ConfigFile,
    places: dict[Path, Path],
    whole: dict[str, object],
    changes: dict[str, list[str]],
) -> str:
    """Write a file anew, with its variables set or changed and its bases where they lie now."""
    last = {name: i for i, node in enumerate(file.tree.body) for name in bound_names(node)}
    lines = []
    for index, node in enumerate(file.tree.body):
        names = bound_names(node)
        if "_base_" in names:
            bases = [base if isinstance(base, str) else places[base.path] for base in file.bases]
            lines.append(f"_base_ = {[str(base) for base in bases]!r}")
        elif not (isinstance(node, ASSIGNMENTS) and names and names <= set(whole)):
            lines.append(ast.unparse(node))
        for name in sorted(names):
            if name in whole:
                lines.append(f"{name} = {whole[name]!r}")
            if last[name] == index:
                lines += changes.get(name, [])
    return "\n".join(lines) + "\n"


def _plain(value: object) -> Any:
    """Turn mmengine's dictionaries into Python's, whose ``repr`` can be evaluated anywhere."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(part) for part in value)
    return value


def _run(path: Path, file: Path) -> Config:
    with program_of(path):
        return Config.fromfile(file, import_custom_modules=False)


@contextmanager
def program_of(path: str | Path) -> Iterator[None]:
    """Run what a config makes run: a program, which may raise anything.

    Args:
        path: the config.

    Yields:
        Nothing.

    Raises:
        ValueError: whatever is raised, with the config's name and the first cause.
    """
    try:
        yield
    except Exception as err:
        first: BaseException = err
        while isinstance(first, ImportError) and first.__context__:  # mmengine says "PYTHONPATH"
            first = first.__context__
        raise ValueError(
            f"{path}: config cannot be evaluated: {type(first).__name__}: {first}."
        ) from err
