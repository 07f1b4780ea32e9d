"""The tiny networks of tests/test_utils/e2e_models.py as a fixture."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def e2e_models():
    path = Path(__file__).parents[1] / "test_utils/e2e_models.py"
    spec = importlib.util.spec_from_file_location("e2e_models", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
