"""tools/compare.py: every file form on the same people, held against the first."""

import json
from pathlib import Path

import fixed_point_models as models
import numpy as np
import onnx
import pytest
from browser import is_drawn, needs_browser, screenshot
from scripts import load_script

from prepostprocess.metadata import FIXED_POINT
from utils.published import catalogue

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"


@pytest.fixture(scope="module")
def exported(trained, options, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("exported") / "pose.onnx"
    words = [CONFIG, trained / "epoch_2.pth", "--output", file]
    export = load_script(ROOT / "export2onnx.py")
    export.main([*map(str, words), "--cfg-options", options[0]])
    return file


@pytest.fixture(scope="module")
def compared(trained, exported, options, tmp_path_factory) -> tuple[list[dict], Path]:
    folder = tmp_path_factory.mktemp("compared")
    files = [trained / "epoch_2.pth", exported, trained / "epoch_1.pth"]
    words = [CONFIG, *files, "--json", folder / "rows.json", "--html", folder / "page.html"]
    words += ["--num-workers", "0", "--count", "2", "--cfg-options", options[0]]
    load_script(ROOT / "tools/compare.py").main(list(map(str, words)))
    return json.loads((folder / "rows.json").read_text()), folder / "page.html"


def test_an_exported_network_is_the_trained_one(compared):
    trained, exported, other = compared[0]
    assert trained["network"] == "epoch_2.pth"
    assert trained["mean shift, px"] == 0
    # heatmaps of two epochs are flat: where two peaks are equal to 1e-4, a joint may jump
    assert exported["mean shift, px"] < other["mean shift, px"] / 10
    for name in ("AP", "AP50", "PCK"):
        assert exported[name] == pytest.approx(trained[name], abs=0.01)


def test_the_page_shows_whom_the_later_ones_lose(compared):
    text = compared[1].read_text()
    assert "Whom epoch_1.pth loses most" in text
    assert 0 < text.count("data:image/jpeg") <= 4


@needs_browser
def test_the_page_is_drawn(compared):
    assert is_drawn(screenshot(compared[1], height=1000))


def test_a_network_of_another_kind_is_one_line(trained, options, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    words = [CONFIG, trained / "epoch_1.pth", tmp_path / "bad.onnx", "--json", tmp_path / "o.json"]
    with pytest.raises(SystemExit, match=r"error: .*bad\.onnx: network must be an ONNX file"):
        load_script(ROOT / "tools/compare.py").main(
            [*map(str, words), "--num-workers", "0", "--cfg-options", options[0]]
        )
    assert not (tmp_path / "o.json").exists()


@pytest.mark.parametrize("flag", ["--json", "--html"])
@pytest.mark.parametrize("name", ["config.py", "net.onnx", "net.json", "data.yaml"])
def test_no_page_or_table_takes_the_place_of_what_is_read(tmp_path, flag, name):
    for each in ("config.py", "net.json", "data.yaml"):
        (tmp_path / each).write_text("kept")
    model = models.a_bit_of_everything(np.random.default_rng(0))
    onnx.helper.set_model_props(model, {FIXED_POINT: '"520"'})
    onnx.save(model, tmp_path / "net.onnx")
    before = (tmp_path / name).read_bytes()
    words = [tmp_path / "config.py", tmp_path / "net.onnx", "--data", tmp_path / "data.yaml"]
    with pytest.raises(SystemExit, match=rf"{name}: {flag} must be a new file, got one that is"):
        load_script(ROOT / "tools/compare.py").main([*map(str, words), flag, str(tmp_path / name)])
    assert (tmp_path / name).read_bytes() == before


def test_page_and_table_are_two_files(tmp_path, capsys):
    (tmp_path / "net.onnx").touch()
    out = str(tmp_path / "out")
    words = [str(CONFIG), str(tmp_path / "net.onnx"), "--json", out, "--html", out]
    with pytest.raises(SystemExit):
        load_script(ROOT / "tools/compare.py").parse_args(words)
    assert "--json and --html must name two files" in capsys.readouterr().err


def test_records_are_read_for_the_page_alone(exported, options, tmp_path, capsys):
    model = onnx.load(exported)
    notes = {note.key: note.value for note in model.metadata_props}
    onnx.helper.set_model_props(model, {**notes, FIXED_POINT: '"520"'})
    onnx.save(model, tmp_path / "old.onnx")
    (tmp_path / "old.json").write_text('{"tensors": [{"name": "of an earlier version"}]}')
    words = [CONFIG, tmp_path / "old.onnx", "--num-workers", "0", "--cfg-options", options[0]]
    script = load_script(ROOT / "tools/compare.py")
    with pytest.raises(SystemExit, match=r"old\.json: it must be the records of old\.onnx"):
        script.main([*map(str, words), "--html", str(tmp_path / "page.html")])
    script.main(list(map(str, words)))
    assert "1 networks on" in capsys.readouterr().out


def test_networks_may_be_published_names(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(catalogue, "WEIGHTS", tmp_path)
    words = [str(CONFIG), str(CONFIG), "litehrnet_18_coco_256x192"]
    parse_args = load_script(ROOT / "tools/compare.py").parse_args
    with pytest.raises(SystemExit):
        parse_args(words)
    assert "Run: python tools/get_weights.py litehrnet_18_coco" in capsys.readouterr().err
    file = tmp_path / catalogue.get_published(words[-1]).file_name
    file.touch()
    assert parse_args(words).networks == [CONFIG, file]


def test_a_place_that_cannot_be_written_is_told_before_any_test(trained, tmp_path, capsys):
    words = [CONFIG, trained / "epoch_1.pth", "--html", tmp_path]
    with pytest.raises(SystemExit, match="error: .*: --html must be a file, got a directory"):
        load_script(ROOT / "tools/compare.py").main(list(map(str, words)))
    assert "networks on" not in capsys.readouterr().out
