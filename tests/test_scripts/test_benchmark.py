"""tools/benchmark.py: figures of one's own config, and nothing left behind."""

import re
import subprocess
import sys
from pathlib import Path

from utils.people_generator.generate import make_people

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"


def run(*args: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """In a process of its own: mmengine keeps one visualizer, with its folder, for all."""
    command = [sys.executable, ROOT / "tools/benchmark.py", CONFIG, *args]
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)


def test_figures_of_a_config(tmp_path):
    make_people(tmp_path / "train", 16, seed=5)
    options = [f"data_root={tmp_path}/", "train_dataloader.batch_size=4"]
    options += ["train_dataloader.num_workers=0", "train_dataloader.persistent_workers=False"]
    done = run("--steps", "2", "--runs", "3", "--cfg-options", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert re.search(r"^network +KneronLiteHRNet, 64x128 ", out, re.MULTILINE)
    assert re.search(r"^parameters +0\.37 M$", out, re.MULTILINE)
    assert re.search(r"^multiply-adds +[\d.]+ M$", out, re.MULTILINE)
    assert re.search(r"^inference +[\d.]+ ms \(1 thread, batch 1\)$", out, re.MULTILINE)
    assert re.search(
        r"^training +[\d.]+ images/s, waiting for data [\d.]+ % \(batch 4, median of 2 steps\)$",
        out,
        re.MULTILINE,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_no_data_is_one_message():
    done = run("--runs", "1", "--cfg-options", "data_root=/nowhere/")
    assert done.returncode == 1
    assert "error: /nowhere/train/annotations.json" in done.stderr


def test_too_few_people_to_time(tmp_path):
    make_people(tmp_path / "train", 4, seed=5)
    options = [f"data_root={tmp_path}/", "train_dataloader.num_workers=0", "max_epochs=1"]
    options += ["train_dataloader.persistent_workers=False"]
    done = run("--runs", "1", "--cfg-options", *options)
    assert done.returncode == 1
    assert "training must have more than 5 steps to be timed" in done.stderr
