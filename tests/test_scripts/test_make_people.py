"""tools/make_people.py: flags, the summary line, errors in one line."""

import json
import subprocess
import sys

import cv2
import pytest

SMALL = ("--num", "4", "--width", "120", "--height", "96", "--workers", "1")


@pytest.fixture
def make(root, tmp_path):
    """Run the script in an unrelated folder."""

    def run(*arguments):
        command = [sys.executable, str(root / "tools" / "make_people.py"), *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_help_names_every_flag_and_loads_no_array_library(root):
    command = [sys.executable, "-X", "importtime", root / "tools" / "make_people.py", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    flags = "--num --seed --width --height --workers --overwrite --preview".split()
    assert all(flag in done.stdout for flag in flags)
    assert "numpy" not in done.stderr
    assert "cv2" not in done.stderr


def test_set_preview_summary_and_second_run(make, tmp_path):
    done = make("people", *SMALL, "--preview", "sheet.png")
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "people" / "annotations.json").read_text())
    num_people = len(content["annotations"])
    assert done.stdout.startswith(f"people: {num_people} people in 4 images, ")
    assert "of joints occluded, people overlap in" in done.stdout
    assert done.stdout.count("\n") == 1
    assert "drawing people: 100%" in done.stderr
    assert len(list((tmp_path / "people" / "images").glob("*.jpg"))) == 4
    assert cv2.imread(str(tmp_path / "sheet.png")).shape == (96, 480, 3)

    again = make("people", *SMALL)
    assert again.returncode == 1
    assert again.stderr.startswith("error: people must be a new folder, got a set of people")
    assert make("people", *SMALL, "--overwrite").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["--num", "0"], 1, "error: num_images must be 1 or more, got 0."),
        (["--width", "20"], 1, "error: width must be 96 to 2048 pixels, got 20. Try 384 x 288."),
        (["--preview", "a.jpg"], 2, "--preview must end in .png, got a.jpg. Name a .png file."),
    ],
)
def test_faults_are_told_in_one_line(make, tmp_path, arguments, exit_code, message):
    done = make("people", *arguments)
    assert done.returncode == exit_code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
