"""Flags with values that they cannot have end in one message and an exit code, never otherwise."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [ROOT / f"{name}.py" for name in ("train", "export2onnx", "inference", "inference_e2e")]
SCRIPTS += sorted(set((ROOT / "tools").glob("*.py")) - {ROOT / "tools/quickstart.py"})
ODD = ("abc", "", "-1", "0", "nan", "1e999", "9" * 400, "/dev/null", "../..", "[[")


def load(path: Path):
    spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def flags_of(script: Path, capsys) -> list[str]:
    before = list(sys.path)
    try:
        module = load(script)
        with pytest.raises(SystemExit):
            module.parse_args(["--help"])
    finally:
        sys.path[:] = before
    shown = capsys.readouterr().out
    return sorted(set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", shown, re.MULTILINE)) - {"--help"})


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_odd_values(script, capsys, tmp_path, monkeypatch):
    flags = flags_of(script, capsys)
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    module = load(script)
    for flag in flags:
        for value in ODD:
            try:
                module.parse_args([flag, value])
            except SystemExit as ended:
                code = ended.code
            else:
                continue  # a value that it can have, as far as can be told without files
            assert code not in (0, None), (flag, value)
            assert "error: " in capsys.readouterr().err, (flag, value)
    sys.path[:] = before
    assert list(tmp_path.iterdir()) == []  # nothing was written
