"""Train a pose network from a config.

    python train.py configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py

Validates after every epoch, keeps the best checkpoint by AP and the last two, and ends with the
curves as an image. Everything is written below --work-dir.
"""

import argparse
import os
import sys
from pathlib import Path

from utils.cli import ScriptParser, user_errors
from utils.onnx_graph.npu import CHIPS
from utils.processes import end_with_launcher


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    parser.add_argument("config", type=Path, help="config file (.py), see configs/")
    _add_course_flags(parser)
    _add_machine_flags(parser)
    text = "change the config, e.g. train_dataloader.batch_size=32 preprocess=kneron_720"
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help=text)
    args = parser.parse_args(argv)
    if args.resume not in (None, "newest") and args.load_from:
        parser.error("--resume FILE and --load-from exclude each other: go on, or begin anew?")
    if args.gpus is not None and args.gpus < 1:
        parser.error("--gpus must be at least 1")
    if args.save_every is not None and not args.save_every > 0:
        parser.error("--save-every must be above 0 minutes")
    if args.val_interval is not None and args.val_interval < 1:
        parser.error("--val-interval must be at least 1; --no-validate evaluates never")
    if not os.path.isfile(args.config):
        parser.error(f"config {args.config} is not a file; shipped ones are below configs/")
    return args


def _add_course_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say what the training does."""
    add, switch = parser.add_argument, argparse.BooleanOptionalAction
    add("--work-dir", type=Path, help="where results go; default work_dirs/<config name>")
    text = "go on with an interrupted training: weights, optimiser, epoch; without FILE from the "
    text += "newest in the work directory, or where there is none from the start or --load-from"
    add("--resume", nargs="?", const="newest", metavar="FILE", help=text)
    text = "begin with these weights, at epoch 0: a checkpoint, an ONNX file of the same "
    text += "network, or a name that tools/get_weights.py knows"
    add("--load-from", type=Path, metavar="FILE", help=text)
    text = "learn from this network's heatmaps too, on all joints and on people without labels: a "
    text += "checkpoint, an ONNX file, or a name that tools/get_weights.py knows"
    add("--teacher", type=Path, metavar="FILE", help=text)
    text = "let a trained network (--load-from) learn to live with this chip's 8 bits: where "
    text += "tools/quantize.py costs too much; ends with the ONNX file in fixed point"
    add("--qat", choices=CHIPS, metavar="CHIP", help=text)
    text = "train on your own data, described in this file, instead of the config's: docs/data.md"
    add("--data", type=Path, metavar="YAML", help=text)
    text = "save inside an epoch too, every N minutes: where epochs are long and machines are "
    text += "taken away; Ctrl-C and SIGTERM always save"
    add("--save-every", type=float, metavar="N", help=text)
    add("--no-validate", action="store_true", help="do not evaluate during training: to save time")
    add("--val-interval", type=int, metavar="N", help="evaluate every N epochs; default 1")
    add("--seed", type=int, help="fix all random draws: to repeat a run")
    add("--deterministic", action="store_true", help="exact cuDNN algorithms: slower, repeatable")
    text = "scale the learning rate by your total batch size: when it differs from the config's"
    add("--auto-scale-lr", action="store_true", help=text)
    text = "evaluate and save a moving average of the weights: steadier, often better"
    add("--ema", action="store_true", help=text)
    text = "bfloat16 arithmetic on a GPU (float16 on one without): faster, less memory; by default "
    text += "where the GPU has bfloat16"
    add("--amp", action=switch, help=text)
    text = "compile the network for training, which takes minutes once; by default on a GPU and "
    text += "for 2,000 steps or more"
    add("--compile", action=switch, help=text)
    add("--sync-bn", action="store_true", help="BatchNorm over all GPUs: for small batches on each")


def _add_machine_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which devices are used and who starts the processes."""
    devices = parser.add_mutually_exclusive_group()
    text = "processes on this machine, one a GPU (or one each on a machine without)"
    devices.add_argument("--gpus", type=int, metavar="N", help=text)
    text = "train on these GPUs, where others are busy"
    devices.add_argument("--gpu-ids", type=int, nargs="+", metavar="ID", help=text)
    launchers = ["none", "pytorch", "slurm", "mpi"]
    text = "set by torchrun, Slurm or MPI scripts; --gpus needs none"
    parser.add_argument("--launcher", choices=launchers, default="none", help=text)
    parser.add_argument("--local_rank", "--local-rank", type=int, help=argparse.SUPPRESS)


def main(argv: list[str] | None = None) -> None:
    """Start the processes, or train in this one."""
    argv = sys.argv[1:] if argv is None else argv
    args = parse_args(argv)
    if args.gpu_ids:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, args.gpu_ids))
    num_processes = len(args.gpu_ids) if args.gpu_ids else args.gpus or 1
    with user_errors():
        from utils.config_reader.ready import config_to_train

        config = config_to_train(args)  # its faults are told before PyTorch is loaded
        from mmpose_replacement.engine.training import check_devices, train

        check_devices(args)
        if num_processes > 1 and args.launcher == "none":
            from mmpose_replacement.engine.launch import launch_local

            launch_local(__file__, argv, num_processes)
        else:
            end_with_launcher()
            train(config, args)
            if args.teacher and not args.no_validate:
                from mmpose_replacement.teacher.evaluate import print_teacher

                print_teacher(args)


if __name__ == "__main__":
    main()
