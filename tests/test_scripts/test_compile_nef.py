"""tools/vendor/compile_nef.py against a stand-in for the vendor's package: the calls it makes.

The stand-in knows nothing of the real one but the names in its manual; it proves the script's own
part only.
"""

import ast
import json
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from scripts import load_script

from prepostprocess.keypoints.decode import decode_heatmaps

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools/vendor/compile_nef.py"
NOTES = {"preprocess": "kneron_720", "colour": "rgb", "input_wh": [48, 64], "pixel_offset": None}


class Vendor:
    """Records the calls; simulates float files with onnxruntime, others with noise on top."""

    def __init__(self, noise=0.001):
        self.calls, self.noise, self.model = [], noise, None
        vendor = self

        class ModelConfig:
            def __init__(self, *arguments, onnx_model):
                vendor.record("ModelConfig", *arguments, model=type(onnx_model).__name__)

            def evaluate(self, **options):
                vendor.record("evaluate", **options)
                return "the evaluator's words"

            def analysis(self, mapping, **options):
                shapes = {name: [array.shape for array in a] for name, a in mapping.items()}
                vendor.record("analysis", shapes, **options)
                return f"{options['output_dir']}/input.bie"

        self.ktc = types.ModuleType("ktc")
        self.ktc.ModelConfig = ModelConfig
        self.ktc.kneron_inference = self.kneron_inference
        self.ktc.compile = self.compile
        self.kneronnxopt = types.ModuleType("kneronnxopt")
        self.kneronnxopt.optimize = self.optimize

    def record(self, name, *arguments, **options):
        self.calls.append((name, arguments, options))

    def optimize(self, model):
        self.record("optimize", type(model).__name__)
        model = onnx.ModelProto.FromString(model.SerializeToString())
        model.graph.input[0].name = model.graph.node[0].input[0] = "renamed"
        del model.metadata_props[:]
        self.model = model
        return model

    def kneron_inference(self, arrays, **options):
        (array,) = arrays
        self.record("inference", array.shape, array.dtype.name, **options)
        file = options.get("onnx_file") or self.model.SerializeToString()
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        (name,) = options["input_names"]
        (maps,) = session.run(None, {name: array})
        if "onnx_file" not in options:
            maps = maps + self.noise * np.random.default_rng(0).standard_normal(maps.shape)
        return [maps]

    def compile(self, configs, **options):
        self.record("compile", len(configs), **options)
        return f"{options['output_dir']}/models_720.nef"


@pytest.fixture
def prepared(e2e_models, tmp_path):
    """A network and 20 crops of it."""
    model = e2e_models.pose_model(tmp_path / "pose.onnx", metadata=e2e_models.OWN_METADATA | NOTES)
    images = np.random.default_rng(1).uniform(-0.5, 0.49, (20, 3, 64, 48)).astype(np.float32)
    images[:, :, 20:30, 20:30] = 4  # a peak above the others
    return model, save(tmp_path / "c.npz", images)


def save(path, images, **changes):
    np.savez(path, images=images, notes=json.dumps(NOTES | {"layout": "nchw"} | changes))
    return path


@pytest.fixture
def start(monkeypatch, tmp_path, capsys):
    """Run the script with a stand-in, in a container of some version; exit code, output, errors."""

    def run(*arguments, vendor=None, version="kneron/toolchain:v0.32.0"):
        script = load_script(SCRIPT)
        (tmp_path / "version.txt").write_text(version)
        monkeypatch.setattr(script, "VERSION_FILE", tmp_path / "version.txt")
        vendor = vendor or Vendor()
        monkeypatch.setitem(sys.modules, "ktc", vendor.ktc)
        monkeypatch.setitem(sys.modules, "kneronnxopt", vendor.kneronnxopt)
        code = script.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_what_is_called_in_which_order(start, prepared, tmp_path):
    vendor = Vendor()
    code, out, err = start(*prepared, "--platform", "720", "--check", "2", vendor=vendor)
    assert (code, err) == (0, "")
    folder = str(tmp_path / "nef_720")
    crop = ((1, 3, 64, 48), "float32")
    original = {"input_names": ["x"], "onnx_file": str(prepared[0])}
    optimised = {"input_names": ["renamed"], "onnx_file": f"{folder}/pose.opt.onnx"}
    fixed = {"input_names": ["renamed"], "bie_file": f"{folder}/input.bie", "platform": 720}
    nef = {"input_names": ["renamed"], "nef_file": f"{folder}/models_720.nef", "platform": 720}
    options = dict(output_dir=folder, threads=4, optimize=0)
    options |= dict(datapath_range_method="percentage", percentage=1.0, percentage_16b=1.0)
    names = ("datapath", "weight", "model_in", "model_out", "cpu_node")
    options |= {f"{name}_bitwidth_mode": "int8" for name in names}
    assert vendor.calls == [
        ("optimize", ("ModelProto",), {}),
        ("inference", crop, original),
        ("inference", crop, original),
        ("inference", crop, optimised),
        ("inference", crop, optimised),
        ("ModelConfig", (32769, "0001", "720"), {"model": "ModelProto"}),
        ("evaluate", (), {"output_dir": folder}),
        ("analysis", ({"renamed": [(1, 3, 64, 48)] * 20},), options),
        ("inference", crop, fixed),
        ("inference", crop, fixed),
        ("compile", (1,), {"output_dir": folder}),
        ("inference", crop, nef),
    ]
    lines = [line for line in out.splitlines() if line.startswith("== ")]
    assert lines[0] == (f"== toolchain 0.32.0, KL720, {prepared[0]}: x (1, 3, 64, 48), 20 crops")
    assert lines[1] == "== warning: the quantiser wants at least 100 crops"
    assert "optimised against exported file: max difference 0, SNR inf dB; 34 keypoi" in lines[2]
    assert "quantised against float, 2 crops: max difference 0.00" in lines[3]
    assert "compiled against quantised, 1 crop: max difference 0, SNR inf dB" in lines[4]
    assert lines[5:] == [f"== NEF: {folder}/models_720.nef"]
    assert "the evaluator's words" in out


@pytest.mark.parametrize("platform", ["520", "530", "630", "720", "730"])
def test_platforms(start, prepared, tmp_path, platform):
    vendor = Vendor()
    where = ("--output-dir", tmp_path / "elsewhere", "--model-id", 40000, "--model-version", "0A2f")
    assert start(*prepared, "--platform", platform, *where, vendor=vendor)[0] == 0
    by_name = {name: (arguments, options) for name, arguments, options in vendor.calls}
    assert by_name["ModelConfig"][0] == (40000, "0A2f", platform)
    assert by_name["inference"][1]["platform"] == int(platform)
    assert by_name["compile"][1] == {"output_dir": str(tmp_path / "elsewhere")}


@pytest.mark.parametrize(
    ("bits", "data", "border"),
    [("mix-light", "mix light", "int16"), ("mixbw", "mixbw", "int16"), ("int16", "int16", "int16")],
)
def test_bit_widths_and_other_options(start, prepared, bits, data, border):
    vendor = Vendor()
    more = ("--bits", bits, "--optimize", 2, "--threads", 1, "--percentage", 0.99)
    assert start(*prepared, "--platform", "730", *more, vendor=vendor)[0] == 0
    ((_, options),) = [call[1:] for call in vendor.calls if call[0] == "analysis"]
    assert options["datapath_bitwidth_mode"] == options["weight_bitwidth_mode"] == data
    assert {options[f"{n}_bitwidth_mode"] for n in ("model_in", "model_out", "cpu_node")} == {
        border
    }
    assert (options["percentage"], options["percentage_16b"]) == (0.99, 0.999999)
    assert (options["optimize"], options["threads"]) == (2, 1)


def test_bad_quantisation_is_not_compiled(start, prepared):
    vendor = Vendor(noise=1.0)
    code, out, err = start(*prepared, "--platform", "720", vendor=vendor)
    assert code == 1
    assert "input.bie: quantised heatmaps must reach 20 dB, got" in err
    assert "compile" not in [call[0] for call in vendor.calls]
    assert start(*prepared, "--platform", "720", "--min-snr", "-30", vendor=vendor)[0] == 0


def test_optimiser_that_changes_the_network_is_found_out(start, prepared):
    vendor = Vendor()
    honest = vendor.optimize

    def optimize(model):
        changed = honest(model)
        weights = changed.graph.initializer[0]
        weights.CopyFrom(
            onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weights) * 1.1, "w")
        )
        return changed

    vendor.kneronnxopt.optimize = optimize
    code, _, err = start(*prepared, "--platform", "720", vendor=vendor)
    assert code == 1
    assert "pose.opt.onnx: optimised network must give the exported one's heatmaps, got 20.0" in err


def test_old_and_unknown_toolchains(start, prepared):
    code, _, err = start(*prepared, "--platform", "720", version="v0.24.0")
    assert code == 1
    assert "toolchain must be 0.25 or newer, got 0.24.0. Pull a newer image" in err
    assert "== toolchain unknown," in start(*prepared, "--platform", "720", version="?")[1]


def test_network_that_a_chip_cannot_feed_is_named(start, e2e_models, tmp_path, prepared):
    notes = NOTES | {"preprocess": "float"}
    model = e2e_models.pose_model(tmp_path / "f.onnx", metadata=e2e_models.OWN_METADATA | notes)
    arrays = save(tmp_path / "f.npz", np.zeros((3, 3, 64, 48), np.float32), preprocess="float")
    _, out, _ = start(model, arrays, "--platform", "720", "--min-snr", "-999")
    assert "== warning: no chip prepares crops as float does; the host must" in out


@pytest.mark.parametrize(
    ("changes", "shape", "message"),
    [
        ({"layout": "nhwc"}, (2, 64, 48, 3), "layout must be 'nchw' as in the network, got 'nhwc'"),
        ({"colour": "bgr"}, (2, 3, 64, 48), "colour must be 'rgb' as in the network, got 'bgr'"),
        ({"preprocess": "float"}, (2, 3, 64, 48), "preprocess must be 'kneron_720' as in the net"),
        ({"pixel_offset": 128.0}, (2, 3, 64, 48), "pixel_offset must be None as in the network"),
        ({"input_wh": [9, 9]}, (2, 3, 9, 9), r"input_wh must be \[48, 64\] as in the network"),
        (
            {},
            (2, 3, 48, 64),
            r"images must be float32 \(N, 3, 64, 48\), got float32 \(2, 3, 48, 64",
        ),
        (
            {},
            (0, 3, 64, 48),
            r"images must be float32 \(N, 3, 64, 48\), got float32 \(0, 3, 64, 48",
        ),
    ],
)
def test_calibration_of_another_network(start, prepared, tmp_path, changes, shape, message):
    other = save(tmp_path / "other.npz", np.zeros(shape, np.float32), **changes)
    code, _, err = start(prepared[0], other, "--platform", "720")
    assert code == 1
    assert err.count("\n") == 1
    assert re.search(f"^error: .*other.npz: {message}", err)


def test_files_that_are_none(start, prepared, e2e_models, tmp_path):
    model, arrays = prepared
    (tmp_path / "text.npz").write_text("no arrays")
    np.savez(tmp_path / "foreign.npz", pictures=np.zeros(3))
    (tmp_path / "empty.npz").touch()
    (tmp_path / "cut.npz").write_bytes(arrays.read_bytes()[:-100])
    with (tmp_path / "one.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    np.savez(tmp_path / "list.npz", images=np.zeros(3), notes="[1]")
    for name in ("text", "foreign", "none", "empty", "cut", "one", "list"):
        err = start(model, tmp_path / f"{name}.npz", "--platform", "720")[2]
        assert f"{name}.npz: calibration must be a file of tools/export_calibration.py" in err
    nan = save(tmp_path / "nan.npz", np.full((2, 3, 64, 48), np.nan, np.float32))
    assert "nan.npz: images must be finite" in start(model, nan, "--platform", "720")[2]
    bare = e2e_models.pose_model(tmp_path / "bare.onnx")
    assert "bare.onnx: metadata must hold preprocess" in start(bare, arrays, "--platform", "720")[2]
    metadata = e2e_models.OWN_METADATA | NOTES
    opened = e2e_models.pose_model(tmp_path / "open.onnx", batch="N", metadata=metadata)
    err = start(opened, arrays, "--platform", "720")[2]
    assert "open.onnx: input must be fixed to (1, 3, 64, 48), got (0, 3, 64, 48). Export wi" in err
    for name in ("text.npz", "none.onnx"):
        err = start(tmp_path / name, arrays, "--platform", "720")[2]
        assert f"{name}: model must be an ONNX file, got" in err


def test_outside_the_container(prepared):
    command = [sys.executable, SCRIPT, *prepared, "--platform", "720"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: kneronnxopt must be installed, got no such package. Run")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--platform", "540"], "invalid choice: '540'"),
        (["--platform", "520", "--bits", "int16"], "--bits must be int8 for 520, got int16"),
        (["--platform", "720", "--model-version", "1"], "--model-version must be four hex digits"),
        (["--platform", "720", "--percentage", "0"], "--percentage must be above 0 and at most 1"),
        (["--platform", "720", "--check", "0"], "--check must be at least 1, got 0"),
    ],
)
def test_usage(capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        load_script(SCRIPT).main(["a.onnx", "c.npz", *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_keypoints_are_decoded_as_everywhere_else():
    maps = np.random.default_rng(2).uniform(0.01, 1, (6, 17, 16, 12)).astype(np.float32)
    maps[0, :12, 0, np.arange(12)] = 2  # peaks at the border
    maps[1, :16, np.arange(16), 11] = 2
    maps[2, :16, np.arange(16), 1] = 2
    points, scores = load_script(SCRIPT).keypoints_of(maps, (48, 64))
    expected, heights = decode_heatmaps(maps, (48, 64), "quarter")
    np.testing.assert_allclose(points, expected, atol=1e-5)
    np.testing.assert_array_equal(scores, heights)


def test_it_stands_alone_and_is_old_python():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    extra = imported - sys.stdlib_module_names
    assert extra == {"ktc", "kneronnxopt", "numpy", "onnx", "google"}
