"""Many images: memory stays flat, a killed run goes on to the same bytes, threads agree."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from utils.runners.pipeline import load_pipeline

NUM_IMAGES = int(os.environ.get("LITEHRNET_LONG_RUN", "2000"))
BOXES = [(32, 28, 30, 40, 0.9, 0.9), (20, 40, 10, 12, 0.9, 0.7)]


@pytest.fixture
def networks(e2e_models, tmp_path) -> dict[str, Path]:
    (tmp_path / "nets").mkdir()
    return e2e_models.write_three(tmp_path / "nets", BOXES)


def draw(folder: Path, count: int) -> list[Path]:
    """Fifty images under as many names as are asked for."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(50):
        image = rng.integers(0, 255, (64, 64, 3), np.uint8)
        (folder / f"{number:06}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    for number in range(50, count):
        os.link(folder / f"{number % 50:06}.png", folder / f"{number:06}.png")
    return sorted(folder.iterdir())


def most_memory(number: int) -> int:
    """Peak resident memory of a living process, MiB."""
    text = Path(f"/proc/{number}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found[1]) // 1024 if found else 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads memory in /proc")
def test_a_long_run_is_flat_and_goes_on_after_a_kill(root, networks, tmp_path):
    draw(tmp_path / "in", NUM_IMAGES)
    flags = [word for name, path in networks.items() for word in (f"--{name}_params", str(path))]

    def start(name: str, *more: str) -> subprocess.Popen:
        paths = ["--img-path", str(tmp_path / "in"), "--save-path", str(tmp_path / name)]
        command = [sys.executable, "inference_e2e.py", *paths, *flags, *more]
        return subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)

    peaks = []
    with start("whole.json") as process:
        while process.poll() is None:
            peaks.append(most_memory(process.pid))
            time.sleep(0.05)
        assert process.returncode == 0
    with start("killed.json") as process:
        while not re.search(r"0[1-9]\d\d\.png", (text := read(tmp_path / "killed.json"))):
            time.sleep(0.05)
        process.kill()
    assert text.count("img_path") < NUM_IMAGES
    with start("killed.json", "--resume") as process:
        assert process.wait() == 0
    assert (tmp_path / "killed.json").read_bytes() == (tmp_path / "whole.json").read_bytes()
    first, last = peaks[len(peaks) // 3], max(peaks)
    print(f"{NUM_IMAGES} images: {first} MiB after a third of the time, {last} MiB at the end")
    assert last - first < 0.003 * NUM_IMAGES + 10  # the records themselves take 2 KiB an image


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_eight_threads_give_the_answers_of_one(networks, tmp_path):
    pipeline = load_pipeline(*networks.values())
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 255, (60 + i, 64, 3), np.uint8) for i in range(24)]
    alone = [pipeline(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(pipeline, images * 4))
    for one, other in zip(alone * 4, together, strict=True):
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
        np.testing.assert_array_equal(one.boxes_xywh, other.boxes_xywh)
        np.testing.assert_array_equal(one.scores, other.scores)
