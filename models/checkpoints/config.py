"""The config that a checkpoint carries, read without running any of it.

mmengine stores the config as Python text. Only assignments of plain values are taken, and only
classes that are registered by name: a type that is a path to any Python object is refused, as is
an import of anything but this toolkit's packages.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config

from models.checkpoints.weights import read_checkpoint

OUR_PACKAGES = {"models", "mmpose_replacement"}
NEEDED = ("codec", "custom_imports", "model", "test_dataloader")


def read_config(path: str | Path) -> Config:
    """Read the config out of a checkpoint file.

    Args:
        path: a file written in training by this toolkit.
    Returns: the config, as the training used it.
    Raises: ValueError: no config in the file, one of another toolkit, or one with more than plain
        values in it.
    """
    meta = read_checkpoint(path).get("meta")
    text = meta.get("cfg") if isinstance(meta, dict) else None
    if not isinstance(text, str):
        raise ValueError(
            f"{path}: checkpoint must carry its config, got weights alone. Give --config CONFIG."
        )
    try:
        values = _values(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as err:
        raise ValueError(
            f"{path}: config in the checkpoint must be plain values, but {err}. "
            "It was not used. Give --config CONFIG."
        ) from err
    _check_ours(path, values)
    return Config(values)


def _values(tree: ast.Module) -> dict[str, object]:
    values = {}
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and [type(t) for t in node.targets] == [ast.Name]):
            raise ValueError(f"line {node.lineno} is no assignment")
        values[node.targets[0].id] = _value(node.value)
    return values


def _value(node: ast.expr) -> object:
    """Evaluate a literal in which ``dict(key=value)`` may stand for a mapping."""
    if isinstance(node, ast.List | ast.Tuple):
        items = [_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {
            _value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True)
        }
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        found = {}
        for argument in node.args:
            found |= _value(argument)
        return found | {word.arg: _value(word.value) for word in node.keywords}
    if isinstance(node, ast.Call | ast.Name | ast.Attribute | ast.Subscript | ast.Dict):
        raise ValueError(f"line {node.lineno} computes something")
    return ast.literal_eval(node)


def _check_ours(path: str | Path, values: dict[str, object]) -> None:
    missing = [key for key in NEEDED if not isinstance(values.get(key), dict)]
    if missing:
        raise ValueError(
            f"{path}: config in the checkpoint must be one of this toolkit, got one without "
            f"'{missing[0]}'. Give --config CONFIG."
        )
    imports = values["custom_imports"].get("imports")
    foreign = set([imports] if isinstance(imports, str) else imports or []) - OUR_PACKAGES
    foreign |= {word for word in _types(values) if "." in word}
    if foreign:
        raise ValueError(
            f"{path}: config in the checkpoint must use registered classes alone, got "
            f"{sorted(foreign)[0]!r}. It was not used. Give --config CONFIG, if you trust it."
        )


def _types(value: object) -> Iterator[str]:
    """Yield every ``type`` and scope in nested lists and mappings, as text."""
    if isinstance(value, dict):
        yield from (str(value[key]) for key in ("type", "_scope_", "default_scope") if key in value)
        yield from (word for inner in value.values() for word in _types(inner))
    elif isinstance(value, list | tuple):
        yield from (word for inner in value for word in _types(inner))
