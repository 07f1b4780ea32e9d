"""tools/quantize.py on a small network, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from scripts import load_script

from prepostprocess.files import replacing
from utils.runners.onnx_session import open_session

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(capsys):
    """Run the script; its exit code, lines and error."""
    script = load_script(ROOT / "tools/quantize.py")

    def call(*words: object) -> tuple[int, list[str], str]:
        code = 0
        try:
            script.main([str(word) for word in words])
        except SystemExit as err:
            code = err.code
        out, errors = capsys.readouterr()
        if isinstance(code, str):
            code, errors = 1, errors + code
        return code, out.splitlines(), errors

    return call


@pytest.fixture
def network(tmp_path):
    import fixed_point_models as models

    model = models.a_bit_of_everything(np.random.default_rng(0))
    onnx.helper.set_model_props(model, {"preprocess": '"float"'})
    onnx.save(model, tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


@pytest.fixture
def calib(tmp_path):
    """Write crops as tools/export_calibration.py does."""

    def write(count: int = 8, shape: tuple[int, ...] = (6, 8, 8), **notes: object):
        images = np.random.default_rng(1).normal(size=(count, *shape)).astype(np.float32)
        path = tmp_path / "calib.npz"
        text = json.dumps({"layout": "nchw", "colour": "rgb", **notes})
        with replacing(path) as file:
            np.savez(file, images=images, notes=np.array(text))
        return path

    return write


def test_no_file_takes_the_place_of_another(run, network, calib, tmp_path):
    crops = calib()
    words = (network, "--calib", crops, "--npu", "520", "-o", tmp_path / "out.onnx")
    for name in ("out.onnx", "out.json"):
        code, _, errors = run(*words, "--float", tmp_path / name)
        assert code == 2
        assert "--float must be another file than --output and its records" in errors
    code, _, errors = run(*words[:-1], tmp_path / "out.json")
    assert code == 2
    assert "out.json, where its records go" in errors
    labels = crops.rename(tmp_path / "out.json")  # where the records of out.onnx go
    words = (network, "--calib", labels, "--img-dir", tmp_path, "--npu", "520", *words[-2:])
    code, _, errors = run(*words)
    assert code == 1
    assert "out.json: output must be a new file, got one that is read" in errors
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize("chip", ["520", "720"])
def test_the_file_runs_with_its_metadata_and_its_records(run, network, calib, tmp_path, chip):
    out = tmp_path / "out.onnx"
    code, lines, errors = run(network, "--calib", calib(), "--npu", chip, "-o", out)
    assert code == 0, errors
    assert "heatmaps keep" in lines[0]
    session = open_session(out)
    assert session.get_modelmeta().custom_metadata_map["preprocess"] == '"float"'
    assert session.get_modelmeta().custom_metadata_map["fixed_point"] == f'"{chip}"'
    image = np.random.default_rng(2).normal(size=(1, 6, 8, 8)).astype(np.float32)
    exact = onnxruntime.InferenceSession(network).run(None, {"x": image})[0]
    found = session.run(None, {"x": image})[0]
    assert 0 < np.abs(found - exact).max() < 0.2 * np.abs(exact).max()
    records = json.loads(out.with_suffix(".json").read_text())
    assert records["chip"] == chip
    assert records["per_channel"] == (chip == "720")
    first = records["tensors"][0]
    assert first["name"] == "x"
    assert first["bits"] == 8
    assert 1 <= first["scale"] < 2
    assert first["covered"] == pytest.approx(127 / (first["scale"] * 2 ** first["radix"]), rel=1e-3)
    assert first["clipped_share"] <= 0.0005


def test_learning_gives_a_file_of_the_same_form(run, network, calib, tmp_path):
    files = {}
    for name, words in (("plain", ()), ("learnt", ("--learn",))):
        files[name] = tmp_path / f"{name}.onnx"
        call = (network, "--calib", calib(40), "--npu", "520", "-o", files[name], *words)
        code, lines, errors = run(*call)
        assert code == 0, errors
        assert "heatmaps keep" in lines[0]
    plain, learnt = (json.loads(file.with_suffix(".json").read_text()) for file in files.values())
    assert (plain["learn"], learnt["learn"]) == (False, True)
    assert [t["name"] for t in plain["tensors"]] == [t["name"] for t in learnt["tensors"]]
    assert learnt["snr_db"] > 20
    kinds = [[node.op_type for node in onnx.load(file).graph.node] for file in files.values()]
    assert kinds[0] == kinds[1]
    session = open_session(files["learnt"])
    assert session.get_modelmeta().custom_metadata_map["fixed_point"] == '"520"'


def test_too_few_crops_to_learn_from(run, network, calib, tmp_path):
    out = tmp_path / "out.onnx"
    code, _, errors = run(network, "--calib", calib(31), "--npu", "520", "--learn", "-o", out)
    assert code == 1
    assert "calibration must have at least 32 crops to learn from, got 31" in errors
    assert not out.exists()


def test_sixteen_bits_are_closer_and_not_for_every_chip(run, network, calib, tmp_path):
    figures = {}
    for bits in ("8", "mixed", "16"):
        out = tmp_path / f"{bits}.onnx"
        code, _, errors = run(
            network, "--calib", calib(), "--npu", "720", "--bits", bits, "-o", out
        )
        assert code == 0, errors
        figures[bits] = json.loads(out.with_suffix(".json").read_text())["snr_db"]
    assert figures["16"] > figures["mixed"] + 3 > figures["8"] + 3
    code, _, errors = run(network, "--calib", calib(), "--npu", "520", "--bits", "16", "-o", out)
    assert code == 1
    assert "--bits must be 8 for KL520" in errors


@pytest.mark.parametrize(
    ("crops", "fault"),
    [
        (dict(count=3), "calibration must have at least 8 crops, got 3"),
        (dict(shape=(3, 8, 8)), r"calibration crops must be (1, 6, 8, 8), got (1, 3, 8, 8)"),
        (dict(layout="nhwc"), "calibration must be nchw and rgb, got nhwc and rgb"),
    ],
)
def test_crops_that_do_not_serve(run, network, calib, tmp_path, crops, fault):
    out = tmp_path / "out.onnx"
    code, _, errors = run(network, "--calib", calib(**crops), "--npu", "720", "-o", out)
    assert code == 1
    assert fault in errors
    assert not out.exists()


def test_one_coloured_crops_are_refused(run, network, tmp_path):
    path = tmp_path / "flat.npz"
    with replacing(path) as file:
        notes = np.array(json.dumps({"layout": "nchw", "colour": "rgb"}))
        np.savez(file, images=np.zeros((8, 6, 8, 8), np.float32), notes=notes)
    code, _, errors = run(network, "--calib", path, "--npu", "720", "-o", tmp_path / "o.onnx")
    assert code == 1
    assert "8 have one colour" in errors


def test_networks_that_do_not_serve(run, network, calib, tmp_path):
    out = tmp_path / "out.onnx"
    run(network, "--calib", calib(), "--npu", "720", "-o", out)
    again = tmp_path / "again.onnx"
    code, _, errors = run(out, "--calib", calib(), "--npu", "720", "-o", again)
    assert code == 1
    assert "out.onnx: network must be in float, but it is quantised already" in errors
    model = onnx.load(network)
    next(n for n in model.graph.node if n.op_type == "Sigmoid").op_type = "Tanh"
    onnx.save(model, tmp_path / "tanh.onnx")
    code, _, errors = run(tmp_path / "tanh.onnx", "--calib", calib(), "--npu", "720", "-o", again)
    assert code == 1
    assert "tanh.onnx: network must have operators whose rounding is known, got Tanh" in errors
    (tmp_path / "text.npz").write_text("nothing")
    code, _, errors = run(network, "--calib", tmp_path / "text.npz", "--npu", "720", "-o", again)
    assert code == 1
    assert "text.npz: calibration must be a file of tools/export_calibration.py" in errors
    assert not again.exists()


def test_a_network_in_half_precision_is_refused_at_the_start(run, calib, tmp_path):
    import fixed_point_models as models

    node = onnx.helper.make_node("Sigmoid", ["x"], ["y"])
    model = models.model_of([node], {})
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    onnx.save(model, tmp_path / "half.onnx")
    words = (tmp_path / "half.onnx", "--calib", calib(), "--npu", "720")
    code, _, errors = run(*words, "-o", tmp_path / "out.onnx")
    assert code == 1
    assert "half.onnx: network must be in float32, got input 'x' in float16" in errors


def test_weights_behind_another_node_are_refused_and_onnx2onnx_cures_it(
    run, network, calib, tmp_path
):
    model = onnx.load(network)
    model.graph.node.insert(0, onnx.helper.make_node("Identity", ["w0"], ["w"]))
    next(node for node in model.graph.node if node.op_type == "Conv").input[1] = "w"
    onnx.save(model, tmp_path / "shared.onnx")
    words = ("--calib", calib(), "--npu", "720", "-o", tmp_path / "out.onnx")
    code, _, errors = run(tmp_path / "shared.onnx", *words)
    assert code == 1
    assert "shared.onnx: weights must be constants, got 'w' of Conv 'c0'" in errors
    cure = load_script(ROOT / "tools/onnx2onnx.py")
    cure.main([str(tmp_path / "shared.onnx"), "-o", str(tmp_path / "cured.onnx"), "--npu", "720"])
    assert run(tmp_path / "cured.onnx", *words)[0] == 0


def test_the_balanced_float_network_answers_as_before_and_survives_a_plain_rounding(
    run, network, calib, tmp_path
):
    crops, balanced = calib(40), tmp_path / "balanced.onnx"
    words = ("--calib", crops, "--npu", "520")
    out = tmp_path / "out.onnx"
    code, lines, errors = run(network, *words, "--learn", "-o", out, "--float", balanced)
    assert code == 0, errors
    assert lines[-1].startswith(f"{balanced}: ")
    before, after = onnx.load(network), onnx.load(balanced)
    assert after.opset_import[0].version == before.opset_import[0].version
    assert [node.op_type for node in after.graph.node] == [n.op_type for n in before.graph.node]
    sessions = [onnxruntime.InferenceSession(str(path)) for path in (network, balanced)]
    image = {"x": np.random.default_rng(2).normal(size=(1, 6, 8, 8)).astype(np.float32)}
    first, second = (session.run(None, image)[0] for session in sessions)
    np.testing.assert_allclose(second, first, atol=1e-5 * np.abs(first).max())
    kept = []
    for model in (network, balanced):
        flags = ("--no-equalize", "--no-bias-correct", "-o", tmp_path / "plain.onnx")
        assert run(model, *words, *flags)[0] == 0
        kept.append(json.loads((tmp_path / "plain.json").read_text())["snr_db"])
    assert kept[1] > kept[0]


@pytest.mark.parametrize("seed", range(3))
def test_channels_are_equalised_where_the_heatmaps_gain_by_it(run, calib, tmp_path, seed):
    import fixed_point_models as models

    rng = np.random.default_rng(seed)
    model = models.a_bit_of_everything(rng)
    onnx.save(model, tmp_path / "net.onnx")
    words = (tmp_path / "net.onnx", "--calib", calib(), "--npu", "520")
    kept = {}
    for flag in ("--equalize", "--no-equalize", None):
        out = tmp_path / "out.onnx"
        code, lines, errors = run(*words, "-o", out, *([flag] if flag else []))
        assert code == 0, errors
        kept[flag] = json.loads(out.with_suffix(".json").read_text())
    ratios = {flag: notes["snr_db"] for flag, notes in kept.items()}
    gain = ratios["--no-equalize"] - ratios["--equalize"]  # -.4, .6 and 11 dB
    taken, word = ("--no-equalize", "as they are") if gain >= 1 else ("--equalize", "equalised")
    assert ratios[None] == ratios[taken]
    assert kept[None]["equalize"] == kept[taken]["equalize"] == (taken == "--equalize")
    assert lines[1].startswith(f"channels {word}: {ratios[None]:.1f} dB; ")


def test_the_float_network_does_not_take_the_models_place(run, network, calib, tmp_path):
    words = ("--calib", calib(40), "--npu", "520", "-o", tmp_path / "out.onnx", "--float", network)
    assert run(network, *words)[0] == 1
    assert not (tmp_path / "out.onnx").exists()
