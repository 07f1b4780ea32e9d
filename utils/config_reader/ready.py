"""What a config needs around it, looked up before PyTorch is loaded: data, weights, a place."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from prepostprocess.files import require_file, require_folder_to_write, require_output
from utils.config_reader.evaluation import protocol_parts, words_by_boxes
from utils.config_reader.read import mappings, read_config_file
from utils.dataset_check.image_files import require_images
from utils.dataset_check.json_file import require_labels
from utils.published.catalogue import find_weights

COCO = "a COCO keypoint file"
FILES = {  # what each type reads, and what that must be
    "KneronCocoDataset": {"ann_file": COCO, "bbox_file": "a file of detector boxes"},
    "KneronMpiiDataset": {"ann_file": "an MPII file in JSON form"},
    "KneronCocoMetric": {"ann_file": COCO},
    "KneronPCKhMetric": {"gt_file": "MPII's file of head boxes"},
}


def require_data(config: Config, *parts: str) -> None:
    """Refuse a config whose labels or images are not there; no file is read.

    Args:
        config: the config.
        parts: "train", "val", "test".

    Raises:
        FileNotFoundError: an annotation file or a folder of images is missing.
    """
    for part in parts:
        needed = [config.get(f"{part}_dataloader"), config.get(f"{part}_evaluator")]
        for data in mappings(needed):
            files = FILES.get(str(data.get("type")), {})
            for key in files.keys() & data.keys():
                if data[key]:
                    require_labels(_place(data, data[key], key), files[key])
            if "data_prefix" in data and files and not data.get("outside_images"):
                folder = _place(data, data["data_prefix"].get("img", ""))
                require_images(_place(data, data["ann_file"]), folder)


def _place(data: dict, name: str, key: str = "") -> str:
    """Say where a file or folder lies, as mmengine's data sets do."""
    return name if key == "bbox_file" else os.path.join(data.get("data_root") or "", name)


def config_to_train(args: argparse.Namespace) -> Config:
    """Read the config of a training, with where its results go and what it begins with.

    Args:
        args: the namespace of train.py.

    Returns:
        The config; its data, its weights and its teacher are there.

    Raises:
        ValueError, FileNotFoundError: a fault in the config, or something that is not there.
    """
    config = read_config_file(args.config, args.cfg_options, args.data)
    config.work_dir = str(
        args.work_dir or config.get("work_dir") or Path("work_dirs", args.config.stem)
    )
    require_folder_to_write(config.work_dir, f"{config.work_dir}: results")
    if args.resume and args.resume != "newest":
        config.resume, config.load_from = True, args.resume
    elif args.load_from:
        config.resume, config.load_from = False, str(find_weights(args.load_from))
    if config.get("load_from") and args.resume != "newest":
        require_file(config.load_from, "checkpoint")
    if args.teacher:
        args.teacher = require_teacher(args.teacher)
    elif not args.qat:
        for key in ("random_regions", "mixed_crops"):
            if config.get(key):
                raise ValueError(
                    f"{args.config}: {key} must have a teacher to label them, got none. Add "
                    "--teacher FILE."
                )
    require_data(config, "train", *([] if args.no_validate else ["val"]))
    return config


def require_teacher(word: Path) -> Path:
    """Look a teacher up.

    Args:
        word: a path, or a name of the catalogue.

    Returns:
        The file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: see ``find_weights``.
    """
    path = find_weights(word)
    require_file(path, "teacher")
    return path


def config_to_test(args: argparse.Namespace) -> tuple[Config, dict[str, list[str]]]:
    """Read the config of a test, and the kinds of boxes that it has.

    Args:
        args: the namespace of tools/test.py; ``work_dir`` gets its default.

    Returns:
        The config, whose data are there, and what ``words_by_boxes`` says.

    Raises:
        ValueError, FileNotFoundError: a fault in the config or the words, or something that is not
            there.
    """
    config = read_config_file(args.config, args.cfg_options, args.data)
    config.model.test_cfg.average_clips = args.average_clips
    protocols = words_by_boxes(config, args.boxes, args.eval)
    for boxes, words in protocols.items():
        protocol_parts(config, boxes, words)
    args.work_dir = args.work_dir or Path("work_dirs", args.config.stem)
    require_folder_to_write(args.work_dir, f"{args.work_dir}: the log")
    if args.out:
        require_output(args.out, "out_file")
    require_data(config, "test")
    return config, protocols


def require_run(
    work_dir: Path, checkpoint: Path | None, options: Sequence[str]
) -> tuple[Path, Path]:
    """Find what a training left behind, and the data that it is tested on.

    Args:
        work_dir: of train.py.
        checkpoint: another one than the best; a folder without a best one needs it.
        options: as ``--cfg-options``.

    Returns:
        The config and the checkpoint.

    Raises:
        FileNotFoundError: no such folder, one without a training, or no data.
        ValueError: more than one config or best checkpoint, or a fault in the config.
    """
    config = _only(work_dir, "*.py", "config of a training", "Name the folder that it wrote.")
    fix = "Name one with --checkpoint."
    checkpoint = checkpoint or _only(work_dir, "best_*.pth", "best checkpoint", fix)
    require_data(read_config_file(config, options), "test")
    return config, checkpoint


def _only(folder: Path, pattern: str, what: str, fix: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: work directory must be a folder, got none. {fix}")
    if not found:
        raise FileNotFoundError(f"{folder}: it must hold the {what} ({pattern}), got none. {fix}")
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ValueError(f"{folder}: it must hold one {what}, got {names}. {fix}")
    return found[0]
