"""What several scripts' tests use: a script by its name, run in this process."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scripts import load_script

import inference

NAMES = ("yolov5", "rsn_affine", "lite_hrnet")


@pytest.fixture
def outcome(root, monkeypatch, capfd) -> Callable[..., tuple[int, str]]:
    """Return a function: run a script in this process; its exit code, and all it says of faults."""
    # Loading a tool replaces the first entry of the module path, as running it does.
    monkeypatch.setattr(sys, "path", ["", *sys.path])

    def run(script: str, *args: object) -> tuple[int, str]:
        capfd.readouterr()
        try:
            code = load_script(root / script).main([str(arg) for arg in args])
        except SystemExit as err:
            code = err.code
        errors = capfd.readouterr().err
        return (1, errors + code) if isinstance(code, str) else (code or 0, errors)

    return run


@pytest.fixture
def chain(e2e_models, tmp_path) -> list[str]:
    """Flags of a chain whose detector sees one person in the middle of everything."""
    (tmp_path / "nets").mkdir()
    paths = e2e_models.write_three(tmp_path / "nets")
    return [word for name in NAMES for word in (f"--{name}_params", str(paths[name]))]


@pytest.fixture
def run(chain, capsys):
    """Run inference.py; its exit code, printed paths and error lines."""

    def run(image: object, *more: object) -> tuple[int, list[Path], str]:
        try:
            code = inference.main(["--img-path", str(image), *chain, *map(str, more)])
        except SystemExit as err:
            code = err.code
        out, errors = capsys.readouterr()
        if isinstance(code, str):  # the interpreter would print it and exit with 1
            code, errors = 1, errors + code
        return code, [Path(line) for line in out.splitlines()], errors

    return run


@pytest.fixture
def picture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 60, (90, 120, 3), np.uint8)
    noise[40:50, 55:65] = 255
    return noise
