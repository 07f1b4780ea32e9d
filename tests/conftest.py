"""Fixtures shared by all tests: the repository root, the optional real data, tiny networks."""

import os
from pathlib import Path
from types import ModuleType

import pytest

# On a busy machine two threads of one process wait for each other at every small operation.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and networks, or a skip where it is not at hand."""
    folder = Path(os.environ.get("LITEHRNET_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"real data not at hand: {folder} does not exist (set LITEHRNET_SHARED)")
    return folder


@pytest.fixture(scope="session")
def shared_coco(shared: Path) -> Path:
    return shared / "data" / "coco"


@pytest.fixture(scope="session")
def e2e_models() -> ModuleType:
    import e2e_models

    return e2e_models


@pytest.fixture(scope="session")
def npu_models() -> ModuleType:
    import npu_models

    return npu_models
