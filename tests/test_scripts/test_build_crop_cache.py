"""tools/build_crop_cache.py: the file that a training with the same option then uses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from utils.people_generator.generate import make_people

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"


def run(*options: str, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tools/build_crop_cache.py", CONFIG]
    command += ["--cfg-options", f"data_root={cwd}/", *options]
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)


def test_it_is_made_and_its_size_is_told(tmp_path):
    make_people(tmp_path / "train", 6, seed=5)
    done = run("crop_cache=crops", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "crops").glob("*.crops")
    people, beyond = done.stdout.splitlines()
    labels = json.loads((tmp_path / "train/annotations.json").read_text())
    count = len(labels["annotations"])
    assert people == f"crops/{path.name}: {count} people, {path.stat().st_size / 1e9:.3f} GB"
    assert beyond == f"0 of {count} augmented crops reach beyond it and are read from the image"


def test_a_missing_folder_name_is_one_line(tmp_path):
    make_people(tmp_path / "train", 6, seed=5)
    done = run(cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "crop_cache must name a folder, got none. Add --cfg-options crop_cache=work_dirs/crops."
    )


@pytest.mark.parametrize("given", ["nothing", "labels without pictures"])
def test_without_data_it_is_one_line_and_nothing_is_written(outcome, tmp_path, given):
    if given != "nothing":
        make_people(tmp_path / "train", 2, seed=5)
        for picture in (tmp_path / "train/images").iterdir():
            picture.unlink()
    before = sorted(tmp_path.rglob("*"))
    options = (f"data_root={tmp_path}/", f"crop_cache={tmp_path}/crops")
    code, errors = outcome("tools/build_crop_cache.py", CONFIG, "--cfg-options", *options)
    assert code == 1
    assert errors.startswith(f"error: {tmp_path}/train/annotations.json: ")
    assert len(errors.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
