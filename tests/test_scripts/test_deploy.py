"""The scripts of a deployed machine run without PyTorch, mmpose and their like."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

SCRIPTS = ("inference.py", "inference_e2e.py")
# Every import of these fails, as where they are not installed.
BLOCK = """
import os, runpy, sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "mmpose", "mmengine", "mmcv",
                                      "xtcocotools", "pycocotools", "faster_coco_eval", "PIL",
                                      "scipy", "matplotlib"}:
            raise ModuleNotFoundError(f"blocked: {name}", name=name)
sys.meta_path.insert(0, Block())
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])  # as Python does for a script
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def commands(e2e_models, tmp_path) -> list[list[str]]:
    """One run of each script, on a picture and tiny networks."""
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    (tmp_path / "nets").mkdir()
    paths = e2e_models.write_three(tmp_path / "nets")
    flags = [word for name, path in paths.items() for word in (f"--{name}_params", str(path))]
    flags += ["--img-path", str(tmp_path / "a.png")]
    return [
        [*flags, "--json", str(tmp_path / "a.json")],
        [*flags, "--save-path", str(tmp_path / "e2e.json")],
    ]


def test_scripts_run_where_pytorch_cannot_be_imported(root, commands, tmp_path):
    (tmp_path / "block.py").write_text(BLOCK)
    for script, flags in zip(SCRIPTS, commands, strict=True):
        result = subprocess.run(
            [sys.executable, tmp_path / "block.py", root / script, *flags],
            cwd=root,
            env={"PYTHONPATH": str(root), "PATH": "", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "a_pose.png").is_file()
    assert (tmp_path / "e2e.json").is_file()


@pytest.mark.parametrize("script", [*SCRIPTS, "tools/eval_e2e.py"])
def test_help_needs_the_standard_library_only(root, tmp_path, script):
    block = BLOCK.replace('"scipy",', '"scipy", "numpy", "cv2", "onnxruntime", "onnx", "yaml",')
    (tmp_path / "block.py").write_text(block)
    result = subprocess.run(
        [sys.executable, tmp_path / "block.py", root / script, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "usage:" in result.stdout


@pytest.mark.slow
def test_scripts_run_in_an_environment_of_requirements_deploy(root, commands, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    requirements = root / "requirements/deploy.txt"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    missing = "import importlib.util as u; assert not u.find_spec('torch')"
    subprocess.run([python, "-c", missing], check=True)
    for script, flags in zip(SCRIPTS, commands, strict=True):
        result = subprocess.run(
            [python, root / script, *flags], capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "a_pose.png").is_file()
    assert (tmp_path / "e2e.json").is_file()
