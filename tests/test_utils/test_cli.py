"""One line for a user's mistake, and the exit code that tells a script."""

import signal
import subprocess
import sys

import pytest

from utils.cli import user_errors
from utils.errors import NetworkError

WORKER = (
    "Caught ValueError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):"
    '\n  File "x.py", line 1, in f\nValueError: a.jpg: picture is cut short. Copy it again.\n'
)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("a.py: x must be 1, got 2."), "error: a.py: x must be 1, got 2."),
        (ValueError(WORKER), "error: a.jpg: picture is cut short. Copy it again."),
        (
            NotADirectoryError(20, "Not a directory", "out/x"),
            "error: out/x: Not a directory. Check",
        ),
        (ValueError(), "error: ValueError"),
        (NetworkError("a.onnx: network must run."), "error: a.onnx: network must run."),
    ],
)
def test_mistake_is_one_line(error, message):
    with pytest.raises(SystemExit) as stop, user_errors():
        raise error
    assert str(stop.value).startswith(message)
    assert "\n" not in str(stop.value)


def test_interrupt_ends_with_130(capsys):
    with pytest.raises(SystemExit) as stop, user_errors():
        raise KeyboardInterrupt
    assert stop.value.code == 130
    assert "interrupted" in capsys.readouterr().err


def test_traceback_on_request(monkeypatch):
    monkeypatch.setenv("LITEHRNET_TRACEBACK", "1")
    with pytest.raises(ValueError, match="x"), user_errors():
        raise ValueError("x")


@pytest.mark.parametrize("bug", [KeyError("x"), TypeError("x"), AssertionError(), IndexError()])
def test_bugs_keep_their_traceback(bug):
    with pytest.raises(type(bug)), user_errors():
        raise bug


def test_sigterm_is_anothers_again_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with user_errors():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_sigterm_lets_a_script_tidy_up(root, tmp_path):
    code = (
        "import sys, time\nfrom utils.cli import user_errors\n"
        "with user_errors():\n"
        "    try:\n        print('ready', flush=True); time.sleep(60)\n"
        "    finally:\n        open(sys.argv[1], 'w').close()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "tidy")]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.terminate()
        assert process.wait(20) == 143
    assert (tmp_path / "tidy").exists()
