"""What several scripts' tests use: the tiny networks of tests/test_utils, and tools by name."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def e2e_models() -> ModuleType:
    return load(Path(__file__).parents[1] / "test_utils/e2e_models.py")


@pytest.fixture(scope="session")
def npu_models() -> ModuleType:
    return load(Path(__file__).parents[1] / "test_utils/npu_models.py")


@pytest.fixture
def outcome(root, monkeypatch, capfd) -> Callable[..., tuple[int, str]]:
    """Return a function: run a script in this process; its exit code, and all it says of faults."""
    # Loading a tool replaces the first entry of the module path, as running it does.
    monkeypatch.setattr(sys, "path", ["", *sys.path])

    def run(script: str, *args: object) -> tuple[int, str]:
        capfd.readouterr()
        try:
            code = load(root / script).main([str(arg) for arg in args])
        except SystemExit as err:
            code = err.code
        errors = capfd.readouterr().err
        return (1, errors + code) if isinstance(code, str) else (code or 0, errors)

    return run
