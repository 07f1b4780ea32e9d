"""Fixtures shared by all tests: the repository root, the optional real data, tiny networks."""

import os
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

# On a busy machine two threads of one process wait for each other at every small operation.
os.environ.setdefault("OMP_NUM_THREADS", "1")


class CocoPeople(NamedTuple):
    """A COCO keypoint set: its folder and, below it, the label file and the images."""

    root: Path
    labels: str
    images: str


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


@pytest.fixture(scope="session", params=["drawn", "real"])
def coco_people(request, tmp_path_factory) -> CocoPeople:
    """Labelled people: drawn ones, which every clone has, and real ones where they are at hand."""
    if request.param == "real":
        folder = request.getfixturevalue("shared_coco")
        return CocoPeople(folder, "annotations/person_keypoints_val2017.json", "val2017/")
    from utils.people_generator.generate import make_people

    folder = tmp_path_factory.mktemp("drawn") / "people"
    make_people(folder, 80, seed=5)
    return CocoPeople(folder, "annotations.json", "images/")


@pytest.fixture(scope="session")
def e2e_models() -> ModuleType:
    import e2e_models

    return e2e_models


@pytest.fixture(scope="session")
def npu_models() -> ModuleType:
    import npu_models

    return npu_models
