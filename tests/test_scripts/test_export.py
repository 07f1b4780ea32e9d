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
    from mmpose_replacement.config.load import load_config
    from models.tracing.trace import build_estimator

    torch.manual_seed(0)
    config = load_config(CONFIG)
    weights = build_estimator(config).state_dict()
    path = tmp_path_factory.mktemp("weights") / "small.pth"
    torch.save({"state_dict": weights, "meta": {"cfg": config.pretty_text}}, path)
    return path


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    from utils.people_generator.generate import make_people

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


def raw_crops(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 128, 64, 3), np.uint8)


def as_floats(crops: np.ndarray) -> np.ndarray:
    return np.moveaxis(crops, -1, 1).astype(np.float32, order="C")


def pytorch_heatmaps(checkpoint: Path, crops: np.ndarray, word: str) -> np.ndarray:
    """What the trained network makes of crops, normalised as it was trained with."""
    from mmpose_replacement.config.load import load_config
    from models.checkpoints.load import load_file
    from models.tracing.trace import build_estimator
    from models.tracing.wrappers import HeatmapNetwork
    from prepostprocess.preprocess import normalize

    estimator = build_estimator(load_config(CONFIG, [f"preprocess={word}"]))
    load_file(estimator, checkpoint)
    with torch.no_grad():
        return HeatmapNetwork(estimator)(torch.from_numpy(normalize(crops, word))).numpy()


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


def test_digest_is_that_of_the_values_wherever_they_are_read(checkpoint):
    from mmpose_replacement.config.load import load_config
    from models.checkpoints.config import read_config
    from models.export.metadata import describe_origin

    configs = load_config(CONFIG), read_config(checkpoint), load_config(CONFIG, ["codec.sigma=2"])
    file, inside, other = (describe_origin(config)["config_sha256"] for config in configs)
    assert file == inside != other


@pytest.mark.parametrize("name", ["GetBBoxCenterScale", "KneronBBoxCenterScale"])
def test_padding_is_read_from_either_transform(name):
    from mmpose_replacement.config.load import load_config
    from models.export.metadata import describe
    from models.tracing.trace import build_estimator

    config = load_config(CONFIG)
    estimator = build_estimator(config)
    (step,) = [s for s in config.test_dataloader.dataset.pipeline if "CenterScale" in s.type]
    step.update(type=name, padding=1.1)
    assert describe(config, estimator, output="heatmaps", pixel_offset=None).padding == 1.1
    config.test_dataloader.dataset.pipeline.remove(step)
    with pytest.raises(ValueError, match="test pipeline must have GetBBoxCenterScale, got none"):
        describe(config, estimator, output="heatmaps", pixel_offset=None)


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


@pytest.fixture(scope="module")
def keypoints_file(checkpoint) -> Path:
    """Takes pixels, gives keypoints."""
    import export2onnx

    path = checkpoint.with_name("keypoints.onnx")
    flags = ("--keypoints", "--normalize-in-graph", "--dynamic-batch", "--output", path, *QUARTER)
    printed(export2onnx.main, CONFIG, checkpoint, *flags)
    return path


@pytest.fixture(scope="module", params=[("float", None, 0), ("kneron_720", "720", 128)])
def pixels_file(request, checkpoint) -> tuple[Path, str, int]:
    """Takes pixels, gives heatmaps; the word it was trained with; what is taken off the pixels."""
    import export2onnx

    word, npu, offset = request.param
    path = checkpoint.with_name(f"pixels_{word}.onnx")
    flags = ("--normalize-in-graph", "--output", path, *(("--npu", npu) if npu else ()))
    printed(export2onnx.main, CONFIG, checkpoint, *flags, "--cfg-options", f"preprocess={word}")
    return path, word, offset


def test_file_that_normalises_takes_raw_pixels(pixels_file, checkpoint):
    from prepostprocess.preprocess import get_preprocess

    path, word, offset = pixels_file
    crops = raw_crops(1)
    wanted = pytorch_heatmaps(checkpoint, crops, word)
    np.testing.assert_allclose(run(path, as_floats(crops) - offset)[0], wanted, atol=1e-5)
    known = notes(path)
    assert (known["preprocess"], known["pixel_offset"]) == (word, offset)
    meaning = get_preprocess(word)
    assert known["normalization"] == {"mean": list(meaning.mean), "std": list(meaning.std)}


def test_runner_gives_pytorchs_maps_by_a_file_that_normalises(pixels_file, checkpoint):
    from utils.runners.pipeline import load_pipeline

    path, word, _ = pixels_file
    crops = raw_crops(3)
    wanted = pytorch_heatmaps(checkpoint, crops, word)
    np.testing.assert_allclose(
        load_pipeline(None, None, path).pose.heatmaps(list(crops)), wanted, atol=1e-5
    )


def test_keypoints_in_the_graph_are_those_of_the_decoder(keypoints_file, checkpoint):
    from prepostprocess.keypoints.decode import decode_heatmaps

    crops = raw_crops(3)
    keypoints, scores = run(keypoints_file, as_floats(crops))
    maps = pytorch_heatmaps(checkpoint, crops, "float")
    wanted, wanted_scores = decode_heatmaps(maps, (64, 128), "quarter")
    np.testing.assert_allclose(keypoints, wanted, atol=1e-3)
    np.testing.assert_allclose(scores, wanted_scores, atol=1e-5)
    known = notes(keypoints_file)
    assert (known["output"], known["pixel_offset"]) == ("keypoints", 0)


def test_our_runner_refuses_keypoints_in_one_line(outcome, keypoints_file, people, tmp_path):
    code, errors = outcome(
        *("inference.py", "--img-path", people / "val/images", "--save-path", tmp_path / "out"),
        *("--lite_hrnet_params", keypoints_file, "--bbox", "whole"),
    )
    assert code == 1
    assert len(errors.splitlines()) == 1
    assert "must give heatmaps, but this one gives keypoints" in errors
    assert not list(tmp_path.iterdir())


def test_testing_refuses_files_that_do_more_than_heatmaps(pixels_file, keypoints_file):
    from mmpose_replacement.config.load import load_config
    from models.export.network import use_onnx
    from models.tracing.trace import build_estimator

    estimator = build_estimator(load_config(CONFIG))
    with pytest.raises(ValueError, match=r"must take normalised images.*--normalize-in-graph"):
        use_onnx(estimator, pixels_file[0])
    with pytest.raises(ValueError, match="one heatmap output of rank 4.*without --keypoints"):
        use_onnx(estimator, keypoints_file)


@pytest.mark.slow
@pytest.mark.parametrize("opset", range(11, 19))
@pytest.mark.parametrize("flags", [(), ("--npu", "720"), ("--keypoints", *QUARTER)], ids=len)
def test_every_opset_exports_and_runs(exported, checkpoint, tmp_path, opset, flags):
    import export2onnx

    path = tmp_path / "x.onnx"
    printed(export2onnx.main, CONFIG, checkpoint, "--opset", opset, "--output", path, *flags)
    assert notes(path)["decoder"] == ("quarter" if "--keypoints" in flags else "dark")
    made = onnx.load(path)
    assert [each.version for each in made.opset_import] == [opset]
    assert made.ir_version == {11: 6, 12: 7, 13: 7, 14: 7}.get(opset, 8)
    images = pictures(1)
    wanted = run(exported[0], images)[0]
    if "--keypoints" in flags:
        np.testing.assert_allclose(run(path, images)[1], wanted.max(axis=(2, 3)), atol=1e-5)
    else:
        np.testing.assert_allclose(run(path, images)[0], wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--opset", "10"), "--opset must be 11 to 18, got 10"),
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


def test_neither_weights_nor_config_are_written_over(outcome, checkpoint, tmp_path):
    weights = tmp_path / "weights.pth"
    weights.write_bytes(checkpoint.read_bytes())
    before = CONFIG.read_bytes(), weights.read_bytes()
    for output in (weights, CONFIG):
        code, errors = outcome("export2onnx.py", CONFIG, weights, "--output", output)
        assert code == 1
        assert f"{output.name}: output must be a new file, got one that is read" in errors
    assert (CONFIG.read_bytes(), weights.read_bytes()) == before


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
    known, wanted = notes(path), notes(exported[0])
    assert known.keys() == wanted.keys()
    assert known["checkpoint_sha256"] == wanted["checkpoint_sha256"]
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
