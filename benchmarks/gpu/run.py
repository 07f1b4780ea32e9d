r"""On a machine with a GPU: the rows that say "not measured", then the longest training that fits.

    python benchmarks/gpu/run.py CONFIG packed/data.yaml --minutes 10 --out results/ \
        --load-from START.pth --teacher TEACHER.pth

Writes steps.md (a step of ours against mmpose's), train.log, the checkpoints, test.txt and the
exported network. Ends in time: the training gets what the rest leaves, and its schedule is made
for as many epochs as fit. --rehearse does the same on a CPU with tiny sizes.
"""

import argparse
import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT_SECONDS = 75  # for the test and the export at the end
NEEDS_TEACHER = ("mixed_crops=", "random_regions=")
STEPS_SHARE = 0.35  # of the time, at most, for the rows


def run(
    *command: object, log: Path | None = None, seconds: float | None = None
) -> subprocess.CompletedProcess:
    """Run a command of this repository; what it prints goes into a file as well."""
    words = [sys.executable, *map(str, command)]
    print("+", *words[1:], flush=True)
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as err:
        text = (err.stdout or b"").decode() if isinstance(err.stdout, bytes) else err.stdout or ""
        done = subprocess.CompletedProcess(words, 124, text, f"took more than {seconds:.0f} s")
    if log:
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr, flush=True)
    return done


def pace(args: argparse.Namespace, options: list[str]) -> float:
    """Measure images a second of the training to come, without its teacher's share."""
    steps = 3 if args.rehearse else 30
    untaught = [each for each in options if not each.startswith(NEEDS_TEACHER)]
    flags = ["--data", args.data, "--runs", 1, "--steps", steps, "--cfg-options", *untaught]
    told = run("tools/benchmark.py", args.config, *flags, log=args.out / "pace.txt").stdout
    found = re.search(r"training +([\d.]+) images/s", told)
    if not found:
        raise SystemExit(f"error: no pace in {args.out}/pace.txt. Read it.")
    return float(found[1])


def main(argv: list[str] | None = None) -> None:
    """Measure, train, test, export."""
    began = time.monotonic()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("config", type=Path)
    add("data", type=Path, help="data.yaml of pack.py")
    add("--minutes", type=float, default=10.0)
    add("--out", type=Path, required=True)
    add("--load-from", type=Path)
    add("--teacher", type=Path, help="a checkpoint, which runs on the GPU")
    add("--teacher-share", type=float, default=0.25, help="of a step's time, as a guess")
    add("--cfg-options", nargs="+", default=[])
    add("--rehearse", action="store_true")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in ("config", "data", "out", "load_from", "teacher"):
        if value := getattr(args, name):
            setattr(args, name, value.resolve())
    end = began + 60 * args.minutes
    if not args.rehearse:
        share = STEPS_SHARE * 60 * args.minutes
        run("benchmarks/step_speed.py", log=args.out / "steps.md", seconds=share)
    labels = json.loads((args.data.parent / "train.json").read_text(encoding="utf-8"))
    people = len(labels["annotations"])
    tiny = ["train_dataloader.batch_size=4", "train_dataloader.num_workers=1"]
    options = [*args.cfg_options, *(tiny if args.rehearse else [])]
    rate = pace(args, options)
    left = end - time.monotonic() - (5 if args.rehearse else KEPT_SECONDS)
    slower = 1 + (args.teacher_share if args.teacher else 0)
    epochs = 1 if args.rehearse else max(1, math.floor(left * rate / slower / people))
    same = ["--data", args.data, "--cfg-options", *options]
    flags = ["--data", args.data, "--work-dir", args.out / "work", "--seed", 1]
    flags += ["--val-interval", max(1, epochs // 4), "--save-every", 1]
    flags += ["--load-from", args.load_from] if args.load_from else []
    flags += ["--teacher", args.teacher] if args.teacher else []
    print(f"{rate:.0f} images/s, {people} people: {epochs} epochs", flush=True)
    run("train.py", args.config, *flags, "--cfg-options", *options, f"max_epochs={epochs}",
        log=args.out / "train.log", seconds=max(30.0, left + 40))  # fmt: skip
    best = sorted((args.out / "work").glob("best_*.pth")) or sorted(
        (args.out / "work").glob("*.pth"), key=lambda path: path.stat().st_mtime
    )
    if not best:
        raise SystemExit(f"error: no checkpoint in {args.out}/work. See train.log.")
    run("tools/test.py", args.config, best[-1], *same, log=args.out / "test.txt")
    target = ["--raw", "--output", args.out / "network.onnx"]
    run("export2onnx.py", args.config, best[-1], *target, *same, log=args.out / "export.txt")
    print((args.out / "test.txt").read_text(encoding="utf-8"))
    print(f"{args.out}: done in {(time.monotonic() - began) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
