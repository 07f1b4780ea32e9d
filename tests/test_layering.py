"""The layers of the repository: who may import whom, and what never reaches a deployed machine."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEPLOYED = {"numpy", "cv2", "onnx", "onnxruntime", "yaml", "tqdm", "google"}
MM = {"torch", "mmengine", "mmcv", "mmpose", "numpy"}
MAY_IMPORT = {  # besides itself and the standard library
    "prepostprocess": {"numpy", "cv2"},
    "utils": {"prepostprocess", *DEPLOYED},
    "models": {"prepostprocess", "utils", "onnx", "onnxruntime", *MM},
    "mmpose_replacement": {
        "prepostprocess",
        "utils",
        "models",
        "matplotlib",
        "scipy",
        "tqdm",
        "xtcocotools",
        *MM,
    },
}
OPTIONAL = {"prepostprocess": {"numba", "PIL"}, "utils": {"faster_coco_eval", "xtcocotools"}}


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_down(package):
    for path in sorted((ROOT / package).rglob("*.py")):
        extra = imported(path) - MAY_IMPORT[package] - OPTIONAL.get(package, set()) - {package}
        assert not extra, f"{path.relative_to(ROOT)} may not import {sorted(extra)}"


def test_inference_scripts_need_no_training_package():
    for script in ("inference.py", "inference_e2e.py"):
        assert imported(ROOT / script) <= {"utils", "prepostprocess", *DEPLOYED}


@pytest.mark.parametrize(
    "script",
    ["train.py", "export2onnx.py", "inference.py", "inference_e2e.py"]
    + [f"tools/{path.name}" for path in sorted((ROOT / "tools").glob("*.py"))],
)
def test_help_answers_without_heavy_imports(script):
    code = (
        "import runpy, sys\n"
        "for name in ('torch', 'mmpose', 'mmengine', 'mmcv', 'onnxruntime', 'cv2'):\n"
        "    sys.modules[name] = None\n"
        f"sys.argv = ['{script}', '--help']\n"
        f"runpy.run_path('{script}', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


def test_no_file_is_too_long_for_one_idea():
    long = {
        str(path.relative_to(ROOT)): count
        for folder in (*MAY_IMPORT, "tools", "configs", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long
