"""Reading a training config: overrides that take effect everywhere, and mistakes told early."""

import argparse
import ast
import difflib
import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmengine.config import Config, ConfigDict, DictAction
from mmengine.runner import Runner

ROOT = Path(__file__).resolve().parents[1]
# top-level names that mean something to a Runner, to mmpose, to the original toolkit or to us
KNOWN_KEYS = {
    *inspect.signature(Runner.__init__).parameters,
    *("custom_imports", "runner_type", "auto_scale_lr", "find_unused_parameters", "sync_bn"),
    *("compile", "resume_from", "evaluation", "codec", "data_root", "detection_file"),
    *(
        "preprocess",
        "input_size",
        "detection_score_thr",
        "train_pipeline",
        "val_pipeline",
        "test_pipeline",
    ),
    *("dataset_info", "max_epochs", "vis_backends", "channel_cfg", "data_mode", "dataset_type"),
} - {"self", "cfg"}


def load_config(path: str | Path, options: Sequence[str] = ()) -> Config:
    """Read a config file and apply ``--cfg-options``.

    A plain variable of the file (``preprocess``, ``data_root``, ``max_epochs``) is set before the
    file is evaluated, so that everything made from it follows; any other key is replaced in the
    result and must exist there.

    Args:
        path: config in mmengine's Python form.
        options: words ``key=value``; keys may have dots, values are Python literals or words.
    Returns: the config, with the original toolkit's words (``resume_from``,
        ``evaluation.interval``) put into mmengine's form.
    Raises: FileNotFoundError: no such file; ValueError: a file that is no config or one of mmpose
        0.x, an option that the config does not have, a misspelt top-level key.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: config must be a file. Shipped ones are below configs/.")
    values = _parse_options(options)
    tree = _syntax_tree(path)
    variables = {
        name for node in tree.body if isinstance(node, ast.Assign) for name in _target_names(node)
    }
    if {"data", "total_epochs", "data_cfg"} & variables:
        _refuse_old(path)
    early = {key: value for key, value in values.items() if key in variables}
    config = _evaluate(path, tree, early)
    _check_top_level(path, config)
    late = {key: value for key, value in values.items() if key not in variables}
    for key in late:
        _require_key(path, config, key)
    config.merge_from_dict(late)
    _translate_words(path, config)
    return config


def _parse_options(options: Sequence[str]) -> dict:
    """Read ``key=value`` words as mmengine does."""
    for word in options:
        if "=" not in word:
            raise ValueError(f"--cfg-options must be key=value, got {word!r}.")
    parser = argparse.ArgumentParser()
    parser.add_argument("--options", nargs="+", action=DictAction)
    return parser.parse_args(["--options", *options]).options if options else {}


def _syntax_tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (SyntaxError, UnicodeDecodeError) as err:
        raise ValueError(f"{path}: config must be Python in mmengine's form, but {err}.") from err


def _target_names(node: ast.Assign) -> Iterator[str]:
    return (target.id for target in node.targets if isinstance(target, ast.Name))


def _evaluate(path: Path, tree: ast.Module, early: dict) -> Config:
    """Let mmengine evaluate the file, with some of its variables replaced."""
    try:
        if not early:
            return Config.fromfile(path)
        for node in tree.body:
            if isinstance(node, ast.Assign):
                for name in _target_names(node):
                    if name in early:
                        node.value = ast.parse(repr(early[name]), mode="eval").body
                    elif name == "_base_":
                        bases = ast.literal_eval(node.value)
                        bases = [bases] if isinstance(bases, str) else bases
                        absolute = [str((path.parent / base).resolve()) for base in bases]
                        node.value = ast.parse(repr(absolute), mode="eval").body
        text = ast.unparse(ast.fix_missing_locations(tree))
        config = Config.fromstring(text, ".py")
        return Config(config._cfg_dict, cfg_text=text, filename=str(path))
    except (NameError, AttributeError, KeyError, ImportError) as err:
        raise ValueError(f"{path}: config cannot be evaluated: {err}.") from err


def _check_top_level(path: Path, config: Config) -> None:
    """Refuse a name that is one or two letters from one that means something."""
    for key in config:
        if key in KNOWN_KEYS or len(key) < 5:
            continue
        near = [known for known in KNOWN_KEYS if 0 < _edits(key, known) <= 2]
        if near:
            raise ValueError(
                f"{path}: unknown key '{key}'. Did you mean '{min(near)}'? "
                "Otherwise rename it: it would be taken for a misspelling."
            )


def _edits(first: str, second: str) -> int:
    """Count the letters to insert, delete or replace (Levenshtein distance)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def _require_key(path: Path, config: Config, key: str) -> None:
    """Refuse an override of something that is not there: it would have no effect."""
    here: object = config
    for i, word in enumerate(key.split(".")):
        if isinstance(here, (dict, ConfigDict, Config)):
            names = list(here)
        elif isinstance(here, (list, tuple)):
            names = [str(index) for index in range(len(here))]
        else:
            names = []
        if word not in names:
            place = ".".join(key.split(".")[:i]) or "the config"
            near = difflib.get_close_matches(word, names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"It has: {', '.join(names)}."
            raise ValueError(f"{path}: --cfg-options {key}: {place} has no '{word}'. {hint}")
        here = here[int(word)] if isinstance(here, (list, tuple)) else here[word]


def _refuse_old(path: Path) -> None:
    """Name the shipped config that replaces one of mmpose 0.x."""
    shipped = {file.stem: file for file in sorted((ROOT / "configs/top_down").rglob("*.py"))}
    near = difflib.get_close_matches(path.stem.lower(), shipped, n=1, cutoff=0.0)
    raise ValueError(
        f"{path}: config must be of mmpose 1.x, but this one is of mmpose 0.x "
        f"(it sets data, data_cfg or total_epochs). Use {shipped[near[0]].relative_to(ROOT)}."
    )


def _translate_words(path: Path, config: Config) -> None:
    """Put the original toolkit's ``resume_from`` and ``evaluation.interval`` into mmengine's form.

    ``load_from`` means the same in both.
    """
    resume_from = config.pop("resume_from", None)
    if resume_from:
        config.resume, config.load_from = True, resume_from
    evaluation = config.pop("evaluation", None)
    if evaluation:
        unknown = sorted(set(evaluation) - {"interval"})
        if unknown:
            raise ValueError(
                f"{path}: evaluation must have 'interval' only, got {unknown}. "
                "Metrics are set by val_evaluator."
            )
        config.train_cfg.val_interval = evaluation["interval"]
