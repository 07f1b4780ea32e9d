"""The main job in five minutes, without any download: draw people, train, test, look.

    python tools/quickstart.py

Draws people with COCO labels, trains a small Lite-HRNet on them on the CPU, tests it on drawn
people that it has never seen, and writes an image of what it predicts for them. Then exports it for
a KL720, says which nodes each chip would run, and finds a person with the exported file.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # repo root, not tools/

from utils.cli import ScriptParser

CONFIG = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
FOLDER = Path("work_dirs/quickstart")  # as in the config
VERDICTS = (0, 3, 4)  # of npu_check.py: all on the NPU, some on the CPU, some disputed
SETS = {"train": (1800, 1), "val": (200, 1001)}  # images, seed

NEXT = """
Next, with your own images:
  1. Describe them in a file of three lines (docs/data.md): python tools/doctor.py mine.yaml
  2. python train.py CONFIG --data mine.yaml --load-from weights/wider_naive_litehrnet_18_raw.onnx
  3. python tools/test.py CONFIG CHECKPOINT --data mine.yaml
  4. python export2onnx.py CONFIG CHECKPOINT --data mine.yaml --npu 720
"""


def say(step: str) -> None:
    """Print a headline."""
    print(f"\n=== {step}", flush=True)


def run(*words: str, accepted: tuple[int, ...] = (0,)) -> None:
    """Show a command as a user would type it, and run it; another exit code than these ends all."""
    print("$ python " + " ".join(words), flush=True)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}  # the same everywhere: two CPU cores
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=environment)
    if done.returncode not in accepted:
        raise SystemExit(f"error: this step failed with exit code {done.returncode}")


def main(argv: list[str] | None = None) -> None:
    """Run the steps."""
    ScriptParser(__doc__).parse_args(argv)
    os.chdir(ROOT)
    started_at = time.monotonic()
    draw_people()
    checkpoint = train()
    look(checkpoint)
    take_to_the_chip(checkpoint)
    print(NEXT)
    print(f"done in {(time.monotonic() - started_at) / 60:.1f} minutes")


def draw_people() -> None:
    """Draw a set to train on and one to test on."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (num_images, seed) in SETS.items():
        say(f"Draw {num_images} images of people to {name} on (seed {seed})")
        options = ["--num", str(num_images), "--seed", str(seed), "--overwrite"]
        if name == "train":
            options += ["--preview", str(FOLDER / "drawn_people.png")]
        run("tools/make_people.py", str(FOLDER / "people" / name), *options)


def train() -> Path:
    """Train, and return the last checkpoint."""
    say("Train a small Lite-HRNet on them")
    run_dir = FOLDER / "run"
    options = ("--work-dir", str(run_dir), "--seed", "1", "--gpus", "2", "--no-validate")
    run("train.py", CONFIG, *options)
    return max(run_dir.glob("epoch_*.pth"), key=lambda path: path.stat().st_mtime)


def look(checkpoint: Path) -> None:
    """Test on people that the network has never seen, and show what it predicts."""
    from utils.people_generator.preview import write_comparison

    say("Test it on people that it has never seen")
    out = FOLDER / "predictions.json"
    options = ["--out", str(out), "--work-dir", str(FOLDER / "test")]
    run("tools/test.py", CONFIG, str(checkpoint), *options)
    predictions: dict[int, list[dict]] = {}
    for each in json.loads(out.read_text()):
        predictions.setdefault(each["image_id"], []).append(each)
    sheet = FOLDER / "predicted_people.png"
    write_comparison(FOLDER / "people" / "val", predictions, sheet)
    print(f"look at {sheet}: labels and predictions side by side")


def take_to_the_chip(checkpoint: Path) -> None:
    """Export for a KL720, ask which nodes it runs, and find a person with the exported file."""
    say("Export it for a KL720")
    network = FOLDER / "pose_kl720.onnx"
    run("export2onnx.py", CONFIG, str(checkpoint), "--output", str(network), "--npu", "720")
    say("Which of its nodes does the chip run, and why?")
    options = ("--npu", "720", "--html", str(FOLDER / "kl720.html"))
    run("tools/npu_check.py", str(network), *options, accepted=VERDICTS)
    say("Find a drawn person with the exported file")
    params = FOLDER / "lite_hrnet_params.yaml"
    params.write_text(f"model_path: {network.name}\n", encoding="utf-8")
    people = json.loads((FOLDER / "people" / "val" / "annotations.json").read_text())
    person = max(people["annotations"], key=lambda each: each["area"])
    name = next(i["file_name"] for i in people["images"] if i["id"] == person["image_id"])
    box = ",".join(f"{side:.0f}" for side in person["bbox"])
    options = ["--img-path", str(FOLDER / "people" / "val" / "images" / name), "--bbox", box]
    options += ["--lite_hrnet_params", str(params)]
    run("inference.py", *options, "--save-path", str(FOLDER / "found_person.png"))


if __name__ == "__main__":
    main()
