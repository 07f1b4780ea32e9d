"""The teacher's figures on the people that the student is evaluated on."""

import argparse
from pathlib import Path

from mmengine.device import get_device
from mmengine.dist import is_main_process

from mmpose_replacement.config.load import load_config
from mmpose_replacement.engine.testing import build_test_runner, evaluate_with
from mmpose_replacement.teacher.network import InOrder, read_teacher
from models.export.metadata import keypoints_of
from models.export.network import take_heatmaps_from


def print_teacher(args: argparse.Namespace) -> None:
    """Evaluate a teacher in its own size, preprocessing and decoder, true boxes, and say it.

    Args:
        args: the namespace of train.py; the teacher's file exists.
    """
    teacher = read_teacher(args.teacher)
    notes = teacher.notes
    width, height = notes.input_wh
    own = [f"codec.input_size=({width},{height})", f"preprocess={notes.preprocess}"]
    config = load_config(args.config, [*args.cfg_options, *own], args.data)
    if notes.decoder:
        config.model.head.decoder.update(
            decoder=notes.decoder, blur_kernel_size=notes.blur_kernel_size
        )
    work_dir = args.work_dir or Path("work_dirs", args.config.stem)
    runner = build_test_runner(config, work_dir / "teacher")
    teacher.to(get_device())
    take_heatmaps_from(runner.model, InOrder(teacher, keypoints_of(config)))
    figures = evaluate_with(runner, config, "ground-truth", num_workers=0)
    name = config.default_hooks.checkpoint.get("save_best")
    if is_main_process() and name in figures:
        print(f"teacher {args.teacher}: {name} {figures[name]:.4f} on the same people")
