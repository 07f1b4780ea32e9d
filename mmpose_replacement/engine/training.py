"""From the flags of train.py to a finished training."""

import argparse
import functools
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmpose_replacement.config.hooks import add_hook
from mmpose_replacement.engine.acceleration import choose_acceleration
from mmpose_replacement.engine.imported_weights import import_for_training
from mmpose_replacement.engine.work_dir import alone_in
from mmpose_replacement.qat.setup import use_fixed_point
from mmpose_replacement.teacher.setup import add_teacher
from models.checkpoints.weights import read_checkpoint
from prepostprocess.files import require_file
from utils.config_reader.read import import_custom
from utils.processes import PARENT, is_first

BUILDER = "mmengine.registry.build_functions"


class _FixedConfig(Config):
    """A config that no longer changes: its text, which takes seconds to make, is made once."""

    pretty_text = functools.cached_property(lambda self: Config.pretty_text.fget(self))


def check_devices(args: argparse.Namespace) -> None:
    """Refuse flags that this machine cannot serve.

    Raises: ValueError: a GPU is asked for that is not there, or a flag that needs one.
    """
    num_gpus = torch.cuda.device_count()
    if args.gpu_ids and num_gpus < len(args.gpu_ids):
        raise ValueError(
            f"--gpu-ids must name GPUs of this machine, got {args.gpu_ids} of {num_gpus} usable. "
            "See nvidia-smi."
        )
    if args.gpus and num_gpus and args.gpus > num_gpus:
        raise ValueError(f"--gpus must be at most {num_gpus} on this machine, got {args.gpus}.")
    for flag, is_set in (("--amp", args.amp), ("--sync-bn", args.sync_bn)):
        if is_set and not num_gpus:
            raise ValueError(f"{flag} needs a GPU, but PyTorch finds none here. Leave it out.")


def train(config: Config, args: argparse.Namespace) -> Runner:
    """Train as the flags say and print what came of it.

    Args:
        config: of ``config_to_train``; changed in place.
        args: the namespace of train.py.
    Returns: the runner after its last epoch.
    Raises: ValueError, FileNotFoundError: anything in the config or the flags that cannot be done.
    """
    started_at = time.monotonic()
    with alone_in(Path(config.work_dir)):
        _prepare_config(config, args)
        runner = build_runner(config)
        try:
            with _faults_of(runner.cfg):
                runner.train()
        except (KeyboardInterrupt, SystemExit):  # Ctrl-C, SIGTERM
            if is_main_process() and PARENT not in os.environ:  # the launcher says it
                print(f"the same command with --resume goes on {_place(config)}", file=sys.stderr)
            raise
    if is_main_process():
        print(_summary(runner, time.monotonic() - started_at))
    return runner


def prepare(config: Config, args: argparse.Namespace) -> Runner:
    """Build the Runner that ``train`` would start.

    Args:
        config: of ``config_to_train``; changed in place.
        args: the namespace of train.py.
    Returns: the runner before its first step.
    Raises: ValueError, FileNotFoundError: anything in the config or the flags that cannot be done.
    """
    _prepare_config(config, args)
    return build_runner(config)


def _prepare_config(config: Config, args: argparse.Namespace) -> None:
    import_custom(config)
    _apply_flags(config, args)
    if args.qat:
        use_fixed_point(config, args.qat)
    elif not config.get("resume") and Path(config.get("load_from") or "").suffix == ".onnx":
        config.load_from = str(import_for_training(config, Path(config.load_from)))


def build_runner(config: Config) -> Runner:
    """Build the Runner of a config; what its classes refuse is a fault of the config.

    Raises: ValueError: an unknown class or argument, with the config's name.
    """
    config = _FixedConfig(config._cfg_dict, cfg_text=config.text, filename=config.filename)
    with _faults_of(config):
        return RUNNERS.get(config.get("runner_type", "PoseRunner")).from_cfg(config)


def _is_of_a_builder(err: Exception) -> bool:
    """Tell whether mmengine's registry met it when it made an object of the config's words."""
    frames = traceback.walk_tb(err.__traceback__)
    return any(frame.f_globals.get("__name__") == BUILDER for frame, _ in frames)


@contextmanager
def _faults_of(config: Config) -> Iterator[None]:
    """Put the config's name before what mmengine or PyTorch refuse of its values."""
    try:
        yield
    except (TypeError, KeyError, AssertionError, ValueError) as err:
        if not isinstance(err, ValueError) and not _is_of_a_builder(err):
            raise  # a fault of ours
        text = str(err.args[0]) if err.args else type(err).__name__
        if re.match(r"\S+\.\w+: ", text):  # names a file already
            raise
        raise ValueError(f"{config.filename}: {text}") from err


def _apply_flags(config: Config, args: argparse.Namespace) -> None:
    """Write the flags into the config, which is saved beside the results."""
    config.launcher = args.launcher
    randomness = {"seed": args.seed, "deterministic": args.deterministic}
    config.randomness = {**randomness, **config.get("randomness", {})}
    if args.seed is not None:
        config.randomness.seed = args.seed
    if args.deterministic:
        config.randomness.deterministic = True
    if args.resume == "newest":
        _resume_newest(config)
    if args.teacher:
        add_teacher(config, args.teacher)
    if args.val_interval:
        config.train_cfg.val_interval = args.val_interval
    if args.no_validate:
        config.val_cfg = config.val_dataloader = config.val_evaluator = None
        config.default_hooks.checkpoint.pop("save_best", None)
    if args.auto_scale_lr:
        if "base_batch_size" not in (config.get("auto_scale_lr") or {}):
            raise ValueError(
                f"{args.config}: --auto-scale-lr needs auto_scale_lr.base_batch_size in the "
                "config: the total batch size that its learning rate is meant for."
            )
        config.auto_scale_lr.enable = True
    if args.qat and (args.amp or args.compile):
        raise ValueError("--qat excludes --amp and --compile: rounding is trained in float32.")
    amp, compiled = (False, False) if args.qat else (args.amp, args.compile)
    choose_acceleration(config, amp=amp, compiled=compiled)
    if args.sync_bn:
        config.sync_bn = "torch"
    if config.default_hooks.checkpoint.type == "CheckpointHook":
        config.default_hooks.checkpoint.type = "KneronCheckpointHook"
    _add_hooks(config, args)


def _add_hooks(config: Config, args: argparse.Namespace) -> None:
    add_hook(config, "CheckpointFileHook", allow_new_layers=not config.get("resume"))
    for kind in ("ProgressBarHook", "FiniteLossHook", "CurvesHook"):
        add_hook(config, kind)
    add_hook(config, "PauseHook", minutes=args.save_every)
    if config.get("quant_friendly"):
        add_hook(config, "EvenRangesHook")
    if args.ema:
        average = {"ema_type": "ExpMomentumEMA", "momentum": 2e-4, "update_buffers": True}
        add_hook(config, "EMAHook", **average, priority="NORMAL")


def _resume_newest(config: Config) -> None:
    found = _newest(config)
    if found:
        config.resume, config.load_from = True, str(found)
        return
    start = "begins anew"
    if config.get("load_from"):
        require_file(config.load_from, "checkpoint")
        start = "goes on from" if config.get("resume") else "begins with"
        start += f" {config.load_from}"
    if is_first():
        print(f"{config.work_dir}: no checkpoint epoch_N.pth there, training {start}")


def _newest(config: Config) -> Path | None:
    """Find the checkpoint of the work directory that was made last, if any.

    An older training may have left some of later epochs there.
    """
    found = Path(config.work_dir).glob("*.pth")
    found = [path for path in found if re.fullmatch(r"(epoch|iter)_\d+", path.stem)]
    return max(found, key=_made_at) if len(found) > 1 else next(iter(found), None)


def _made_at(checkpoint: Path) -> tuple[str, int]:
    """Read when a checkpoint was written, which a copy of the file keeps, and after which step."""
    try:
        meta = read_checkpoint(checkpoint).get("meta")
    except ValueError:  # damaged: told if there is no other
        meta = None
    meta = meta if isinstance(meta, dict) else {}
    return str(meta.get("time", "")), int(meta.get("iter", 0))


def _place(config: Config) -> str:
    """Say where a resumed training would go on."""
    newest = _newest(config)
    return f"from {newest}" if newest else "from the beginning: no step was done"


def _summary(runner: Runner, seconds: float) -> str:
    """Say in a few lines what was trained on what, how long, and where the result is."""
    num_parameters = sum(weight.numel() for weight in runner.model.parameters())
    samples = "people and random regions" if runner.cfg.get("random_regions") else "people"
    lines = [
        f"trained {runner.cfg.model.backbone.type} ({num_parameters / 1e6:.2f} M parameters) on "
        f"{len(runner.train_dataloader.dataset)} {samples} for {runner.epoch} epochs "
        f"in {seconds / 60:.1f} min"
    ]
    info = runner.message_hub.runtime_info
    name = runner.cfg.default_hooks.checkpoint.get("save_best")  # none with --no-validate
    if name and "best_score" in info:
        people = len(runner.val_dataloader.dataset)
        lines.append(
            f"best {name} {info['best_score']:.4f} on {people} people, ground-truth boxes: "
            f"{info['best_ckpt']}"
        )
    lines.append(f"last checkpoint {info.get('last_ckpt')}, curves {runner.work_dir}/curves.png")
    return "\n".join(lines)
