"""What several scripts' tests use: a script by its name, run in this process."""

import sys
from collections.abc import Callable

import pytest
from scripts import load_script


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
