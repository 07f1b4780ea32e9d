"""A script that is told to end, or killed, leaves no process behind."""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CONFIG = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
SIGNALS = ("SIGINT", "SIGTERM", "SIGKILL")
PATIENCE = 60.0  # seconds; only a failure takes so long
pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


def processes(mark: str) -> list[int]:
    """Numbers of the living processes whose environment holds the mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = mark.encode() in (folder / "environ").read_bytes()
            is_alive = "State:\tZ" not in (folder / "status").read_text()
        except OSError:
            continue
        if is_ours and is_alive:
            found.append(int(folder.name))
    return found


def wait_until(condition) -> bool:
    end = time.monotonic() + PATIENCE
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return bool(holds)


def end_in_the_middle(
    command: list[str], root: Path, name: str, is_busy, *, to_all: bool = False
) -> tuple[int, str]:
    """Send a signal once the process is busy, to it alone or, as a terminal does, to its group.

    Returns: its exit code and its errors.
    """
    mark = secrets.token_hex(8)
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TEST_MARK": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a shell lets its background jobs ignore Ctrl-C, and their children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            assert wait_until(lambda: is_busy(processes(mark)))
            (os.killpg if to_all else os.kill)(process.pid, getattr(signal, name))
            errors = process.communicate(timeout=PATIENCE)[1]
            assert wait_until(lambda: not processes(mark)), processes(mark)
        finally:
            for number in processes(mark):
                os.kill(number, signal.SIGKILL)
    return process.returncode, errors


def expected_code(name: str) -> int:
    number = int(getattr(signal, name))
    return -number if name == "SIGKILL" else 128 + number


@pytest.mark.parametrize("name", SIGNALS)
def test_make_people(root, tmp_path, name):
    out = tmp_path / "people"
    command = ["tools/make_people.py", str(out), "--num", "20000", "--seed", "1", "--workers", "2"]
    code, errors = end_in_the_middle(
        command, root, name, lambda numbers: any(tmp_path.glob(".people.*/images/000020.jpg"))
    )
    assert code == expected_code(name)
    assert "Traceback" not in errors
    assert not out.exists()
    if name != "SIGKILL":
        assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize(
    ("gpus", "to_all"), [("1", False), ("1", True), ("2", False)], ids=["one", "group", "two"]
)
def test_training(root, tmp_path, name, gpus, to_all):
    from utils.people_generator.generate import make_people

    make_people(tmp_path / "data/train", 64, seed=1)
    work = tmp_path / "work"
    command = ["train.py", CONFIG, "--work-dir", str(work), "--gpus", gpus, "--no-validate"]
    command += ["--cfg-options", f"data_root={tmp_path}/data/", "max_epochs=100000"]
    code, errors = end_in_the_middle(
        command, root, name, lambda numbers: any(work.glob("epoch_*.pth")), to_all=to_all
    )
    assert code == expected_code(name)
    assert "Traceback" not in errors
    if name != "SIGKILL":
        assert list(work.glob("iter_*.pth"))
        place = "the last checkpoint" if gpus == "2" else f"{work}/iter_"
        assert f"the same command with --resume goes on from {place}" in errors
    if name == "SIGINT" or (name == "SIGTERM" and gpus == "2"):
        assert errors.splitlines()[-1] == "interrupted"
