"""benchmarks/preprocess.py: which cases are measured, how often, and how they are tabulated."""

import re
import sys
from pathlib import Path

import pytest
from scripts import load_script

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmark():
    path = sys.path[0]
    module = load_script(ROOT / "benchmarks/preprocess.py")
    sys.path[0] = path  # the script puts the repository there
    return module


@pytest.fixture
def evaluator(benchmark, tmp_path):
    """An Evaluator that remembers its cases; AP is 1 % more with each."""

    class Recorder(benchmark.Evaluator):
        def _evaluate(self, *case) -> dict[str, float]:
            self.cases.append(case)
            return {"coco/AP": len(self.cases) / 100, "coco/AP50": 0.5, "keypoints/PCK": 0.9}

    recorder = Recorder(ROOT / benchmark.CONFIG, [], 0, tmp_path)
    recorder.cases = []
    return recorder


def test_every_case_is_measured_once(benchmark, evaluator):
    file = Path("a.pth")
    text = benchmark.measure(evaluator, {"kneron_720": file})
    assert evaluator.cases == [
        (file, "float", "float", None),
        (file, "kneron_520", "kneron_520", None),
        (file, "kneron_720", "kneron_720", None),
        # the crop alone; both chips normalise alike, so theirs are known
        (file, "float", "kneron_720", None),
        (file, "kneron_720", "kneron_720", "rgb565"),
        (file, "kneron_720", "kneron_720", "yuv422"),
    ]
    rows = [line for line in text.splitlines() if line.startswith("| kneron_720")]
    assert rows == [
        "| kneron_720 | 1.0 / 50.0 / 90.0 | 2.0 / 50.0 / 90.0 | 3.0 / 50.0 / 90.0 |",
        "| kneron_720 | 4.0 / 50.0 / 90.0 | 2.0 / 50.0 / 90.0 | 3.0 / 50.0 / 90.0 |",
        "| kneron_720 | 3.0 / 50.0 / 90.0 | 5.0 / 50.0 / 90.0 | 6.0 / 50.0 / 90.0 |",
    ]


def test_unknown_word_is_refused_before_anything_is_measured(benchmark, evaluator):
    with pytest.raises(ValueError, match="preprocess must be one of float, kneron_520"):
        benchmark.measure(evaluator, {"kneron_530": Path("a.pth")})
    assert evaluator.cases == []


@pytest.mark.parametrize(
    ("checkpoints", "message"),
    [
        (["float=none.pth"], r"must be WORD=FILE, got float=none\.pth: there is no such file"),
        (["none.pth"], "must be WORD=FILE"),
        ([f"float={__file__}", f"float={__file__}"], "must name each word once"),
    ],
)
def test_unusable_checkpoints_are_usage_errors(benchmark, checkpoints, message, capsys):
    argv = [word for pair in checkpoints for word in ("--checkpoint", pair)]
    with pytest.raises(SystemExit, match="2"):
        benchmark.parse_args(["--config", str(ROOT / benchmark.CONFIG), *argv])
    assert re.search(message, capsys.readouterr().err)
