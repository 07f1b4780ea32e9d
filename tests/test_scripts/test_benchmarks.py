"""Scripts that people call now and then: each still finds what it is made of."""

from pathlib import Path

import pytest
from scripts import load_script

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((*ROOT.glob("benchmarks/*.py"), *ROOT.glob("benchmarks/gpu/*.py")))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_it_says_what_it_is_for(path, capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # some set it for their own process
    module = load_script(path)
    if not hasattr(module, "main"):  # a part of the others
        return
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out
