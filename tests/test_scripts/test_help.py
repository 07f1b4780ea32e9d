"""What --help shows can be pasted: continued commands keep their line ends."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ["train.py", "export2onnx.py", "inference.py", "inference_e2e.py"]
SCRIPTS += [f"tools/{path.name}" for path in sorted((ROOT / "tools").glob("*.py"))]


@pytest.mark.parametrize("script", SCRIPTS)
def test_commands_of_the_help_can_be_pasted(script):
    source = (ROOT / script).read_text(encoding="utf-8")
    start = ast.parse(source).body[0].lineno - 1
    lines = source.splitlines()[start:]
    written = [line for line in lines if re.match(r"    python ", line.removeprefix('r"""'))]
    done = subprocess.run(
        [sys.executable, script, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    shown = done.stdout.splitlines()
    for line in written:
        assert line in shown, f"--help does not show: {line}"


@pytest.mark.parametrize(
    "words",
    [
        ["train.py", "CONFIG"],
        ["export2onnx.py", "CONFIG", "FILE"],
        ["tools/test.py", "CONFIG", "FILE"],
        ["tools/npu_check.py", "CONFIG", "--npu", "720"],
        ["tools/benchmark.py", "CONFIG"],
        ["tools/import_weights.py", "FILE", "CONFIG", "-o", "o.pth"],
        ["tools/build_crop_cache.py", "CONFIG"],
    ],
    ids=lambda words: words[0],
)
def test_without_the_training_packages_one_line_says_what_to_install(words, tmp_path):
    (tmp_path / "a.pth").touch()
    config = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
    given = {"CONFIG": config, "FILE": str(tmp_path / "a.pth"), "o.pth": str(tmp_path / "o.pth")}
    words = [given.get(word, word) for word in words]
    code = (
        "import runpy, sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'mmpose', 'mmengine', 'mmcv'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        f"sys.argv = {words!r}\n"
        f"runpy.run_path({words[0]!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "must be installed for this" in done.stderr
    assert "pip install -r requirements.txt" in done.stderr
