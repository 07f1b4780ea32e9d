"""The tiny networks of e2e_models.py as a fixture, for these tests and those of the scripts."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def e2e_models():
    spec = importlib.util.spec_from_file_location(
        "e2e_models", Path(__file__).with_name("e2e_models.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
