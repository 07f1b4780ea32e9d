"""The requirement files name what the code imports, and what is installed fits them."""

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
OURS = {
    "configs",
    "mmpose_replacement",
    "models",
    "prepostprocess",
    "tools",
    "train",
    "utils",
}
VENDOR = {"kneronnxopt", "ktc"}  # of the container that tools/vendor runs in
DISTRIBUTIONS = {
    "cv2": "opencv-python",
    "google": "protobuf",
    "mmcv": "mmcv-lite",
    "yaml": "pyyaml",
}
READER = ROOT / "utils" / "config_reader"  # needs mmengine, and no deployed script needs it
DEPLOYED = [
    "prepostprocess",
    *sorted(f"utils/{path.name}" for path in READER.parent.iterdir() if path != READER),
    "inference.py",
    "inference_e2e.py",
]
TRAINING = [
    "utils/config_reader",
    "models",
    "mmpose_replacement",
    "configs",
    "tools",
    "train.py",
    "export2onnx.py",
]


def lines(name):
    """Requirement and comment of every line that names a distribution; `-r` is followed."""
    found = []
    for line in (ROOT / name).read_text().splitlines():
        text, _, comment = line.partition("#")
        text = text.strip()
        if text.startswith("-r "):
            found += lines((ROOT / name).parent.relative_to(ROOT) / text[3:])
        elif text:
            found.append((text, comment.strip()))
    return found


def requirements(name):
    return [Requirement(text) for text, _ in lines(name) if not text.startswith("./")]


def names(file):
    return {requirement.name for requirement in requirements(file)}


def walk_required(node):
    """All nodes but those of a ``try`` that says what to do where a module is missing."""
    for child in ast.iter_child_nodes(node):
        caught = [ast.unparse(h.type) for h in getattr(child, "handlers", []) if h.type]
        if not {"ImportError", "ModuleNotFoundError"} & set(caught):
            yield child
            yield from walk_required(child)


def third_party_imports(places):
    found = {}
    found_in = [f for p in places for f in [ROOT / p, *(ROOT / p).rglob("*.py")]]
    files = [f for f in found_in if f.suffix == ".py" and f.is_file()]
    for file in files:
        for node in walk_required(ast.parse(file.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module]
            for module in {module.partition(".")[0] for module in modules}:
                if module not in OURS | VENDOR | sys.stdlib_module_names:
                    found[DISTRIBUTIONS.get(module, module)] = file.relative_to(ROOT)
    return found


@pytest.mark.parametrize(
    ("file", "places"),
    [("requirements/deploy.txt", DEPLOYED), ("requirements.txt", DEPLOYED + TRAINING)],
)
def test_every_import_that_must_succeed_is_named(file, places):
    unnamed = {
        name: str(source)
        for name, source in third_party_imports(places).items()
        if name not in names(file) | {"xtcocotools"}
    }
    assert not unnamed, f"{file} lacks what these files import"


def test_deployment_needs_no_training_library():
    assert names("requirements/deploy.txt").isdisjoint(
        {"torch", "torchvision", "mmpose", "mmengine", "mmcv-lite"}
    )


@pytest.mark.parametrize("file", ["requirements.txt", "requirements/dev.txt"])
def test_installed_versions_fit(file):
    for requirement in requirements(file):
        assert requirement.specifier.contains(metadata.version(requirement.name)), requirement


@pytest.mark.parametrize(
    "file", ["requirements.txt", "requirements/dev.txt", "requirements/lint.txt"]
)
def test_every_bound_is_known_and_every_exact_version_has_its_reason(file):
    for text, comment in lines(file):
        if text.startswith("./"):
            continue
        operators = {clause.operator for clause in Requirement(text).specifier}
        assert operators in ({"=="}, {">=", "<"}), f"{text}: an upper bound that was tested"
        assert comment or operators != {"=="}, f"{text}: the reason stands beside it"


def test_torchvision_is_the_pair_of_torch():
    wanted = [Requirement(text) for text in metadata.requires("torchvision")]
    (pair,) = [requirement for requirement in wanted if requirement.name == "torch"]
    assert pair.specifier.contains(metadata.version("torch"), prereleases=True)


def test_the_installed_standins_are_those_of_the_repository():
    folder = ROOT / "requirements" / "xtcocotools" / "xtcocotools"
    distribution = metadata.distribution("xtcocotools")
    for file in sorted(folder.glob("*.py")):
        installed = Path(distribution.locate_file(f"xtcocotools/{file.name}"))
        assert installed.read_text() == file.read_text(), f"pip install {folder.parent} again"
    assert metadata.version("chumpy").endswith("+standin")


@pytest.mark.slow
def test_deployment_installs_without_pytorch(tmp_path):
    """Makes a virtual environment and needs the package registry: a minute."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-r", "requirements/deploy.txt"]
    subprocess.run(pip, cwd=ROOT, check=True)
    imports = "import cv2, numpy, onnx, onnxruntime, tqdm, yaml"
    subprocess.run([python, "-c", imports], check=True)
    assert not list((tmp_path / "venv").rglob("site-packages/torch"))
    size = sum(f.stat().st_size for f in (tmp_path / "venv").rglob("*") if f.is_file())
    assert size < 700e6, f"{size / 1e6:.0f} MB"
