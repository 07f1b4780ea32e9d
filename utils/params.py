"""Read a YAML file into a frozen dataclass, or say in one line what is wrong with it."""

import dataclasses
import difflib
import os
import sys
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")
_WORDS = {int: "a whole number", float: "a finite number", bool: "true or false", str: "text"}
_WORDS |= {Path: "a file path", type(None): "left out", tuple: "a list"}


class _EachKeyOnce(yaml.SafeLoader):
    """PyYAML takes the last of two equal keys, and says nothing of the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Build a mapping, as PyYAML does, of keys that differ."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                told = f"'{key.value}' is there twice"
                raise yaml.constructor.ConstructorError(problem=told, problem_mark=key.start_mark)
            seen |= {key.value} if isinstance(key, yaml.ScalarNode) else set()
        return super().construct_mapping(node, deep)


class ParamsError(ValueError):
    """A parameter file, or a value in it, that cannot be used; its text is one line."""


def param(default: Any, rule: str, holds: Callable[[Any], bool]) -> Any:
    """Declare a dataclass field with a rule.

    Args:
        default: value when the key is left out; None is never checked.
        rule: what the value must be, in words that follow "must be".
        holds: tells whether a value (of the right type) keeps the rule.

    Returns:
        The field.
    """
    return dataclasses.field(default=default, metadata={"rule": rule, "holds": holds})


def read_mapping(path: str | Path) -> dict[str, Any]:
    """Read a YAML (or JSON) file of keys and values.

    Args:
        path: the file.

    Returns:
        The keys and values; those left empty are dropped. A file of comments has none.

    Raises:
        ParamsError: no such file, nothing in it, or not YAML.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, _EachKeyOnce)
    except OSError as err:
        raise ParamsError(
            f"{path}: parameters must be a readable YAML file, got {err.strerror}. Check the path."
        ) from err
    except (yaml.YAMLError, ValueError, RecursionError) as err:
        raise ParamsError(
            f"{path}: parameters must be a YAML file, got {_yaml_fault(err)}. Write 'key: value' "
            "lines."
        ) from err
    if content is None and text.lstrip().startswith("#"):
        return {}
    if not isinstance(content, dict):
        raise ParamsError(
            f"{path}: parameters must be 'key: value' lines, got {type(content).__name__}. "
            "Write such lines."
        )
    return {str(key): value for key, value in content.items() if value is not None}


def _yaml_fault(err: Exception) -> str:
    mark = getattr(err, "problem_mark", None)
    if mark:
        told = err.problem if isinstance(err, yaml.constructor.ConstructorError) else ""
        return f"a fault at line {mark.line + 1}" + (f": {told}" if told else "")
    kinds = {RecursionError: "endless nesting", UnicodeDecodeError: "bytes that are no text"}
    return kinds.get(type(err), "a value that is no date and no number")


def build_params(
    schema: type[T],
    values: Mapping[str, Any],
    path: str | Path,
    names: Mapping[str, str] | None = None,
) -> T:
    """Fill a dataclass from a file's values.

    Args:
        schema: a dataclass with a field ``source``, which gets ``path``. Fields of type ``Path``
            must name files and are looked up from the working directory, then from the file's
            folder.
        values: keys are the schema's fields, or their aliases in ``names``.
        path: the file the values come from, for messages.
        names: field: the key that the file uses for it.
    Returns: the dataclass.
    Raises: ParamsError: an unknown or missing key, a value of another type or against the rule.
    """
    names = names or {}
    dataclass: Any = schema  # no annotation of the standard library says so
    fields = {names.get(f.name, f.name): f for f in dataclasses.fields(dataclass)}
    fields.pop("source")
    check_keys(values, fields, path)
    hints = typing.get_type_hints(schema)
    filled = {}
    for key, field in fields.items():
        if key in values:
            value = _convert(values[key], hints[field.name], key, path)
            if "rule" in field.metadata and not field.metadata["holds"](value):
                raise ParamsError(
                    f"{path}: {key} must be {field.metadata['rule']}, got {value!r}. Correct it."
                )
            filled[field.name] = value
        elif field.default is dataclasses.MISSING:
            raise ParamsError(
                f"{path}: {key} must be given, got no such key. Add a line '{key}: ...'."
            )
    return dataclass(source=Path(path), **filled)


def load_params(path: str | Path, schema: type[T]) -> T:
    """Read a YAML file whose keys are a dataclass's fields.

    Args:
        path: the file.
        schema: the dataclass; see ``build_params``.

    Returns:
        The dataclass, filled.

    Raises: ParamsError: see ``read_mapping`` and ``build_params``.
    """
    return build_params(schema, read_mapping(path), path)


def check_keys(values: Mapping[str, Any], known: typing.Iterable[str], path: str | Path) -> None:
    """Refuse the first key that is not known, with the nearest that is.

    Args:
        values: what the file says.
        known: keys that it may have.
        path: the file, for the message.

    Raises:
        ParamsError: a key that is not known.
    """
    known = list(known)
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            fix = f"Did you mean '{near[0]}'?" if near else f"Known keys: {', '.join(known)}."
            raise ParamsError(f"{path}: unknown key '{key}'. {fix}")


def find_file(value: str | Path, key: str, path: str | Path) -> Path:
    """Find a file that a parameter file names.

    Args:
        value: absolute, or relative to the working directory or else to the parameter file's
            folder.
        key: the parameter, for messages.
        path: the parameter file.
    Returns: a path that exists.
    Raises: ParamsError: the file is in neither place.
    """
    candidates = [Path(os.path.expanduser(value)), Path(path).parent / value]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    places = " or ".join(dict.fromkeys(str(candidate) for candidate in candidates))
    raise ParamsError(
        f"{path}: {key} must be an existing file, got none at {places}. Correct the path."
    )


def check_onnx_suffix(model_path: Path, key: str, path: str | Path) -> None:
    """Refuse weights of another kind before they are opened.

    Args:
        model_path: the network's file.
        key: the parameter, for the message.
        path: the parameter file, for the message.

    Raises:
        ParamsError: it does not end in .onnx.
    """
    if model_path.suffix.lower() != ".onnx":
        raise ParamsError(
            f"{path}: {key} must be an ONNX file, got {model_path}. Export the network first."
        )


def _convert(value: Any, hint: Any, key: str, path: str | Path) -> Any:
    """Check a value against an annotation (a type, a union of types, or a tuple of text)."""
    is_union = isinstance(hint, types.UnionType)
    allowed = typing.get_args(hint) if is_union else (hint,)
    origins = [typing.get_origin(kind) or kind for kind in allowed]
    if Path in origins and isinstance(value, str):
        return find_file(value, key, path)
    if tuple in origins and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if float in origins and type(value) in (int, float):
        if abs(value) <= sys.float_info.max:  # NaN is not
            return float(value)
    elif type(value) in origins:
        return value
    words = " or ".join(_WORDS[kind] for kind in origins if kind is not type(None))
    got = f"{value!r:.60} ({type(value).__name__})"
    raise ParamsError(f"{path}: {key} must be {words}, got {got}. Correct the line.")
