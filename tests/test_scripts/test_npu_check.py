"""tools/npu_check.py: chips, tables and configs, and files that appear whole or not at all."""

import json
from pathlib import Path

import pytest

from utils.onnx_graph.npu.tables import known_chips, table_names

TOOL = "tools/npu_check.py"
CONFIG = "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
CODES = {"NPU": 0, "disputed": 4, "CPU": 3}


@pytest.fixture
def folder(npu_models, tmp_path, monkeypatch) -> Path:
    """A network that comes out differently on every chip and by every table."""
    nodes = 'a = Sqrt(x) r = Resize<mode="linear">(a, "", k) g = GlobalAveragePool(r) y = Erf(g)'
    source = npu_models.model(nodes, fixed="float[4] k = {1,1,2,2}")
    (tmp_path / "mixed.onnx").write_bytes(source)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(path: str) -> dict:
    return json.loads(Path(path).read_text())


@pytest.mark.parametrize("table", table_names())
def test_all_chips_at_once_are_each_alone(outcome, folder, table):
    flags = ("mixed.onnx", "--table", table, "--json", "out/a.json", "--npu")
    code, errors = outcome(TOOL, *flags, "all")
    together = read("out/a.json")
    assert (code, errors) == (CODES[together["worst"]], "")
    assert list(together["chips"]) == known_chips()
    assert together["table"]["name"] == table
    for chip, verdicts in together["chips"].items():
        code, _ = outcome(TOOL, *flags, chip)
        alone = read("out/a.json")
        assert alone["chips"] == {chip: verdicts}
        assert code == CODES[alone["worst"]]


def test_verdicts_depend_on_the_table(outcome, folder):
    found = []
    for table in table_names():
        outcome(TOOL, "mixed.onnx", "--table", table, "--json", "out/a.json", "--npu", "720")
        found.append(read("out/a.json")["chips"]["720"]["nodes"])
    assert found[0] != found[-1]


TARGETS = {
    "the second folder is missing": (("--json", "out/a.json", "--html", "no/a.html"), "no/a.html"),
    "a folder in its place": (("--html", "out/a.html", "--json", "out"), "out"),
    "the working directory": (("--json", "."), "."),
}


@pytest.mark.parametrize(("flags", "named"), TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("model", ["mixed.onnx", CONFIG])
def test_no_file_is_written_unless_all_can_be(outcome, root, folder, model, flags, named):
    code, errors = outcome(TOOL, root / model if model == CONFIG else model, "--npu", "all", *flags)
    assert code == 1
    assert errors.startswith(f"error: {named}: ")
    assert len(errors.splitlines()) == 1
    assert not list((folder / "out").iterdir())


USAGE = {
    "one file for both": (("--json", "out/a", "--html", "out/a"), "must name two files, got out/a"),
    "raw": (("--raw",), "--raw, --opset, --data are for a config"),
    "data": (("--data", "a.yaml"), "--raw, --opset, --data are for a config"),
    "opset": (("--opset", "0"), "--raw, --opset, --data are for a config"),
}


@pytest.mark.parametrize(("flags", "message"), USAGE.values(), ids=USAGE)
def test_wrong_flags_are_usage_errors(outcome, folder, flags, message):
    code, errors = outcome(TOOL, "mixed.onnx", "--npu", "720", *flags)
    assert code == 2
    assert message in errors.splitlines()[-1]
    assert not list((folder / "out").iterdir())


@pytest.mark.parametrize("opset", [10, 19])
def test_config_at_an_opset_out_of_range(outcome, root, folder, opset):
    flags = ("--npu", "720", "--opset", opset, "--json", "out/a.json")
    code, errors = outcome(TOOL, root / CONFIG, *flags)
    assert code == 1
    assert errors == f"error: --opset must be 11 to 18, got {opset}. Kneron's tools take up to 18."
    assert not list((folder / "out").iterdir())


def test_config_as_traced_is_one_graph_for_all_chips(outcome, root, folder):
    flags = ("--npu", "all", "--raw", "--opset", "11", "--json", "out/a.json")
    assert outcome(TOOL, root / CONFIG, *flags)[0] == 3
    found = read("out/a.json")
    assert found["model"]["opset"] == 11
    assert list(found["chips"]) == known_chips()


@pytest.mark.slow
def test_config_for_all_chips_gives_files_for_each(outcome, root, folder):
    flags = ("--npu", "all", "--json", "out/a.json", "--html", "out/a.html")
    assert outcome(TOOL, root / CONFIG, *flags)[0] == 3  # 520 runs no Sigmoid
    names = {f"a_{chip}.{kind}" for chip in known_chips() for kind in ("json", "html")}
    assert {path.name for path in (folder / "out").iterdir()} == names
    worst = {chip: read(f"out/a_{chip}.json")["worst"] for chip in known_chips()}
    assert worst == dict.fromkeys(known_chips(), "NPU") | {"520": "CPU"}


@pytest.mark.parametrize(
    ("word", "side", "code"), [("resize=npu", "NPU", 0), ("Resize=CPU", "CPU", 3)]
)
def test_a_user_settles_a_dispute(outcome, npu_models, tmp_path, monkeypatch, word, side, code):
    monkeypatch.chdir(tmp_path)
    how = 'mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"'
    nodes = f'a = Relu(x) y = Resize<{how}>(a, "", k)'
    source = npu_models.model(nodes, fixed="float[4] k = {1,1,2,2}")
    Path("resize.onnx").write_bytes(source)
    flags = ("resize.onnx", "--npu", "520", "--json", "a.json", "--html", "a.html")
    assert outcome(TOOL, *flags)[0] == CODES["disputed"]
    assert outcome(TOOL, *flags, "--assume", word)[0] == code
    report = read("a.json")
    assert report["settled"] == {"Resize": side}
    assert any("stated by --assume" in line for line in report["warnings"])
    assert "stated by --assume" in Path("a.html").read_text()
    relu, resize = report["chips"]["520"]["nodes"]
    assert (relu["side"], resize["side"]) == ("NPU", side)
    assert "as --assume states" in resize["rule"]


def test_a_statement_changes_no_verdict_of_the_table(outcome, folder):
    flags = ("mixed.onnx", "--npu", "520", "--json", "out/a.json")
    outcome(TOOL, *flags)
    before = read("out/a.json")["chips"]["520"]["nodes"]
    outcome(TOOL, *flags, "--assume", "Sqrt=npu", "Erf=npu")
    assert read("out/a.json")["chips"]["520"]["nodes"] == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["resise=npu"], "Did you mean Resize"),
        (["resize=gpu"], "OP=npu or OP=cpu"),
        (["resize"], "OP=npu or OP=cpu"),
        (["resize=npu", "Resize=cpu"], "on the NPU and on the CPU"),
    ],
)
def test_a_statement_that_says_nothing(outcome, folder, words, message):
    code, errors = outcome(TOOL, "mixed.onnx", "--npu", "520", "--assume", *words)
    assert code == 2
    assert message in errors
