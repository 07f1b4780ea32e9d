"""ONNX files from anywhere: what is no obstacle, and what ends in one line and leaves no file."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

SOURCE = "pose.onnx"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    return tmp_path


def made(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").rglob("*"))


def write(folder: Path, shape: str = "1,3,8,4", opset: int = 12, more: str = "") -> None:
    """Write ``y = Relu(x)``."""
    text = (
        f'<ir_version: 7, opset_import: ["": {opset}{more}]> '
        f"g (float[{shape}] x) => (float[{shape}] y) {{ y = Relu(x) }}"
    )
    onnx.save(onnx.parser.parse_model(text), folder / SOURCE)


READERS = {
    "tools/onnx2onnx.py": (SOURCE, "-o", "out/made.onnx"),
    "tools/npu_check.py": (SOURCE, "--npu", "720", "--json", "out/a.json", "--html", "out/a.html"),
    "inference.py": (
        *("--img-path", "a.png", "--bbox", "whole", "--save-path", "out/a.png"),
        *("--lite_hrnet_params", "pose.yaml", "--rsn_affine_params", "affine.yaml"),
    ),
}


@pytest.fixture
def apart(e2e_models, folder) -> Path:
    """A pose network whose weights lie in a second file; that file."""
    whole = e2e_models.pose_model(folder / "whole.onnx", metadata=e2e_models.OWN_METADATA)
    more = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0}
    onnx.save(onnx.load(whole), folder / SOURCE, **more)
    cv2.imwrite(str(folder / "a.png"), np.full((64, 48, 3), 90, np.uint8))
    e2e_models.write_yaml(folder / "pose.yaml", model_path=SOURCE)
    e2e_models.write_yaml(folder / "affine.yaml", padding=1.25)
    return folder / "weights.bin"


@pytest.mark.parametrize("script", READERS)
def test_external_data_must_be_there_and_whole(outcome, apart, folder, script):
    code, errors = outcome(script, *READERS[script])
    assert (code, errors) == (0, "")
    assert made(folder)
    whole = apart.read_bytes()
    for damage, word in ((apart.unlink, "weights.bin"), (lambda: apart.write_bytes(whole[:9]), "")):
        shutil.rmtree("out")
        Path("out").mkdir()
        damage()
        code, errors = outcome(script, *READERS[script])
        assert code == 1
        assert len(errors.strip().splitlines()) == 1
        assert SOURCE in errors
        assert word in errors
        assert not made(folder)


def test_rewritten_file_holds_its_weights(outcome, apart, folder):
    assert outcome("tools/onnx2onnx.py", *READERS["tools/onnx2onnx.py"])[0] == 0
    apart.unlink()
    images = np.random.default_rng(0).random((1, 3, 64, 48), np.float32)
    maps = [
        onnxruntime.InferenceSession(path).run(None, {"x": images})[0]
        for path in ("out/made.onnx", "whole.onnx")
    ]
    np.testing.assert_allclose(*maps, atol=1e-6)


REFUSED = {
    "open rows and columns": (dict(shape="1,3,H,W"), "input 'x' must have a fixed size, got 1 3 H"),
    "open channels": (dict(shape="1,C,8,4"), "input 'x' must have a fixed size, got 1 C 8 4"),
    "opset 10": (dict(opset=10), "opset must be 11 to 18, got 10"),
    "opset 19": (dict(opset=19), "opset must be 11 to 18, got 19"),
}


@pytest.mark.parametrize("more", [(), ("--npu", "720")])
@pytest.mark.parametrize(("model", "message"), REFUSED.values(), ids=REFUSED)
def test_onnx2onnx_refuses(outcome, folder, model, message, more):
    write(folder, **model)
    code, errors = outcome("tools/onnx2onnx.py", SOURCE, "-o", "out/made.onnx", *more)
    assert code == 1
    assert errors.startswith(f"error: {SOURCE}: {message}")
    assert len(errors.splitlines()) == 1
    assert not made(folder)


def test_onnx2onnx_keeps_a_networks_pixels(outcome, apart, folder):
    """Ours say what they were trained with, and no word means pixels of 0..1."""
    code, errors = outcome("tools/onnx2onnx.py", SOURCE, "-o", "out/made.onnx", "--norm")
    assert (code, len(errors.splitlines())) == (1, 1)
    assert "must take pixels of 0..1 for --norm, but was trained with preprocess" in errors
    assert not made(folder)


def test_onnx2onnx_never_writes_over_what_it_reads(outcome, folder):
    write(folder)
    before = Path(SOURCE).read_bytes()
    code, errors = outcome("tools/onnx2onnx.py", SOURCE, "-o", SOURCE)
    assert code == 1
    assert "output must be a new file, got one that is read" in errors
    assert Path(SOURCE).read_bytes() == before


@pytest.mark.parametrize("stated", [(1, 3, 9, 4), (1, 4)])
def test_sizes_in_contradiction_are_one_line(outcome, folder, stated):
    write(folder)
    model = onnx.load(SOURCE)
    model.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info("y", 1, stated))
    model.graph.node[0].CopyFrom(
        onnx.helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[1, 1])
    )
    onnx.save(model, SOURCE)
    code, errors = outcome("tools/onnx2onnx.py", SOURCE, "-o", "out/made.onnx")
    assert code == 1
    assert errors.startswith(f"error: {SOURCE}: sizes that the file states must agree, but ")
    assert len(errors.splitlines()) == 1
    assert not made(folder)


SIZES = {
    "too few": ("x 1 3 8", "--input 'x' must have 4 sizes, got 3"),
    "too many": ("x 1 3 8 4 1", "--input 'x' must have 4 sizes, got 5"),
    "no such input": ("z 1 3 8 4", "--input must name one of x, got 'z'"),
}


@pytest.mark.parametrize(("sizes", "message"), SIZES.values(), ids=SIZES)
def test_pytorch2onnx_wants_all_sizes_of_an_input(outcome, folder, sizes, message):
    write(folder, "1,3,H,W")
    code, errors = outcome("tools/pytorch2onnx.py", SOURCE, "out/made.onnx", "--input", sizes)
    assert code == 1
    assert errors.startswith(f"error: {message}")
    assert len(errors.splitlines()) == 1
    assert not made(folder)


def test_pytorch2onnx_fixes_open_rows_and_columns(outcome, folder):
    write(folder, "1,3,H,W")
    sizes = ("--input", "x 1 3 8 4", "--output", "y 1 3 8 4")
    assert outcome("tools/pytorch2onnx.py", SOURCE, "out/made.onnx", *sizes) == (0, "")
    shape = onnx.load("out/made.onnx").graph.input[0].type.tensor_type.shape
    assert [size.dim_value for size in shape.dim] == [1, 3, 8, 4]


def test_operator_sets_of_others_are_no_obstacle(outcome, folder):
    write(folder, more=', "com.microsoft": 1, "own": 3')  # as onnxruntime's optimiser leaves them
    assert outcome("tools/onnx2onnx.py", SOURCE, "-o", "out/made.onnx") == (0, "")
    assert onnx.load("out/made.onnx").ir_version == 7


def test_file_is_not_written_over_by_what_is_said_of_it(outcome, folder):
    write(folder)
    before = Path(SOURCE).read_bytes()
    for script, args in (
        ("tools/npu_check.py", (SOURCE, "--npu", "720", "--json", SOURCE)),
        ("tools/pytorch2onnx.py", (SOURCE, SOURCE)),
    ):
        code, errors = outcome(script, *args)
        assert code == 1
        assert errors.startswith(f"error: {SOURCE}: output must be a new file, got one that is rea")
        assert Path(SOURCE).read_bytes() == before
    assert not made(folder)


def write_half(folder: Path) -> None:
    """Write a convolution and its BatchNorm in half precision."""
    rng = np.random.default_rng(0)
    values = {
        "w": rng.normal(size=(16, 3, 3, 3)),
        **dict.fromkeys("sv", rng.uniform(0.5, 2, 16)),
        **dict.fromkeys("bm", rng.normal(size=16)),
    }
    half = [onnx.numpy_helper.from_array(v.astype(np.float16), k) for k, v in values.items()]
    text = """<ir_version: 7, opset_import: ["": 12]>
        g (float16[1,3,32,32] x) => (float16[1,16,30,30] y) {
            c = Conv(x, w) y = BatchNormalization(c, s, b, m, v) }"""
    model = onnx.parser.parse_model(text)
    model.graph.initializer.extend(half)
    onnx.save(model, folder / SOURCE)


@pytest.mark.parametrize(("flags", "operators"), [((), ["Conv"]), (("--skip", "fuse-bn"), None)])
def test_half_precision_is_held_to_its_own_steps(outcome, folder, flags, operators):
    write_half(folder)
    code, errors = outcome("tools/onnx2onnx.py", SOURCE, "-o", "out/made.onnx", *flags)
    assert (code, errors) == (0, "")
    nodes = onnx.load(folder / "out/made.onnx").graph.node
    found = [node.op_type for node in nodes if node.op_type != "Cast"]  # onnxruntime's, on CPUs
    assert found == (operators or ["Conv", "BatchNormalization"])


def test_a_pass_that_fails_is_left_out_by_the_flag_that_is_named(outcome, folder, monkeypatch):
    from utils.onnx_graph import optimize

    write_half(folder)
    monkeypatch.setattr(optimize, "HALF_TOLERANCE", 1e-9)
    code, errors = outcome("tools/onnx2onnx.py", SOURCE, "-o", "out/made.onnx")
    assert code == 1
    assert "pass fuse-bn must keep" in errors
    assert "--skip fuse-bn" in errors
    assert made(folder) == []
    code, errors = outcome("tools/onnx2onnx.py", SOURCE, "-o", "out/made.onnx", "--skip", "fuse-bn")
    assert (code, errors) == (0, "")


def test_an_unknown_pass_to_skip(outcome, folder):
    write(folder)
    code, errors = outcome("tools/onnx2onnx.py", SOURCE, "-o", "out/made.onnx", "--skip", "nothing")
    assert code == 1
    assert "skip must name passes of" in errors
