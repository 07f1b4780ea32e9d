"""torchrun on two nodes of this machine: the engine of trainings on several machines."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from models.checkpoints.weights import read_checkpoint

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(torch.cuda.is_available(), reason="is about gloo on CPUs"),
]


def start(folder: Path, options: list[str], epochs: int, restarts: int) -> list[subprocess.Popen]:
    """Start both nodes; each holds one process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    node += ["--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}", "--rdzv-id=test"]
    node += [f"--max-restarts={restarts}", "train.py", str(CONFIG), "--launcher", "pytorch"]
    node += ["--work-dir", str(folder), "--seed", "3", "--no-validate", "--resume"]
    node += ["--cfg-options", *options, f"max_epochs={epochs}"]
    quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return [subprocess.Popen(node, env=environment, **quiet) for _ in range(2)]


def finish(nodes: list[subprocess.Popen]) -> None:
    try:
        assert [node.wait(timeout=300) for node in nodes] == [0, 0]
    finally:
        for node in nodes:
            node.kill()


def weights(path: Path) -> dict:
    return read_checkpoint(path)["state_dict"]


def trainings(folder: Path) -> list[int]:
    """Numbers of the processes that train in a folder, the nodes' own left out."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            environment = (place / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words and b"TORCHELASTIC_RUN_ID" in environment:
            found.append(int(place.name))
    return sorted(found)


def test_two_nodes_train_as_two_processes_do(options, tmp_path):
    options = [word for word in options if not word.startswith("max_epochs")]
    finish(start(tmp_path / "nodes", options, epochs=2, restarts=0))
    command = [sys.executable, "train.py", str(CONFIG), "--gpus", "2", "--seed", "3"]
    command += ["--no-validate", "--work-dir", str(tmp_path / "one"), "--cfg-options", *options]
    subprocess.run([*command, "max_epochs=2"], cwd=ROOT, check=True, capture_output=True)
    ours, theirs = weights(tmp_path / "nodes/epoch_2.pth"), weights(tmp_path / "one/epoch_2.pth")
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_killed_process_is_restarted_and_the_answer_the_same(options, tmp_path):
    options = [word for word in options if not word.startswith("max_epochs")]
    finish(start(tmp_path / "whole", options, epochs=8, restarts=0))
    broken = tmp_path / "broken"
    nodes = start(broken, options, epochs=8, restarts=3)
    end = time.monotonic() + 120
    while not (list(broken.glob("epoch_*.pth")) and trainings(broken)):
        assert time.monotonic() < end
        time.sleep(0.05)
    os.kill(trainings(broken)[-1], signal.SIGKILL)
    finish(nodes)
    ours, theirs = weights(broken / "epoch_8.pth"), weights(tmp_path / "whole/epoch_8.pth")
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name
