"""Make the cache of crops that a config trains from, before the training does.

    python tools/build_crop_cache.py CONFIG --cfg-options crop_cache=work_dirs/crops

Decodes every image of the training data once and keeps the pixels around each person, so that no
epoch decodes it again. train.py with the same option finds the file. See docs/data.md.
"""

import argparse
import contextlib
import os
import random
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not tools/

from utils.cli import ScriptParser, user_errors

TRIALS = 500


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    parser.add_argument("config", type=Path, help="config file (.py), see configs/")
    text = "of the training that has one, as it keeps people without labels too"
    parser.add_argument("--teacher", type=Path, metavar="FILE", help=text)
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="change the config; crop_cache=FOLDER says where the cache goes",
    )
    args = parser.parse_args(argv)
    if not os.path.isfile(args.config):
        parser.error(f"{args.config} does not exist or is not a file")
    return args


def caches(dataset: object) -> list:
    """Find the caches of a data set and of those that it is put together from."""
    inner = list(getattr(dataset, "datasets", []))
    if hasattr(dataset, "dataset"):
        inner.append(dataset.dataset)
    own = [dataset.crops] if getattr(dataset, "crops", None) is not None else []
    return own + [cache for each in inner for cache in caches(each)]


def main(argv: list[str] | None = None) -> None:
    """Make what is missing; print each file, and how often augmentation reaches beyond it."""
    args = parse_args(argv)
    with user_errors():
        from utils.config_reader.read import import_custom, read_config_file
        from utils.config_reader.ready import require_data, require_teacher

        config = read_config_file(args.config, args.cfg_options)
        require_data(config, "train")
        teacher = args.teacher and require_teacher(args.teacher)
        from mmengine.registry import init_default_scope
        from mmpose.registry import DATASETS

        import mmpose_replacement  # noqa: F401 - registers the data sets

        import_custom(config)
        if teacher:
            from mmpose_replacement.teacher.setup import add_teacher

            add_teacher(config, teacher)
        init_default_scope("mmpose")
        with contextlib.redirect_stdout(sys.stderr):  # what it says meanwhile is no result
            dataset = DATASETS.build(config.train_dataloader.dataset)
        found = caches(dataset)
        if not found:
            raise ValueError(
                f"{args.config}: crop_cache must name a folder, got none. "
                "Add --cfg-options crop_cache=work_dirs/crops."
            )
        for cache in found:
            print(f"{cache.path}: {len(cache)} people, {cache.num_bytes / 1e9:.3f} GB")
        for index in random.sample(range(len(dataset)), min(TRIALS, len(dataset))):
            dataset[index]
        parts = beyond = 0
        for step in dataset.pipeline.transforms:
            parts += getattr(step, "num_parts", 0)
            beyond += getattr(step, "num_beyond", 0)
        print(f"{beyond} of {parts} augmented crops reach beyond it and are read from the image")


if __name__ == "__main__":
    main()
