"""benchmarks/accuracy.py: figures of made-up people, pairing, and files that do not fit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def make_files(folder: Path, shifts: dict[str, list[float]]) -> tuple[Path, dict[str, Path]]:
    """Ten people of 17 joints on an image each; predictions are off by so many pixels each."""
    people = []
    for image in range(10):
        joints = [[10.0 * k, 5.0 * k, 2] for k in range(17)]
        joints[3][2] = 0  # never labelled
        people.append(
            dict(
                image_id=image,
                bbox=[0, 0, 100, 50],
                area=5000,
                iscrowd=0,
                num_keypoints=16,
                keypoints=sum(joints, []),
            )
        )
    labels = folder / "labels.json"
    labels.write_text(json.dumps({"annotations": people}))
    files = {}
    for name, offsets in shifts.items():
        files[name] = folder / f"{name}.json"
        predictions = [
            dict(
                image_id=image,
                box=[0, 0, 100, 50],
                score=0.5,
                keypoints=[[10.0 * k + offset, 5.0 * k, 1] for k in range(17)],
            )
            for image, offset in enumerate(offsets)
        ]
        files[name].write_text(json.dumps(predictions))
    return labels, files


def run(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "benchmarks/accuracy.py", *arguments, "--resamples", "200"]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


@pytest.fixture
def compared(tmp_path) -> str:
    # PCK: 19 of the longer side of 100 is near, 21 is not; AP: 0 is a hit at every threshold
    labels, files = make_files(tmp_path, {"good": [0] * 9 + [19], "bad": [0] * 5 + [21] * 5})
    done = run(labels, files["good"], files["bad"])
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pck_of_both_and_the_difference(compared):
    assert "10 people of 10" in compared
    assert "PCK@0.2: 1.0000 and 0.5000, difference +0.5000" in compared


def test_interval_holds_the_difference(compared):
    line = next(line for line in compared.splitlines() if "PCK" in line)
    low, high = (float(line.split("interval ")[1].split()[i]) for i in (0, 2))
    assert 0.1 <= low < 0.5 < high <= 0.9  # five of ten people differ: a binomial of ten


def test_one_network_against_itself(tmp_path):
    labels, files = make_files(tmp_path, {"one": [0] * 5 + [30] * 5})
    out = run(labels, files["one"], files["one"]).stdout
    assert out.count("difference +0.0000, 95 % interval +0.0000 to +0.0000") == 2


def test_a_missing_file_is_one_line(tmp_path):
    labels, files = make_files(tmp_path, {"good": [0] * 4})
    done = run(labels, files["good"], tmp_path / "none.json")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "none.json" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_of_several_seeds_the_means_are_compared(tmp_path):
    labels, files = make_files(tmp_path, {"good": [0] * 10, "half": [0] * 5 + [21] * 5})
    done = run(labels, f"{files['good']},{files['half']}", files["half"])
    assert "PCK@0.2: 0.7500 and 0.5000, difference +0.2500" in done.stdout, done.stderr


def test_images_without_predictions_are_left_out_of_both(tmp_path):
    labels, files = make_files(tmp_path, {"one": [0] * 4, "other": [0] * 4})
    assert "4 people of 10" in run(labels, files["one"], files["other"]).stdout


def test_predictions_of_different_images(tmp_path):
    labels, files = make_files(tmp_path, {"one": [0] * 4, "other": [0] * 6})
    done = run(labels, files["one"], files["other"])
    assert done.returncode == 2
    assert "must hold predictions of the same images as" in done.stderr
    assert "but 2 are in one only" in done.stderr
