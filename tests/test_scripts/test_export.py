"""export2onnx.py, tools/pytorch2onnx.py and tools/onnx2onnx.py as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
QUARTER = ("--cfg-options", "codec.decoder=quarter")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """Weights as a training leaves them, with the config inside."""
    from mmpose_replacement.config import load_config
    from models.onnx_export import build_estimator

    torch.manual_seed(0)
    config = load_config(CONFIG)
    weights = build_estimator(config).state_dict()
    path = tmp_path_factory.mktemp("weights") / "small.pth"
    torch.save({"state_dict": weights, "meta": {"cfg": config.pretty_text}}, path)
    return path


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    from utils.data.people.generate import make_people

    folder = tmp_path_factory.mktemp("people")
    make_people(folder / "val", 3, seed=1)
    return folder


@pytest.fixture(scope="module")
def exported(checkpoint, people) -> tuple[Path, str]:
    """The default export, and what was printed."""
    import export2onnx

    output = checkpoint.with_name("default.onnx")
    text = printed(
        export2onnx.main,
        *(CONFIG, checkpoint, "--output", output, "--cfg-options", f"data_root={people}/"),
    )
    return output, text


def printed(main, *args: object) -> str:
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main([str(arg) for arg in args])
    return out.getvalue()


def notes(path: Path) -> dict[str, object]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return {note.key: json.loads(note.value) for note in model.metadata_props}


def run(path: Path, images: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, 3, 128, 64)).astype(np.float32)


def test_default_export_is_checked_on_pixels_and_on_people(exported):
    path, text = exported
    assert "on random pixels" in text
    assert "people of the config's test set" in text
    assert "fuse-bn" in text
    assert run(path, pictures(1))[0].shape == (1, 17, 32, 16)
    known = notes(path)
    assert known["input_wh"] == [64, 128]
    assert known["colour"] == "rgb"
    assert known["decoder"] == "dark"
    assert len(known["keypoint_names"]) == 17
    assert len(known["config_sha256"]) == len(known["checkpoint_sha256"]) == 64


@pytest.mark.slow
def test_without_pictures_it_says_so(checkpoint, tmp_path):
    import export2onnx

    text = printed(
        export2onnx.main,
        *(CONFIG, checkpoint, "--output", tmp_path / "x.onnx"),
        *("--cfg-options", f"data_root={tmp_path}/none/"),
    )
    assert "no images of the config's data set found" in text


@pytest.mark.slow
def test_raw_and_optimised_files_agree(exported, checkpoint, tmp_path):
    import export2onnx

    raw = tmp_path / "raw.onnx"
    text = printed(export2onnx.main, CONFIG, checkpoint, "--raw", "--output", raw)
    assert "fuse-bn" not in text
    images = pictures(1)
    np.testing.assert_allclose(run(raw, images)[0], run(exported[0], images)[0], atol=1e-5)


def test_for_a_chip_the_verdict_is_printed(checkpoint, tmp_path):
    import export2onnx

    path = tmp_path / "chip.onnx"
    text = printed(export2onnx.main, CONFIG, checkpoint, "--npu", "720", "--output", path)
    assert "KL720: all " in text.splitlines()[-2]
    assert notes(path)["npu"] == "720"


def test_keypoints_in_the_graph_are_those_of_the_decoder(exported, checkpoint, tmp_path):
    import export2onnx
    from prepostprocess.decode import decode_heatmaps

    path = tmp_path / "keypoints.onnx"
    flags = ("--keypoints", "--dynamic-batch", "--output", path, *QUARTER)
    printed(export2onnx.main, CONFIG, checkpoint, *flags)
    images = pictures(3)
    keypoints, scores = run(path, images)
    heatmaps = np.concatenate([run(exported[0], images[i : i + 1])[0] for i in range(3)])
    wanted, wanted_scores = decode_heatmaps(heatmaps, (64, 128), "quarter")[:2]
    np.testing.assert_allclose(keypoints, wanted, atol=1e-3)
    np.testing.assert_allclose(scores.reshape(3, 17), wanted_scores.reshape(3, 17), atol=1e-5)
    assert notes(path)["output"] == "keypoints"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--opset", "19"), "--opset must be 11 to 18, got 19"),
        (("--npu", "720", "--keypoints"), "--npu and --keypoints exclude each other"),
        (("--npu", "721"), "invalid choice: '721'"),
        (("--keypoints",), "--keypoints must go with the decoder quarter or argmax"),
        (("--output", "no/folder/x.onnx"), "no/folder/x.onnx: folder must exist"),
    ],
)
def test_wrong_options_leave_no_file(checkpoint, tmp_path, monkeypatch, capsys, flags, message):
    import export2onnx

    monkeypatch.chdir(tmp_path)
    given = flags if "--output" in flags else (*flags, "--output", "x.onnx")
    with pytest.raises(SystemExit) as error:
        export2onnx.main([str(CONFIG), str(checkpoint), *given])
    assert error.value.code != 0
    assert message in str(error.value.code) + capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_checkpoint_of_another_network(checkpoint, tmp_path):
    import export2onnx

    other = torch.load(checkpoint, weights_only=True)
    other["state_dict"]["head.final_layer.weight"] = torch.zeros(17, 8, 1, 1)
    torch.save(other, tmp_path / "other.pth")
    with pytest.raises(SystemExit, match=r"other\.pth: checkpoint must fit"):
        export2onnx.main([str(CONFIG), str(tmp_path / "other.pth")])
    assert [path.name for path in tmp_path.iterdir()] == ["other.pth"]


def tool(name: str, *args: object) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tools" / name, *args]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


@pytest.mark.slow
def test_pytorch2onnx_reads_the_config_in_the_checkpoint(exported, checkpoint, tmp_path):
    path = tmp_path / "second.onnx"
    done = tool("pytorch2onnx.py", checkpoint, path, "--input-size", 3, 128, 64, "--no-bn-fusion")
    assert done.returncode == 0, done.stderr
    assert "BatchNormalization" in {node.op_type for node in onnx.load(path).graph.node}
    images = pictures(1)
    np.testing.assert_allclose(run(path, images)[0], run(exported[0], images)[0], atol=1e-5)


@pytest.mark.slow
def test_onnx2onnx_fixes_the_batch_and_keeps_the_outputs(exported, checkpoint, tmp_path):
    import export2onnx

    source = tmp_path / "open.onnx"
    printed(export2onnx.main, CONFIG, checkpoint, "--raw", "--dynamic-batch", "--output", source)
    done = tool("onnx2onnx.py", source, "--npu", "720")
    assert done.returncode == 0, done.stderr
    assert "KL720: all " in done.stdout
    made = tmp_path / "open_polished.onnx"
    images = pictures(1)
    np.testing.assert_allclose(run(made, images)[0], run(exported[0], images)[0], atol=1e-5)


def test_bgr_is_noted_in_the_file(exported, tmp_path):
    path = tmp_path / "bgr.onnx"
    done = tool("onnx2onnx.py", exported[0], "-o", path, "--bgr")
    assert done.returncode == 0, done.stderr
    assert notes(path)["colour"] == "bgr"
    images = pictures(1)
    wanted = run(exported[0], images)[0]
    np.testing.assert_allclose(run(path, images[:, ::-1].copy())[0], wanted, atol=1e-5)


def test_bad_files_and_flags_that_are_gone(exported, tmp_path):
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(exported[0].read_bytes()[:5000])
    out = tmp_path / "out.onnx"
    for args, message in (
        (("onnx2onnx.py", cut, "-o", out), "cut.onnx: model must be"),
        (("onnx2onnx.py", tmp_path / "none.onnx", "-o", out), "none.onnx: model must be an exist"),
        (("onnx2onnx.py", exported[0], "-o", out, "--opt-720"), "say --npu 720"),
        (("pytorch2onnx.py", exported[0], out, "--input", "input 1 3 64"), "--input 'input' must"),
    ):
        done = tool(*args)
        assert done.returncode != 0
        assert message in done.stderr
        assert not out.exists()
