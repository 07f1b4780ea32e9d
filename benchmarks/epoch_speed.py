"""Images a second of train.py against mmpose's own Runner on its own config, from files to steps.

    python benchmarks/epoch_speed.py --ann-file LABELS.json --img-dir IMAGES

Same people, batch size, workers and machine; short runs in turn, each a process of its own. Without
labels, people are drawn for the purpose.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/

import mmpose

from benchmarks.speed_table import Row, machine, markdown
from utils.people_generator import make_people

ROOT = Path(__file__).resolve().parents[1]
OURS = ROOT / "configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py"
STOCK = Path(mmpose.__file__).parent / (
    ".mim/configs/body_2d_keypoint/topdown_heatmap/coco/"
    "td-hm_litehrnet-18_8xb64-210e_coco-256x192.py"
)
STOCK_PROGRAM = """
import json, sys
from mmengine.config import Config
from mmengine.runner import Runner

config = Config.fromfile(sys.argv[1])
config.merge_from_dict(json.loads(sys.argv[3]))
for part in ("dataloader", "evaluator", "cfg"):  # neither validation nor test
    config.pop(f"val_{part}"), config.pop(f"test_{part}")
del config.default_hooks.checkpoint.save_best
config.work_dir = sys.argv[2]
Runner.from_cfg(config).train()
"""
WARM_UP = 4  # steps before workers and caches are running


@dataclass(frozen=True)
class People:
    """Whom to train on.

    Attributes:
        ann_file: COCO keypoint labels.
        img_dir: folder of the images that they name.
    """

    ann_file: Path
    img_dir: Path


def step_times(kind: str, people: People, batch: int, workers: int, steps: int) -> list[dict]:
    """Train for some steps in a process of its own; return its log, one entry a step."""
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "train_dataloader.batch_size": batch,
            "train_dataloader.num_workers": workers,
            "train_dataloader.persistent_workers": workers > 0,
            "train_dataloader.dataset.data_root": f"{people.img_dir.resolve().parent}/",
            "train_dataloader.dataset.ann_file": str(_first(people, batch * steps, Path(folder))),
            "train_dataloader.dataset.data_prefix.img": f"{people.img_dir.name}/",
            "train_cfg.max_epochs": 1,
            "default_hooks.logger.interval": 1,
            "log_processor.window_size": 1,
        }
        if kind == "ours":
            command = [ROOT / "train.py", OURS, "--no-validate", "--work-dir", folder]
            command += ["--cfg-options", *(f"{key}={value}" for key, value in options.items())]
        else:
            command = ["-c", STOCK_PROGRAM, STOCK, folder, json.dumps(options)]
        done = subprocess.run(
            [sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(
                f"{kind} training failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        (log,) = Path(folder).rglob("scalars.json")
        entries = [json.loads(line) for line in log.read_text().splitlines()]
    return [entry for entry in entries if "data_time" in entry][WARM_UP:]


def _first(people: People, count: int, folder: Path) -> Path:
    """Write labels of the first ``count`` people that have keypoints."""
    labels = json.loads(people.ann_file.read_bytes())
    usable = [person for person in labels["annotations"] if person.get("num_keypoints", 1)]
    if len(usable) < count:
        raise ValueError(f"{people.ann_file}: labels must have {count} people, got {len(usable)}.")
    kept = usable[:count]
    ids = {person["image_id"] for person in kept}
    images = [image for image in labels["images"] if image["id"] in ids]
    path = folder / "labels.json"
    path.write_text(json.dumps({**labels, "annotations": kept, "images": images}))
    return path


def measure_epochs(
    people: People, repeats: int, *, batch: int = 16, workers: int = 1, steps: int = 14
) -> tuple[list[Row], float]:
    """Return the rates as a row, and the share of ours that waits for data."""
    rates: dict[str, list[float]] = {"ours": [], "stock": []}
    waits = []
    for _ in range(repeats):
        for kind, kept in rates.items():
            log = step_times(kind, people, batch, workers, steps)
            seconds = sum(entry["time"] for entry in log)
            kept.append(batch * len(log) / seconds)
            if kind == "ours":
                waits.append(sum(entry["data_time"] for entry in log) / seconds)
    medians = [statistics.median(kept) for kept in rates.values()]
    what = f"train.py, Lite-HRNet-18, 256x192, batch {batch}, {workers} workers"
    return [Row(what, "images/s", *medians)], statistics.median(waits)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say on whom and how often."""
    parser.add_argument("--ann-file", type=Path, help="COCO keypoint labels of real people")
    parser.add_argument("--img-dir", type=Path, help="folder of their images")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--workers", type=int, default=1, help="loader processes of each run")


@contextmanager
def chosen_people(args: argparse.Namespace) -> Iterator[People]:
    """Yield the people that the options name, or drawn ones that are removed afterwards."""
    if args.ann_file and args.img_dir:
        yield People(args.ann_file, args.img_dir)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_people(Path(folder), 200, seed=0)
        yield People(Path(folder, "annotations.json"), Path(folder, "images"))


def main(argv: list[str] | None = None) -> None:
    """Print the row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    with chosen_people(args) as people:
        rows, wait = measure_epochs(
            people, args.repeats, batch=args.batch_size, workers=args.workers
        )
    print(f"{machine()}\n\n{markdown(rows)}\n\nwaiting for data: {100 * wait:.1f} % of ours")


if __name__ == "__main__":
    main()
