"""Which of several processes speaks for all."""

import pytest

from utils.processes import is_first


@pytest.mark.parametrize("name", ["RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"])
def test_the_first_of_a_launchers_processes(monkeypatch, name):
    for each in ("RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"):
        monkeypatch.delenv(each, raising=False)
    assert is_first()
    for rank in ("0", "1"):
        monkeypatch.setenv(name, rank)
        assert is_first() == (rank == "0")
