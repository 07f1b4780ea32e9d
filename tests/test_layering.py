"""The layers of the repository: who may import whom, and what never reaches a deployed machine."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
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
        "cv2",
        "matplotlib",
        "scipy",
        "tqdm",
        "xtcocotools",
        *MM,
    },
}
SCRIPTS = ("train.py", "export2onnx.py", "inference.py", "inference_e2e.py")
OPTIONAL = {
    "prepostprocess": {"numba", "PIL"},
    "utils": {"faster_coco_eval", "scipy", "xtcocotools"},
    "utils/config_reader": {"mmengine"},
}


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
        room = path.parent.relative_to(ROOT).as_posix()
        more = OPTIONAL.get(package, set()) | OPTIONAL.get(room, set())
        extra = imported(path) - MAY_IMPORT[package] - more - {package}
        assert not extra, f"{path.relative_to(ROOT)} may not import {sorted(extra)}"


def rooms_imported(path: Path) -> set[str]:
    """The rooms (``utils.runners``; ``utils`` for a module of its root) that a module imports."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {room_of(name) for name in names if name.partition(".")[0] in MAY_IMPORT}


def room_of(name: str) -> str:
    package, _, rest = name.partition(".")
    folder = rest.partition(".")[0]
    return f"{package}.{folder}" if folder and (ROOT / package / folder).is_dir() else package


# room: the rooms of its own package that it may use. A module of the root is a room below others.
ROOMS = {
    "utils": set(),
    "utils.pages": set(),
    "utils.onnx_graph": {"utils.pages"},
    "utils.dataset_check": {"utils"},
    "utils.own_data": {"utils", "utils.dataset_check"},
    "utils.config_reader": {
        "utils",
        "utils.dataset_check",
        "utils.doctor",
        "utils.own_data",
        "utils.published",
    },
    "utils.doctor": {"utils", "utils.dataset_check", "utils.own_data", "utils.pages"},
    "utils.label_formats": {
        "utils",
        "utils.dataset_check",
        "utils.inference",
        "utils.own_data",
    },
    "utils.people_generator": {"utils", "utils.evaluation"},
    "utils.published": set(),
    "utils.quantization": {
        "utils.calibration",
        "utils.inference",
        "utils.onnx_graph",
        "utils.pages",
        "utils.runners",
    },
    "utils.runners": {"utils"},
    "utils.evaluation": {"utils", "utils.dataset_check", "utils.pages"},
    "utils.calibration": {"utils", "utils.dataset_check", "utils.runners"},
    "utils.inference": {"utils", "utils.runners", "utils.evaluation"},
    "models.backbones": set(),
    "models.heads": set(),
    "models.losses": set(),
    "models.tracing": set(),
    "models.checkpoints": {"models.backbones", "models.tracing"},
    "models.export": {"models.checkpoints", "models.tracing"},
    "models.fixed_point": set(),
    "prepostprocess.kneron_preprocessing": set(),
    "prepostprocess.keypoints": set(),
}


@pytest.mark.parametrize("package", ["utils", "models"])
def test_every_room_has_its_place(package):
    rooms = {f"{package}.{path.parent.name}" for path in (ROOT / package).glob("*/__init__.py")}
    assert rooms == {room for room in ROOMS if room.startswith(f"{package}.")}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_use_those_below_them(room):
    package, _, folder = room.partition(".")
    paths = (ROOT / package / folder).rglob("*.py") if folder else (ROOT / package).glob("*.py")
    for path in paths:
        used = {found for found in rooms_imported(path) if found.partition(".")[0] == package}
        extra = used - ROOMS[room] - {room}
        assert not extra, f"{path.relative_to(ROOT)} may not import {sorted(extra)}"


def test_configs_are_read_without_pytorch():
    """Faults in them are told before it is loaded, which takes seconds."""
    names = [
        f"utils.config_reader.{p.stem}" for p in (ROOT / "utils/config_reader").glob("[a-z]*.py")
    ]
    blocked = "sys.modules.update(dict.fromkeys(('torch', 'mmpose', 'mmcv')))"
    code = f"import sys; {blocked}; import {', '.join(names)}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


LIGHT = (
    *("utils.people", "utils.people_json", "utils.drawing", "utils.contact_sheet"),
    *("utils.inference.tracking", "utils.inference.smoothing", "utils.inference.stages"),
    *("utils.evaluation.comparison", "utils.evaluation.report", "utils.people_generator"),
)


@pytest.mark.parametrize("module", LIGHT)
def test_people_are_drawn_tracked_and_judged_without_a_runtime(module):
    code = f"import sys; sys.modules['onnxruntime'] = sys.modules['onnx'] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


MOST_MODULES = 12
APART = {"prepostprocess/kneron_preprocessing", "utils/onnx_graph/npu/rules"}


def test_no_folder_is_a_heap():
    heaps = {}
    for package in MAY_IMPORT:  # tools/ holds commands, one a file, and no modules
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
            name = folder.relative_to(ROOT).as_posix()
            modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            if len(modules) > MOST_MODULES and name not in APART:
                heaps[name] = len(modules)
    assert not heaps


# Of one meaning: constants of the same kind, and the way to a runner from its YAML.
SAME_MEANING = {"load", "FIGURES", "NUM_CROPS", "ROOT", "SHOWN", "TOLERANCE"}


def test_a_public_name_means_one_thing():
    homes = defaultdict(set)
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                for name in defined(node):
                    homes[name].add(path.relative_to(ROOT).as_posix())
    twice = {name: sorted(paths) for name, paths in homes.items() if len(paths) > 1}
    assert not {
        name: paths
        for name, paths in twice.items()
        if name not in SAME_MEANING and not name.startswith("_")
    }, "choose other words"


def defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


MOST_LINES, MOST_SCRIPT_LINES = 50, 120
# Functions with the vendor's own dozen parameters, each of which is described.
VENDORS = {
    "prepostprocess/kneron_preprocessing/inproc_520.py: inproc_520",
    "prepostprocess/kneron_preprocessing/inproc_720.py: inproc_720",
    "prepostprocess/kneron_preprocessing/match.py: cpr_to_crp",
}


def test_functions_are_short():
    long = {}
    for package in (*MAY_IMPORT, "tools", *SCRIPTS):
        paths = [ROOT / package] if package.endswith(".py") else (ROOT / package).rglob("*.py")
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    count = node.end_lineno - node.lineno + 1
                    if count > MOST_LINES:
                        long[f"{path.relative_to(ROOT)}: {node.name}"] = count
    assert set(long) == VENDORS


def public_functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef]:
    for node in body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_public_functions_describe_what_they_take_and_give(package):
    for path in (ROOT / package).rglob("*.py"):
        for node in public_functions(ast.parse(path.read_text(encoding="utf-8")).body):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if len([a for a in arguments if a.arg not in ("self", "cls")]) < 2:
                continue
            text = ast.get_docstring(node) or ""
            gives = node.returns is not None and ast.unparse(node.returns) != "None"
            where = f"{path.relative_to(ROOT)}: {node.name}"
            assert "Args:" in text, where
            assert not gives or "Returns:" in text or "Yields:" in text, where


def test_scripts_are_flags_and_calls():
    paths = [*(ROOT / "tools").glob("*.py"), *(ROOT / name for name in SCRIPTS)]
    long = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert not {name: n for name, n in long.items() if n > MOST_SCRIPT_LINES}


def test_inference_scripts_need_no_training_package():
    for script in ("inference.py", "inference_e2e.py"):
        assert imported(ROOT / script) <= {"utils", "prepostprocess", *DEPLOYED}


@pytest.mark.parametrize(
    "script",
    [*SCRIPTS] + [f"tools/{path.name}" for path in sorted((ROOT / "tools").glob("*.py"))],
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
