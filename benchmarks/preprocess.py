"""Measure what the word `preprocess` is worth: AP of each pair (trained with, evaluated with).

    python benchmarks/preprocess.py --checkpoint float=FILE --checkpoint kneron_520=FILE --out FILE

Prints three Markdown tables of AP, AP50 and PCK (share of keypoints within 0.2 of the box's longer
side) in percent, people cut out by the labels' boxes: with every word; with the crop of every word,
but normalised as in training; and, with the word it was trained with, through a camera's colour
formats and back. benchmarks/preprocess.md holds the figures.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import Config

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

CONFIG = Path("configs/top_down/lite_hrnet/sample/litehrnet_18_lspet-coco_128x96.py")
FIGURES = ("coco/AP", "coco/AP50", "keypoints/PCK")
NORMALISER = "model.data_preprocessor.preprocess"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; a missing file is a usage error (exit 2)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=CONFIG, help="config file (.py)")
    parser.add_argument(
        "--checkpoint",
        action="append",
        required=True,
        metavar="WORD=FILE",
        help="weights (.pth) or an exported network (.onnx), and the word that it was trained "
        "with; give it once a file",
    )
    parser.add_argument("--out", type=Path, help="also write the tables there")
    parser.add_argument(
        "--num-workers", type=int, default=0, metavar="N", help="data-loading processes; default 0"
    )
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config"
    )
    args = parser.parse_args(argv)
    if not args.config.is_file():
        parser.error(f"config {args.config} does not exist; shipped ones are below configs/")
    pairs = [text.partition("=") for text in args.checkpoint]
    for word, _, file in pairs:
        if not Path(file).is_file():
            parser.error(
                f"--checkpoint must be WORD=FILE, got {word}={file}: there is no such file"
            )
    args.checkpoint = {word: Path(file) for word, _, file in pairs}
    if len(args.checkpoint) < len(pairs):
        parser.error("--checkpoint must name each word once")
    return args


class Evaluator:
    """AP of checkpoints under changes of one config, each case computed once.

    Args:
        config_path: the training config.
        options: ``--cfg-options`` for every case.
        num_workers: data-loading processes.
        work_dir: where mmengine's logs go.
    """

    def __init__(
        self, config_path: Path, options: Sequence[str], num_workers: int, work_dir: Path
    ) -> None:
        self.config_path = config_path
        self.options = options
        self.num_workers = num_workers
        self.work_dir = work_dir
        self._cells: dict[tuple, str] = {}

    def cell(
        self, checkpoint: Path, crop_word: str, normaliser: str, colour: str | None = None
    ) -> str:
        """Evaluate one case.

        Args:
            checkpoint: weights (.pth) of the config's network, or an exported one (.onnx).
            crop_word: the word that people are cut out with.
            normaliser: the word whose mean and standard deviation the network's input gets.
            colour: camera format that images go through, or None.
        Returns: "AP / AP50 / PCK" in percent.
        """
        from prepostprocess.preprocess import get_preprocess

        meaning = get_preprocess(normaliser)
        case = (checkpoint, crop_word, meaning.mean, meaning.std, colour)
        if case not in self._cells:
            figures = self._evaluate(checkpoint, crop_word, normaliser, colour)
            self._cells[case] = " / ".join(f"{100 * figures[name]:.1f}" for name in FIGURES)
            told = f"{crop_word} crop, {normaliser} normalisation, {colour or 'full colour'}"
            print(f"{checkpoint}: {told}: {self._cells[case]}", file=sys.stderr, flush=True)
        return self._cells[case]

    def _evaluate(
        self, checkpoint: Path, crop_word: str, normaliser: str, colour: str | None
    ) -> dict[str, float]:
        from mmpose_replacement.engine.testing import build_test_runner, evaluate_with
        from utils.config_reader.evaluation import metric_configs

        config = self.load(f"preprocess={crop_word}", f"{NORMALISER}={normaliser}")
        for transform in config.test_dataloader.dataset.pipeline:
            if transform["type"] == "KneronLoadImage":
                transform["colour"] = colour
        pck = metric_configs(["PCK"], config.test_dataloader.dataset)
        config.test_evaluator = [config.test_evaluator, *pck]
        runner = build_test_runner(config, self.work_dir)
        if checkpoint.suffix == ".onnx":
            from models.export.network import use_onnx

            use_onnx(runner.model, checkpoint)
        else:
            from models.checkpoints.weights import load_weights

            load_weights(runner.model, checkpoint)
        return evaluate_with(runner, config, "ground-truth", num_workers=self.num_workers)

    def load(self, *options: str) -> "Config":
        """Load the config with the options of every case and these."""
        from mmpose_replacement.config.load import load_config

        return load_config(self.config_path, [*options, *self.options])


def table(head: str, columns: Sequence[str], rows: dict[str, list[str]]) -> str:
    """Format one Markdown table."""
    lines = [f"| {head} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    return "\n".join(lines)


def measure(evaluator: Evaluator, checkpoints: dict[str, Path]) -> str:
    """Evaluate every case.

    Args:
        evaluator: of the checkpoints' config.
        checkpoints: the word trained with, to the file.
    Returns: the three tables.
    Raises: ValueError: a word that is none of the switch.
    """
    from prepostprocess.image import CAMERA_FORMATS
    from prepostprocess.preprocess import PREPROCESS, get_preprocess

    for own in checkpoints:
        get_preprocess(own)
    cell, files = evaluator.cell, checkpoints.items()
    every = {own: [cell(file, word, word) for word in PREPROCESS] for own, file in files}
    crop = {own: [cell(file, word, own) for word in PREPROCESS] for own, file in files}
    colours = (None, *CAMERA_FORMATS)
    camera = {own: [cell(file, own, own, colour) for colour in colours] for own, file in files}
    return "\n\n".join(
        [
            "Evaluated with each word:",
            table("trained with", [f"`{word}`" for word in PREPROCESS], every),
            "Evaluated with the crop of each word, normalised as in training:",
            table("trained with", [f"crop of `{word}`" for word in PREPROCESS], crop),
            "Evaluated with the word it was trained with, by a camera's colour format:",
            table("trained with", ["full colour", *CAMERA_FORMATS], camera),
        ]
    )


def describe_people(config: "Config") -> str:
    """Count the people that the config evaluates on."""
    from mmpose.registry import DATASETS

    people = DATASETS.build(config.test_dataloader.dataset)
    images = {people.get_data_info(i)["img_id"] for i in range(len(people))}
    return (
        f"AP / AP50 / PCK@0.2 in percent, {len(people)} people on {len(images)} images, "
        "ground-truth boxes."
    )


def main(argv: list[str] | None = None) -> None:
    """Measure, print the tables and write them."""
    args = parse_args(argv)
    from utils.cli import user_errors

    with user_errors(), tempfile.TemporaryDirectory() as folder:
        evaluator = Evaluator(args.config, args.cfg_options, args.num_workers, Path(folder))
        tables = measure(evaluator, args.checkpoint)
        tables = f"{describe_people(evaluator.load())}\n\n{tables}"
        print(tables)
        if args.out:
            args.out.write_text(tables + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
