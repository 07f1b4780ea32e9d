"""One line for a user's mistake, the near miss named, and the exit code that tells a script."""

import argparse
import signal
import subprocess
import sys

import pytest
from scripts import load_script

from utils.cli import ROOT, ScriptParser, user_errors
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


@pytest.fixture
def parser():
    parser = ScriptParser("Do it.\n\n    python do.py")
    parser.add_argument("stage", choices=["raw", "input"])
    parser.add_argument("--work-dir")
    parser.add_argument("--npu", choices=["520", "720"])
    parser.add_argument("--words", nargs="+")
    parser.add_argument("--local-rank", help=argparse.SUPPRESS)
    return parser


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["raw", "--wrok-dir", "x"], "unrecognized arguments: --wrok-dir x; did you mean --work-"),
        (["raw", "--workdir=x"], "unrecognized arguments: --workdir=x; did you mean --work-dir?"),
        (["raw", "--words", "a", "--nup", "720"], "; did you mean --npu?"),
        (["--worddir=x"], "arguments are required: stage; did you mean --work-dir?"),
        (["raw", "--npu", "7200"], "(choose from '520', '720'); did you mean 720?"),
        (["imput"], "(choose from 'raw', 'input'); did you mean input?"),
        (["raw", "--local-rnk", "0"], "unrecognized arguments: --local-rnk 0\n"),
        (["raw", "--zzz"], "unrecognized arguments: --zzz\n"),
        (["raw", "--npu", "9"], "(choose from '520', '720')\n"),
        (["raw", "--words"], "expected at least one argument\n"),
    ],
)
def test_a_near_miss_is_named(parser, words, message, capsys):
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(words)
    assert stop.value.code == 2
    # newer Pythons write the choices without quotes
    assert message.replace("'", "") in capsys.readouterr().err.replace("'", "")


def test_what_is_right_is_taken_as_argparse_does(parser):
    args = parser.parse_args(["raw", "--work", "x", "--words", "a=1"])
    assert (args.stage, args.work_dir, args.words) == ("raw", "x", ["a=1"])
    assert "    python do.py" in parser.format_help()


SCRIPTS = [ROOT / name for name in ("train.py", "export2onnx.py", "inference.py")]
SCRIPTS += [ROOT / "inference_e2e.py", *sorted((ROOT / "tools").glob("*.py"))]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_names_the_flag_that_was_meant(path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))  # tools put the root first
    script = load_script(path)
    with pytest.raises(SystemExit) as stop:
        getattr(script, "parse_args", script.main)(["--hepl"])
    assert stop.value.code == 2
    assert "did you mean --help?" in capsys.readouterr().err
