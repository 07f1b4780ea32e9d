"""The report in text, JSON and HTML, and the command line tools/npu_check.py."""

import html.parser
import json
import re
import subprocess
import sys

import npu_models
import pytest
from browser import dom_after, needs_browser
from scripts import load_script

from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.report.html import to_html
from utils.onnx_graph.npu.report.text import check, groups, to_json, to_text
from utils.onnx_graph.npu.tables import load_table

RELU = npu_models.model("y = Relu(x)")
MIXED = npu_models.model(  # on 520: Relu NPU, Sigmoid and Mul CPU, Resize disputed, Identity folded
    "a = Relu(x) i = Identity(a) s = Sigmoid(i) m = Mul(s, i)"
    f' y = Resize<{npu_models.NEAREST}>(m, "", k)',
    fixed="float[4] k = {1,1,2,2}",
)
DISPUTED = npu_models.resize("1,1,2,2", npu_models.NEAREST)


@pytest.fixture
def tool(root, monkeypatch):
    # Loading it replaces the first entry of the module path, as running it does.
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    return load_script(root / "tools" / "npu_check.py")


@pytest.fixture
def mixed(tmp_path):
    path = tmp_path / "mixed.onnx"
    path.write_bytes(MIXED)
    return path


def report(source: bytes, *chips: str, table: str | None = None):
    return check(read_graph(source, "some.onnx"), chips, load_table(table))


def test_text_of_a_clean_network():
    text = to_text(report(RELU, "520"))
    assert text.startswith("some.onnx: 1 nodes, opset 17\ntable 2026-03: kneron/document_center")
    assert "KL520: all 1 nodes on the NPU" in text
    assert "0 tensors cross between NPU and CPU\n" in text


def test_text_names_verdict_rule_cure_and_nodes():
    text = to_text(report(MIXED, "520"))
    assert "KL520: of 4 nodes 1 on the NPU, 2 on the CPU, 1 disputed" in text
    assert re.search(
        r"^CPU: 1 x Mul\n  rule:  2026-03 Mul 520: N\n  cure:  .+\n  nodes: Mul#3$", text, re.M
    )
    assert "disputed: 1 x Resize" in text
    assert "with the disputed nodes on the CPU" in text


def test_text_says_what_is_assumed():
    text = to_text(report(npu_models.simple("Sqrt"), "720", table="2022-11"))
    assert "1 verdicts are assumed: their row comes from the newest table" in text
    assert "rule:  assumed from 2026-03 Sqrt 720: N" in text


def test_text_of_all_chips_starts_with_an_overview():
    text = to_text(report(MIXED, "520", "720"))
    assert re.search(r"^ +KL520 +KL720\nNPU +1 +3\nCPU +2 +1\n", text, re.M)


def test_text_warns_of_the_opset():
    text = to_text(report(npu_models.model("y = Relu(x)", opset=20), "720"))
    assert "warning: opset 20 is outside 8 to 18" in text


def test_groups_put_equal_reasons_together():
    source = npu_models.model("a = Sigmoid(x) b = Sigmoid(a) c = Tanh(b) y = Relu(c)")
    found = groups(report(source, "520").chips[0])
    assert [(g.verdict.op, len(g.nodes)) for g in found] == [("Sigmoid", 2), ("Tanh", 1)]


def test_json_holds_every_node_and_the_origin_of_the_table():
    found = json.loads(json.dumps(to_json(report(MIXED, "520", "720", table="2022-11"))))
    assert found["model"] == {"name": "some.onnx", "opset": 17, "nodes": 5}
    assert found["table"]["commits"] == ["bf70edd"]
    assert found["worst"] == "CPU"
    nodes = found["chips"]["520"]["nodes"]
    assert [n["side"] for n in nodes] == ["NPU", "folded", "CPU", "CPU", "CPU"]
    assert nodes[0]["shape"] == [1, 8, 64, 48]
    assert nodes[0]["bytes"] == 2 * 8 * 64 * 48
    assert found["chips"]["520"]["summary"]["nodes"] == {
        "NPU": 1, "CPU": 3, "disputed": 0, "folded": 1
    }  # fmt: skip


class Page(html.parser.HTMLParser):
    """Collects a page's elements and holds that each one is closed in order."""

    VOID = {"meta", "input", "rect", "path"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def classes(self, tag: str) -> list[str]:
        return [attrs.get("class", "") for t, attrs in self.found if t == tag]


def test_html_is_whole_and_stands_alone():
    text = to_html(report(MIXED, "520", "720"))
    page = Page(text)
    assert page.open == []
    assert not {"link", "img", "iframe"} & {tag for tag, _ in page.found}
    assert not any("src" in attrs for _, attrs in page.found)
    assert not re.search(r"https?:|url\(|@import", text)


def test_html_graph_has_a_coloured_box_for_every_node():
    page = Page(to_html(report(MIXED, "520", "720")))
    assert page.classes("g") == [
        "v520-NPU v720-NPU",
        "v520-folded v720-folded",
        "v520-CPU v720-NPU",
        "v520-CPU v720-NPU",
        "v520-disputed v720-CPU",
    ]


def test_html_graph_leaves_constants_out():
    source = npu_models.conv("3,3", "1,1")
    assert Page(to_html(report(source, "720"))).classes("g") == ["v720-NPU"]


def test_html_of_constants_alone_has_no_boxes():
    source = npu_models.model("y = Constant<value_float=2.0>()")
    assert Page(to_html(report(source, "720"))).classes("g") == []


def test_html_boxes_do_not_overlap():
    source = npu_models.model("a = Relu(x) b = Neg(x) c = Tanh(x) d = Add(a, b) y = Add(c, d)")
    boxes = [
        (int(a["x"]), int(a["y"]), int(a["width"]), int(a["height"]))
        for tag, a in Page(to_html(report(source, "720"))).found
        if tag == "rect" and "rx" in a
    ]
    for i, (x, y, w, h) in enumerate(boxes):
        for other_x, other_y, _, _ in boxes[:i]:
            assert abs(x - other_x) >= w or abs(y - other_y) >= h


def test_html_chip_buttons_start_with_the_first():
    page = Page(to_html(report(MIXED, "520", "720")))
    inputs = [a for tag, a in page.found if tag == "input" and a["type"] == "radio"]
    assert [(a["id"], "checked" in a) for a in inputs] == [("c520", True), ("c720", False)]


SEARCH = """
const field = document.querySelector('input[type=search]');
field.value = '%s';
field.dispatchEvent(new Event('input'));
"""


@needs_browser
@pytest.mark.parametrize(("word", "count"), [("SIGMOID", 1), ("nothing of that", 0)])
def test_html_search_marks_boxes_and_leaves_only_rows_that_fit(tmp_path, word, count):
    source = npu_models.model("a = Relu(x) b = Sigmoid(a) c = Tanh(b) y = Add(b, c)")
    (tmp_path / "a.html").write_text(to_html(report(source, "720")))
    page = Page(dom_after(tmp_path / "a.html", SEARCH % word))
    assert sum("found" in classes for classes in page.classes("g")) == count
    rows = [classes for classes in page.classes("tr") if "node" in classes]
    assert len(rows) == 4
    assert sum("lost" not in classes for classes in rows) == count


def test_html_escapes_names():
    graph = read_graph(RELU, "<b>&.onnx")
    assert "<b>&.onnx" not in to_html(check(graph, ["720"], load_table()))


EXITS = {"all on the NPU": (RELU, 0), "some on the CPU": (MIXED, 3), "disputed only": (DISPUTED, 4)}


@pytest.mark.parametrize(("source", "code"), EXITS.values(), ids=EXITS)
def test_exit_code(tool, tmp_path, capsys, source, code):
    path = tmp_path / "m.onnx"
    path.write_bytes(source)
    assert tool.main([str(path), "--npu", "520"]) == code
    assert capsys.readouterr().out.startswith("m.onnx: ")


def test_tool_writes_both_files(tool, mixed, tmp_path, capsys):
    outputs = {"json": tmp_path / "o.json", "html": tmp_path / "o.html"}
    flags = [str(word) for key, path in outputs.items() for word in (f"--{key}", path)]
    assert tool.main([str(mixed), "--npu", "all", *flags]) == 3
    assert list(json.loads(outputs["json"].read_text())["chips"]) == npu_models.CHIPS
    assert Page(outputs["html"].read_text()).open == []
    assert outputs["json"].stat().st_mode & 0o777 == mixed.stat().st_mode & 0o777


BAD = {
    "chip": (["--npu", "521"], 2, "npu must be one of 520, 720, 530, 630, 730 or all, got '521'"),
    "table": (["--npu", "520", "--table", "2026"], 2, "table must be one of 2022-11,.* got '2026'"),
    "near miss": (["--npu", "520", "--table", "2026-3"], 2, "Did you mean 2026-03"),
    "output folder": (["--npu", "520", "--html", "/nowhere/o.html"], 1, "folder must exist"),
}


@pytest.mark.parametrize(("flags", "code", "words"), BAD.values(), ids=BAD)
def test_bad_argument_gives_one_line(tool, mixed, capsys, flags, code, words):
    assert tool.main([str(mixed), *flags]) == code
    captured = capsys.readouterr()
    assert re.fullmatch(f"error: .*{words}.*\n", captured.err)
    assert captured.out == ""


def test_missing_file_gives_one_line(tool, tmp_path, capsys):
    assert tool.main([str(tmp_path / "nix.onnx"), "--npu", "520"]) == 2
    assert re.fullmatch(
        "error: .*nix.onnx: model must be a file, got none.*\n", capsys.readouterr().err
    )


def test_broken_file_writes_nothing(tool, tmp_path, capsys):
    path = tmp_path / "broken.onnx"
    path.write_bytes(MIXED[:60])
    output = tmp_path / "o.json"
    assert tool.main([str(path), "--npu", "520", "--json", str(output)]) == 1
    assert re.fullmatch(
        "error: .*broken.onnx: file must be an ONNX model.*\n", capsys.readouterr().err
    )
    assert not output.exists()


def test_help_answers_without_heavy_imports(root):
    code = (
        "import runpy, sys\n"
        "sys.argv = ['npu_check.py', '--help']; sys.path.insert(0, '')\n"
        "try: runpy.run_path('tools/npu_check.py', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'torch', 'onnx', 'numpy'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Exit code: 0 all nodes on the NPU" in done.stdout


def test_tool_runs_as_a_script_from_anywhere(root, mixed):
    command = [sys.executable, str(root / "tools" / "npu_check.py"), mixed.name, "--npu", "730"]
    done = subprocess.run(command, cwd=mixed.parent, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "KL730: all 4 nodes on the NPU" in done.stdout
