"""Milliseconds a person that one core spends on training input, ours against mmpose's pipeline.

    python benchmarks/input_speed.py --ann-file LABELS.json --img-dir IMAGES

From the same labels and files to a batch of images and heatmaps, with each recipe's own
augmentations, in each one's order of people, in turn, in a process that uses one core. It is the
processor's time: other jobs on the machine do not count, nor does waiting for a disk. Without
labels, people are drawn for the purpose; their images are larger and cheaper to decode than
photographs.
"""

import argparse
import copy
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.logging import MMLogger
from mmengine.registry import DATA_SAMPLERS, init_default_scope
from mmpose.registry import DATASETS, KEYPOINT_CODECS

from benchmarks.epoch_speed import OURS, STOCK, chosen_people
from benchmarks.speed_table import Row, interleaved_medians, machine, markdown

BATCH = 64
MOST_PEOPLE = 1000  # of each round


def build_dataset(path: Path, ann_file: Path, img_dir: Path, **more: object) -> BaseDataset:
    """Build the training data set of a config on other files."""
    dataset = Config.fromfile(path).train_dataloader.dataset
    where = {"data_root": "", "ann_file": str(ann_file), "data_prefix": {"img": f"{img_dir}/"}}
    return DATASETS.build({**dataset, **where, **more})


def our_order(dataset: BaseDataset) -> np.ndarray:
    """Return people in the order of the config's sampler."""
    sampler = Config.fromfile(OURS).train_dataloader.sampler
    default = {"dataset": dataset, "seed": 0, "batch_size": BATCH}
    return np.array(list(DATA_SAMPLERS.build(sampler, default_args=default)))[:MOST_PEOPLE]


def our_batches(dataset: BaseDataset, order: np.ndarray) -> None:
    """Make batches as the loader does, and the heatmaps as the head does."""
    from mmpose_replacement.data.batching import kneron_collate

    dataset.pipeline = copy.deepcopy(dataset.pipeline)  # without the images kept last time
    codec = KEYPOINT_CODECS.build(Config.fromfile(OURS).codec)
    for start in range(0, len(order), BATCH):
        batch = kneron_collate([dataset[int(index)] for index in order[start : start + BATCH]])
        codec.encode_batch(**batch["data_samples"])


def stock_batches(dataset: BaseDataset, order: np.ndarray) -> None:
    """Make batches as mmpose's loader does, heatmaps included."""
    for start in range(0, len(order), BATCH):
        pseudo_collate([dataset[int(index)] for index in order[start : start + BATCH]])


def measure_input(ann_file: Path, img_dir: Path, repeats: int) -> list[Row]:
    """Time both pipelines on the same people.

    Args:
        ann_file: COCO keypoint labels.
        img_dir: folder of the images that they name.
        repeats: timed rounds of each, at least 1.
    Returns: a row without and one with the cache of crops, milliseconds a person of one core.
    """
    __import__("models"), __import__("mmpose_replacement")
    init_default_scope("mmpose")
    MMLogger.get_instance("benchmark", log_level="ERROR")  # or the cache announces itself
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1), cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            plain = build_dataset(OURS, ann_file, img_dir)
            cached = build_dataset(OURS, ann_file, img_dir, crop_cache=folder)
            stock = build_dataset(STOCK, ann_file, img_dir)
            order, cached_order = our_order(plain), our_order(cached)
            stock_order = np.random.default_rng(0).permutation(len(stock))[:MOST_PEOPLE]
            calls = [
                lambda: our_batches(plain, order),
                lambda: our_batches(cached, cached_order),
                lambda: stock_batches(stock, stock_order),
            ]
            ours, with_cache, theirs = (
                1e3 * seconds / len(order)
                for seconds in interleaved_medians(calls, repeats, clock=time.process_time)
            )
    finally:
        torch.set_num_threads(threads[0]), cv2.setNumThreads(threads[1])
    what = f"training input, 256x192, {len(order)} people, one core"
    return [
        Row(what, "ms a person", ours, theirs),
        Row(f"{what}, cache of crops", "ms a person", with_cache, theirs),
    ]


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ann-file", type=Path, help="COCO keypoint labels of real people")
    parser.add_argument("--img-dir", type=Path, help="folder of their images")
    parser.add_argument("--repeats", type=int, default=5, help="timed rounds of each")
    args = parser.parse_args(argv)
    with chosen_people(args) as people:
        rows = measure_input(people.ann_file, people.img_dir, args.repeats)
    print(f"{machine()}\n\n{markdown(rows)}")


if __name__ == "__main__":
    main()
