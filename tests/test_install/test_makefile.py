"""The make targets set up what they need, in order, and continuous integration runs `make test`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """What make sees in a clean clone."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copytree(ROOT / "standins", tmp_path / "standins")
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    return tmp_path


def run(folder, *command):
    """Run there, away from the settings of a make that runs these tests."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def make(folder, *arguments):
    return run(folder, "make", *arguments)


STEPS = {
    "quickstart": ["-m venv .venv", "install -r requirements.txt", "tools/quickstart.py"],
    "test": ["-m venv .venv", "-r requirements.txt", "-r requirements/dev.txt", "-m pytest"],
    "test-slow": ["-r requirements.txt", "-r requirements/dev.txt", "-m pytest -m slow"],
    "check": [
        *("-m venv .venv", "-r requirements/lint.txt"),
        *("ruff check", "ruff format --check", "-m mypy"),
    ],
}


@pytest.mark.parametrize(("target", "steps"), STEPS.items(), ids=STEPS)
def test_a_clean_clone_is_set_up_in_order(clone, target, steps):
    planned = make(clone, "--dry-run", target).stdout
    places = [planned.find(step) for step in steps]
    assert -1 not in places, planned
    assert places == sorted(places)


def test_an_installation_is_made_once_and_again_when_its_files_change(clone):
    (clone / ".venv" / "bin").mkdir(parents=True)
    for stamp in ("bin/python", ".installed", ".installed-dev"):
        (clone / ".venv" / stamp).touch()
    assert "pip" not in make(clone, "--dry-run", "test").stdout
    for changed in ("requirements.txt", "standins/xtcocotools/xtcocotools/coco.py"):
        later = (clone / ".venv" / ".installed-dev").stat().st_mtime + 10
        os.utime(clone / changed, (later, later))
        assert "install -r requirements.txt" in make(clone, "--dry-run", "test").stdout
        os.utime(clone / changed, (0, 0))


def test_an_old_python_is_refused_in_one_line(clone):
    old = clone / "old-python"  # today's interpreter that takes itself for an old one
    pretend = 'import sys; sys.version_info = (3, 8, 1); sys.version = "3.8.1 (old)"'
    old.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{pretend}; exec(sys.argv[1])' \"$2\"\n")
    old.chmod(0o755)
    result = make(clone, "check", f"PYTHON={old}")
    message = "PYTHON must be 3.10 or newer, got 3.8.1. Name another: make PYTHON=python3.12"
    assert result.stderr.splitlines()[0] == message
    assert result.returncode != 0
    assert not (clone / ".venv").exists()


def test_clean_keeps_results(clone):
    for folder in (".venv", ".ruff_cache", "work_dirs", "utils/__pycache__"):
        (clone / folder).mkdir(parents=True)
    assert make(clone, "clean").returncode == 0
    assert (clone / "work_dirs").is_dir()
    assert not [f for f in (".venv", ".ruff_cache", "utils/__pycache__") if (clone / f).exists()]


def test_continuous_integration_checks_and_tests(clone):
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    (clone / "Makefile").write_text("check:\n\t@echo checked\ntest:\n\t@echo ran; cat; exit 3\n")
    result = run("/", clone / ".ci" / "run")
    assert (result.stdout.splitlines()[:2], result.returncode) == (["checked", "ran"], 2)
    (clone / "Makefile").write_text("check:\n\t@exit 3\ntest:\n\t@echo ran\n")
    result = run("/", clone / ".ci" / "run")
    assert (result.stdout, result.returncode) == ("", 2)


def test_before_a_commit_runs_the_same_ruff():
    pinned = (ROOT / "requirements/lint.txt").read_text().split()
    (ruff,) = [word for word in pinned if word.startswith("ruff==")]
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert hooks.count("[ruff==") == hooks.count(f"[{ruff}]") == 2
