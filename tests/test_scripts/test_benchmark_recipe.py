"""benchmarks/recipe.py: what is trained on each side, in which order, and how it is tabulated."""

import json
import sys
from pathlib import Path

import pytest
from scripts import load_script

from utils.config_reader.read import read_config_file

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    return load_script(ROOT / "benchmarks/recipe.py")


def test_configs_take_their_options(benchmark, monkeypatch):
    monkeypatch.chdir(ROOT)
    train = load_script(ROOT / "train.py")
    for sides in benchmark.COMPARISONS.values():
        for side, recipe in sides.items():
            args = train.parse_args(benchmark.training(recipe, Path("out"), 1)[1:])
            config = read_config_file(args.config, args.cfg_options)
            assert config[recipe.length[0]] == recipe.length[1]
            assert config.train_dataloader.num_workers == 0
            is_ours = config.model.head.loss.type == "LocatedHeatmapLoss"
            assert is_ours == side.startswith("ours")


def test_stock_ends_with_the_rates_of_its_210_epochs(benchmark):
    config = read_config_file(
        ROOT / benchmark.COMPARISONS["from scratch"]["stock"].config, ["num_iters=2100"]
    )
    assert config.param_scheduler[1].milestones == [1700, 2000]
    assert config.train_cfg.max_iters == 2100


def test_missing_data_are_told_before_anything_is_made(benchmark, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(benchmark, "COCO", tmp_path / "coco")
    with pytest.raises((OSError, ValueError), match=r"person_keypoints_train2017\.json"):
        benchmark.prepare()
    assert not list(tmp_path.iterdir())


def test_sides_take_turns(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark, "predictions_of", lambda *run: run)
    order = [run for run in benchmark.run_all() if run[0] == "fine-tuning"]
    assert [side for _, side, seed in order if seed == 1][:2] == ["stock", "ours"]
    assert [seed for _, _, seed in order] == sorted(seed for _, _, seed in order)


def test_table(benchmark, monkeypatch, tmp_path):
    joints = [[10.0 * k, 5.0 * k, 2] for k in range(17)]
    box = dict(bbox=[0, 0, 100, 50], area=5000, num_keypoints=17, keypoints=sum(joints, []))
    people = [dict(box, image_id=image) for image in range(4)]
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({"annotations": people}))
    monkeypatch.setattr(benchmark, "LABELS", {"from scratch": labels})

    def run(side: str, seed: int) -> tuple[list[dict], dict]:
        shift = 0 if side == "ours" else 21  # 20 pixels are near enough
        shifted = [[x + shift, y, 1] for x, y, _ in joints]
        found = [dict(image_id=i, box=box["bbox"], score=0.5, keypoints=shifted) for i in range(4)]
        return found, {"steps": 7, "seconds": 90.0 + seed}

    sides = benchmark.COMPARISONS["from scratch"]
    runs = {("from scratch", side, seed): run(side, seed) for side in sides for seed in (1, 2, 3)}
    text = benchmark.table("from scratch", runs)
    assert "from scratch, 4 people" in text
    (ours,) = [line for line in text.splitlines() if line.startswith("| ours |")]
    assert "| 7 | 92 | 1.000 / 1.000 / 1.000 | 1.000 | 1.000 |" in ours
    assert ours.endswith("| +100.0 (+100.0 to +100.0) |")
