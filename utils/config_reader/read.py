"""A training config from its file: overrides that take effect everywhere, and mistakes told."""

import ast
import difflib
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from prepostprocess.preprocess import get_preprocess
from utils.config_reader.chain import ConfigFile, bound_names, program_of, read_chain
from utils.config_reader.options import parse_options
from utils.config_reader.overrides import evaluate
from utils.config_reader.own_data import use_own_data
from utils.own_data.data_file import read_own_data
from utils.processes import PARENT, is_first

ROOT = Path(__file__).resolve().parents[2]
# top-level names that mean something to mmpose, to the original toolkit or to us
OUR_KEYS = """
    auto_scale_lr channel_cfg codec compile custom_imports data_mode data_root dataset_info
    dataset_type detection_file detection_score_thr evaluation find_unused_parameters input_size
    max_epochs mixed_crops preprocess quant_friendly random_colour random_regions resume_from
    runner_type sync_bn test_pipeline train_pipeline val_pipeline vis_backends
""".split()
# the arguments of mmengine's Runner
RUNNER_KEYS = """
    auto_scale_lr custom_hooks data_preprocessor default_hooks default_scope env_cfg experiment_name
    launcher load_from log_level log_processor model optim_wrapper param_scheduler randomness resume
    test_cfg test_dataloader test_evaluator train_cfg train_dataloader val_cfg val_dataloader
    val_evaluator visualizer work_dir
""".split()
KNOWN_KEYS = sorted({*OUR_KEYS, *RUNNER_KEYS})


def read_config_file(
    path: str | Path, options: Sequence[str] = (), data: str | Path | None = None
) -> Config:
    """Read a config file and apply ``--cfg-options``.

    What an option sets is set behind the variable's own line, in whichever file of the ``_base_``
    chain that is, so that everything made from it there follows: ``preprocess=kneron_720``,
    ``codec.decoder=dark``. What a child file sets reaches its parents in the same way. The key
    must exist.

    Args:
        path: config in mmengine's Python form.
        options: words ``key=value``; keys may have dots, values are Python literals or words.
        data: YAML file that describes a data set of one's own, in the place of the config's.

    Returns:
        The config, with the original toolkit's words (``resume_from``, ``evaluation.interval``) put
        into mmengine's form. Its ``custom_imports`` have not been imported.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that is no config or one of mmpose 0.x, an option that the config does
            not have, a misspelt or missing top-level key, epochs or intervals below 1, or a fault
            in the description of the data.
    """
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing there"
        raise FileNotFoundError(
            f"{path}: config must be a file, got {found}. Shipped ones are below configs/."
        )
    values = parse_options(options)
    chain = read_chain(path)
    if {"data", "total_epochs", "data_cfg"} & chain.bound:
        _refuse_old(path)
    if "train_cfg.max_epochs" in values:
        for file in (chain, *chain.ancestors()):
            _refuse_half_a_schedule(file, values["train_cfg.max_epochs"])
    config = evaluate(chain, values)
    _check_top_level(path, config)
    _translate_words(path, config)
    _check_lengths(path, config)
    _check_words(path, config)
    if data is not None:
        own = read_own_data(data)
        use_own_data(config, own)
        for line in own.remarks if is_first() and PARENT not in os.environ else ():
            logging.getLogger(__name__).warning("%s: %s", data, line)
    return config


def import_custom(config: Config) -> None:
    """Import what a config's ``custom_imports`` name, which registers classes and loads PyTorch.

    Raises:
        ValueError: a module that cannot be imported.
    """
    with program_of(config.filename or "the checkpoint's config"):
        import_modules_from_strings(**config.get("custom_imports", {"imports": []}))


def _refuse_old(path: Path) -> None:
    """Name the shipped config that replaces one of mmpose 0.x."""
    shipped = {file.stem: file for file in sorted((ROOT / "configs/top_down").rglob("*.py"))}
    near = difflib.get_close_matches(path.stem.lower(), shipped, n=1, cutoff=0.0)
    raise ValueError(
        f"{path}: config must be of mmpose 1.x, but this one is of mmpose 0.x "
        f"(it sets data, data_cfg or total_epochs). Use {shipped[near[0]].relative_to(ROOT)}."
    )


def _refuse_half_a_schedule(file: ConfigFile, epochs: object) -> None:
    """Refuse ``train_cfg.max_epochs`` where the learning rate would keep the file's length."""
    for node in file.tree.body:
        used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        if {"train_cfg"} == bound_names(node) and "max_epochs" in used:
            raise ValueError(
                f"{file.path}: --cfg-options train_cfg.max_epochs must not be set here: the "
                f"learning rate follows the variable 'max_epochs'. Use max_epochs={epochs}."
            )


def _check_top_level(path: Path, config: Config) -> None:
    """Refuse a name that is one or two letters from one that means something, and what is missing.

    A model and people to train or to test it on are what every script needs.
    """
    for key in config:
        if key in KNOWN_KEYS or len(key) < 5:
            continue
        near = [known for known in KNOWN_KEYS if _edits(key, known) <= 2]
        if near:
            raise ValueError(
                f"{path}: unknown key '{key}'. Did you mean '{near[0]}'? "
                "Otherwise rename it: it would be taken for a misspelling."
            )
    for keys in (("model",), ("train_dataloader", "test_dataloader")):
        if not any(config.get(key) for key in keys):
            raise ValueError(
                f"{path}: config must set {' or '.join(map(repr, keys))}, got none. "
                "Start from one below configs/."
            )


def _edits(first: str, second: str) -> int:
    """Count the letters to insert, delete or replace (Levenshtein distance)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def _translate_words(path: Path, config: Config) -> None:
    """Put the original toolkit's ``resume_from`` and ``evaluation.interval`` into mmengine's form.

    ``load_from`` means the same in both.
    """
    resume_from = config.pop("resume_from", None)
    if resume_from:
        config.resume, config.load_from = True, resume_from
    evaluation = config.pop("evaluation", None)
    if evaluation:
        if not isinstance(evaluation, dict) or set(evaluation) != {"interval"}:
            raise ValueError(
                f"{path}: evaluation must have 'interval' only, got {evaluation}. "
                "Metrics are set by val_evaluator."
            )
        _require_positive(path, "evaluation.interval", evaluation["interval"])
        config.merge_from_dict({"train_cfg.val_interval": evaluation["interval"]})


def _check_lengths(path: Path, config: Config) -> None:
    """Refuse a training of no epoch, a validation every 0 epochs, and what no teacher can label."""
    train_cfg = config.get("train_cfg") or {}
    if "max_epochs" in config:
        _require_positive(path, "max_epochs", config.max_epochs)
    for key in sorted({"max_epochs", "val_interval"} & set(train_cfg)):
        _require_positive(path, f"train_cfg.{key}", train_cfg[key])
    regions = config.get("random_regions", 0)
    if type(regions) is not int or regions < 0:
        raise ValueError(
            f"{path}: random_regions must be a whole number of boxes an image, 0 for none, got "
            f"{regions!r}. Correct it."
        )
    colour = config.get("random_colour", 0)
    if not isinstance(colour, int | float) or colour < 0:
        raise ValueError(
            f"{path}: random_colour must be a number of at least 0, got {colour!r}. Begin with 0.4."
        )
    mixed = config.get("mixed_crops", 0)
    if not isinstance(mixed, int | float) or not 0 <= mixed <= 1:
        raise ValueError(
            f"{path}: mixed_crops must be a share of the crops in [0, 1], got {mixed!r}. Correct "
            "it."
        )


def _check_words(path: Path, config: Config) -> None:
    """Refuse a word that the switch does not have, wherever it stands."""
    for part in mappings(config._cfg_dict):
        if isinstance(part.get("preprocess"), str):
            try:
                get_preprocess(part["preprocess"])
            except ValueError as err:
                raise ValueError(f"{path}: {err}") from err


def mappings(value: object) -> Iterator[dict]:
    """Yield every mapping in nested lists and mappings, outer ones first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from mappings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from mappings(inner)


def _require_positive(path: Path, name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        fix = "Count epochs" if "epochs" in name else "To leave validation out use --no-validate"
        raise ValueError(f"{path}: {name} must be a positive integer, got {value!r}. {fix}.")
