"""A handful of drawn people, and the quickstart's config pointed at them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from utils.people_generator import make_people

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"


@pytest.fixture(scope="session")
def people(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    make_people(folder / "train", 16, seed=5)
    make_people(folder / "val", 4, seed=6)
    return folder


@pytest.fixture(scope="session")
def options(people) -> list[str]:
    """Options that make the quickstart's config tiny: no random draw, no other process."""
    return [
        f"data_root={people}/",
        "max_epochs=1",
        "train_dataloader.batch_size=4",
        "train_dataloader.num_workers=0",
        "train_dataloader.persistent_workers=False",
        "val_dataloader.num_workers=0",
        "val_dataloader.persistent_workers=False",
        "test_dataloader.num_workers=0",
        "test_dataloader.persistent_workers=False",
        "train_dataloader.dataset.pipeline.2.prob=0.0",
    ]


@pytest.fixture(scope="session")
def train_quietly(options) -> Callable:
    """Call train.py in this process with the quickstart's config."""
    import train

    def call(work_dir: Path, *flags: str, also: tuple[str, ...] = (), config: Path = QUICKSTART):
        return train.main(
            [str(config), "--work-dir", str(work_dir), "--seed", "3", *flags]
            + ["--cfg-options", *options, *also]
        )

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory, train_quietly) -> Path:
    """Work directory of a training of two epochs."""
    folder = tmp_path_factory.mktemp("trained")
    train_quietly(folder, also=("max_epochs=2", "train_cfg.val_interval=1"))
    return folder
