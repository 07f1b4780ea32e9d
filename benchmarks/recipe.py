"""Train by mmpose's recipe and by ours for equally long, three seeds each, and compare AP.

    python benchmarks/recipe.py --measure    seconds of processor a step of each, in turn
    python benchmarks/recipe.py              the runs that are still missing, then the table

Fine-tuning: imported weights and the COCO sample below LITEHRNET_DATA. From scratch: drawn people.
Each run is a process with one thread that loads its own data. Lengths were fixed from --measure
before the first run. Everything is written below work_dirs/recipe; a run whose predictions are
there is not repeated.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # repo root, not benchmarks/

from benchmarks.accuracy import Compared, average_precision, compare, judge, labelled_people
from prepostprocess.files import replacing
from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from utils.cli import user_errors
from utils.config_reader.ready import require_file

FOLDER = Path("work_dirs/recipe")
COCO = Path(os.environ.get("LITEHRNET_DATA", "data"), "coco").resolve()
START, DATA = FOLDER / "start.pth", FOLDER / "coco.yaml"
RAW = "weights/wider_naive_litehrnet_18_raw.onnx"
WIDER_NAIVE = "configs/top_down/lite_hrnet/sample/wider_naive_litehrnet_18_128x96.py"
SMALL = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
PEOPLE = {"train": (1800, 1), "val": (400, 2001)}  # images, seed; the quickstart's val is 1001
SEEDS = (1, 2, 3)
WARM_UP, LAST_STEP = 3, 16  # of --measure


@dataclass(frozen=True)
class Recipe:
    """One side of a comparison.

    Attributes:
        config: of train.py and tools/test.py.
        length: the variable of the config that says how long, and its value.
        warm_up: iterations in which the rate rises; None: the config makes it of its length.
        flags: of train.py.
        data: flags of both.
        options: ``--cfg-options`` of both.
        seeds: of the runs.
    """

    config: str
    length: tuple[str, int]
    warm_up: int | None = None
    flags: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    seeds: tuple[int, ...] = SEEDS


LOAD, TEACH = ("--load-from", str(START)), ("--teacher", RAW)
OWN_DATA = ("--data", str(DATA))
FINE = ("codec.decoder=dark", "train_dataloader.batch_size=32", "optim_wrapper.optimizer.lr=1e-3")
DRAWN = ("train_dataloader.batch_size=16", f"data_root={FOLDER}/people/")
COMPARISONS = {
    "fine-tuning": {
        "stock": Recipe(
            "benchmarks/configs/stock_wider_naive_coco_128x96.py",
            ("num_iters", 133),
            flags=LOAD,
        ),
        "ours": Recipe(
            WIDER_NAIVE, ("max_epochs", 5), 8, (*LOAD, *TEACH), data=OWN_DATA, options=FINE
        ),
        "ours, no teacher": Recipe(
            WIDER_NAIVE, ("max_epochs", 7), 11, LOAD, data=OWN_DATA, options=FINE, seeds=(1,)
        ),
    },
    "from scratch": {
        "stock": Recipe(
            "benchmarks/configs/stock_litehrnet_small_people_128x64.py",
            ("num_iters", 255),
        ),
        "ours": Recipe(SMALL, ("max_epochs", 2), 45, options=DRAWN),
    },
}
LABELS = {
    "fine-tuning": COCO / "annotations/person_keypoints_val2017.json",
    "from scratch": FOLDER / "people/val/annotations.json",
}


def run(*words: object) -> float:
    """Run a script of ours; return its seconds of processor, or end with what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(f"error: {words[0]} failed with exit code {done.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(done.stdout, end="", file=sys.stderr, flush=True)
    return sum(after[:2]) - sum(before[:2])


def prepare() -> None:
    """Import the weights, describe the COCO sample and draw people, where that is missing."""
    for part in ("train", "val"):
        path = COCO / f"annotations/person_keypoints_{part}2017.json"
        require_file(path, "COCO sample, below LITEHRNET_DATA,")
    FOLDER.mkdir(parents=True, exist_ok=True)
    sets = {
        part: {
            "annotations": str(COCO / f"annotations/person_keypoints_{part}2017.json"),
            "images": str(COCO / f"{part}2017"),
        }
        for part in ("train", "val")
    }
    DATA.write_text(json.dumps({**sets, "keypoints": list(KEYPOINT_NAMES)}))  # JSON is YAML
    if not START.is_file():
        first = "train_dataloader.dataset.datasets.0"  # LSPET's place, given to COCO
        options = [f"{first}.data_root={COCO}/", f"{first}.data_prefix.img=train2017/"]
        options += [f"{first}.ann_file=annotations/person_keypoints_train2017.json"]
        run("tools/import_weights.py", RAW, WIDER_NAIVE, "-o", START, "--cfg-options", *options)
    for name, (count, seed) in PEOPLE.items():
        if not (FOLDER / "people" / name / "annotations.json").is_file():
            options = ("--num", count, "--seed", seed, "--workers", 1, "--overwrite")
            run("tools/make_people.py", FOLDER / "people" / name, *options)


def training(recipe: Recipe, work_dir: Path, seed: int) -> list[str]:
    """Return the words of a training that starts from the beginning."""
    variable, length = recipe.length
    options = [*recipe.options, f"{variable}={length}"]
    if recipe.warm_up:
        options += [f"param_scheduler.0.end={recipe.warm_up}"]
    if variable == "max_epochs":
        options += [f"crop_cache={work_dir / 'crops'}"]
    options += ["train_dataloader.num_workers=0", "train_dataloader.persistent_workers=False"]
    flags = ["--seed", str(seed), "--no-validate", "--work-dir", str(work_dir)]
    flags += [*recipe.flags, *recipe.data, "--cfg-options", *options]
    return ["train.py", recipe.config, *flags]


def checkpoint_of(work_dir: Path) -> Path:
    """Return the last checkpoint of a training."""
    return max(work_dir.glob("*_*.pth"), key=lambda path: path.stat().st_mtime)


def iterations_of(work_dir: Path) -> int:
    """Return the number of steps of a training."""
    from models.checkpoints.weights import read_checkpoint

    return read_checkpoint(checkpoint_of(work_dir))["meta"]["iter"]


def seconds_a_step(recipe: Recipe) -> float:
    """Start a training, end it after some steps; return the processor's seconds of one."""
    work_dir = FOLDER / "trial"
    shutil.rmtree(work_dir, ignore_errors=True)
    words = [*training(recipe, work_dir, 1), "default_hooks.logger.interval=1"]
    process = subprocess.Popen([sys.executable, *words], stdout=2)
    clock = {}
    while LAST_STEP not in clock:
        time.sleep(0.02)
        if process.poll() is not None:
            raise SystemExit(f"error: train.py ended early, with exit code {process.returncode}")
        for log in work_dir.glob("*/vis_data/scalars.json"):
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            steps = log.read_text().count('"loss"')
            clock.setdefault(steps, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    process.kill()
    process.wait()
    first = min(step for step in clock if step >= WARM_UP)
    return (clock[LAST_STEP] - clock[first]) / (LAST_STEP - first)


def measure(rounds: int) -> None:
    """Print the seconds of a step of each side, all sides in turn."""
    for task, sides in COMPARISONS.items():
        found: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(rounds):
            for side, recipe in sides.items():
                found[side].append(seconds_a_step(recipe))
        for side, each in found.items():
            told = ", ".join(f"{seconds:.3f}" for seconds in each)
            print(f"{task}, {side}: {statistics.median(each):.3f} s a step ({told})", flush=True)


def predictions_of(task: str, side: str, seed: int) -> tuple[list[dict], dict]:
    """Train and test unless that is done; return the predictions and what is told of the run."""
    recipe = COMPARISONS[task][side]
    work_dir = FOLDER / f"{task} {side} {seed}".replace(",", "").replace(" ", "_")
    out, facts = work_dir / "predictions.json", work_dir / "facts.json"
    if not facts.is_file():
        shutil.rmtree(work_dir, ignore_errors=True)
        seconds = run(*training(recipe, work_dir, seed))
        steps = iterations_of(work_dir)
        with replacing(facts) as file:
            file.write_text(json.dumps({"steps": steps, "seconds": seconds}))
    if not out.is_file():
        flags = ["--boxes", "ground-truth", "--num-workers", 0, "--out", out]
        flags += ["--work-dir", work_dir, *recipe.data]
        flags += ["--cfg-options", *recipe.options] if recipe.options else []
        run("tools/test.py", recipe.config, checkpoint_of(work_dir), *flags)
    return json.loads(out.read_text()), json.loads(facts.read_text())


Runs = dict[tuple[str, str, int], tuple[list[dict], dict]]  # by comparison, side and seed


def run_all() -> Runs:
    """Make what is missing, all sides in turn, seed after seed."""
    return {
        (task, side, seed): predictions_of(task, side, seed)
        for seed in SEEDS
        for task, sides in COMPARISONS.items()
        for side, recipe in sides.items()
        if seed in recipe.seeds
    }


def table(task: str, runs: Runs) -> str:
    """Format a comparison: each side against stock with the same seeds."""
    people = labelled_people(LABELS[task])
    head = ("steps", "seconds", "AP of each seed", "AP", "PCK", "AP against stock", "PCK")
    lines = [
        f"{task}, {len(people)} people",
        "",
        f"| recipe | {' | '.join(head)} |",
        "|---" * (len(head) + 1) + "|",
    ]
    for side, recipe in COMPARISONS[task].items():
        mine, stock = (
            [runs[task, each, seed] for seed in recipe.seeds] for each in (side, "stock")
        )
        found = compare(people, [run for run, _ in mine], [run for run, _ in stock])
        ap, pck = found.values()
        judged = [judge(people, [run])["AP"] for run, _ in mine]
        alone = [average_precision(*(each[:, 0] for each in values)) for values in judged]
        seconds = statistics.mean(facts["seconds"] for _, facts in mine)
        cells = [str(mine[0][1]["steps"]), f"{seconds:.0f}", " / ".join(f"{x:.3f}" for x in alone)]
        cells += [f"{ap.first:.3f}", f"{pck.first:.3f}"]
        cells += ["", ""] if side == "stock" else [points(ap), points(pck)]
        lines.append(f"| {side} | {' | '.join(cells)} |")
    return "\n".join(lines)


def points(each: Compared) -> str:
    """Write a difference and its interval in points of 100."""
    difference, low, high = (100 * value for value in (each.difference, each.low, each.high))
    return f"{difference:+.1f} ({low:+.1f} to {high:+.1f})"


def main(argv: list[str] | None = None) -> None:
    """Measure, or run what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measure", type=int, nargs="?", const=3, metavar="ROUNDS")
    args = parser.parse_args(argv)
    os.chdir(ROOT)
    os.environ |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    prepare()
    if args.measure:
        measure(args.measure)
        return
    runs = run_all()
    print("\n\n".join(table(task, runs) for task in COMPARISONS))


if __name__ == "__main__":
    with user_errors():
        main()
