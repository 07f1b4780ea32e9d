"""The main job in five minutes, without any download: draw people, train, test, look.

    python tools/quickstart.py

Draws people with COCO labels, trains a small Lite-HRNet on them on the CPU, tests it on drawn
people that it has never seen, and writes a picture of what it predicts for them.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # repo root, not tools/

CONFIG = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
FOLDER = Path("work_dirs/quickstart")  # as in the config
SETS = {"train": (1800, 1), "val": (200, 1001)}  # pictures, seed

NEXT = f"""
Next, with your own pictures:
  1. Put them and their COCO keypoint labels below data/coco, as docs/data.md shows.
  2. python train.py configs/top_down/lite_hrnet/coco/litehrnet_18_coco_256x192.py
  3. python tools/test.py CONFIG CHECKPOINT
  4. python export2onnx.py CONFIG CHECKPOINT
Try it now on what was just trained:
  python export2onnx.py {CONFIG} {FOLDER}/run/{{name}}
"""


def say(step: str) -> None:
    """Print a headline."""
    print(f"\n=== {step}", flush=True)


def run(*words: str) -> None:
    """Show a command as a user would type it, and run it."""
    print("$ python " + " ".join(words), flush=True)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}  # the same everywhere: two CPU cores
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=environment)
    if done.returncode:
        raise SystemExit(f"error: this step failed with exit code {done.returncode}")


def main(argv: list[str] | None = None) -> None:
    """Run the four steps."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(argv)
    os.chdir(ROOT)
    started_at = time.monotonic()
    for name, (num_images, seed) in SETS.items():
        say(f"Draw {num_images} pictures of people to {name} on (seed {seed})")
        options = ["--num", str(num_images), "--seed", str(seed), "--overwrite"]
        if name == "train":
            options += ["--preview", str(FOLDER / "drawn_people.png")]
            FOLDER.mkdir(parents=True, exist_ok=True)
        run("tools/make_people.py", str(FOLDER / "people" / name), *options)
    say("Train a small Lite-HRNet on them")
    run(
        "train.py",
        CONFIG,
        "--work-dir",
        str(FOLDER / "run"),
        "--seed",
        "1",
        "--gpus",
        "2",
        "--no-validate",
    )
    checkpoint = max((FOLDER / "run").glob("epoch_*.pth"), key=lambda path: path.stat().st_mtime)
    say("Test it on people that it has never seen")
    predictions = FOLDER / "predictions.json"
    run(
        "tools/test.py",
        CONFIG,
        str(checkpoint),
        "--out",
        str(predictions),
        "--work-dir",
        str(FOLDER / "test"),
    )
    say("Draw what it predicts")
    picture = FOLDER / "predicted_people.png"
    draw_predictions(FOLDER / "people" / "val", predictions, picture)
    print(
        f"look at {picture}; the drawn people with their labels are in "
        f"{FOLDER / 'drawn_people.png'}"
    )
    print(NEXT.format(name=checkpoint.name))
    print(f"done in {(time.monotonic() - started_at) / 60:.1f} minutes")


def draw_predictions(people_dir: Path, predictions: Path, picture: Path) -> None:
    """Write a contact sheet of the held-out pictures with the predicted skeletons."""
    import numpy as np

    from utils.people_generator.preview import write_contact_sheet

    people: dict[int, list] = {}
    for each in json.loads(predictions.read_text()):
        keypoints = np.array(each["keypoints"])
        keypoints[:, 2] = np.where(keypoints[:, 2] > 0.2, 2, 0)  # shown or not, as COCO's flags
        people.setdefault(each["image_id"], []).append((keypoints, np.array(each["box"])))
    write_contact_sheet(people_dir, picture, people=people)


if __name__ == "__main__":
    main()
