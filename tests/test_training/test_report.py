"""tools/report.py: the page says what tools/test.py says, of the people that are there."""

import json
import re
import shutil

import pytest
from browser import is_drawn, needs_browser, screenshot

import tools.report
import tools.test
from mmpose_replacement.report.curves import read_scalars

WORKERS = ["--num-workers", "0"]


@pytest.fixture
def run(capsys):
    def call(*words: object) -> tuple[str, str]:
        """What it prints, and what it ends with: nothing if all is well."""
        capsys.readouterr()
        try:
            tools.report.main([str(word) for word in words])
        except SystemExit as stop:
            return capsys.readouterr().out, str(stop.code)
        return capsys.readouterr().out, ""

    return call


def test_the_page_says_what_the_test_says(run, trained, tmp_path, capsys):
    page = tmp_path / "run.html"
    out, fault = run(trained, "-o", page, "--count", "2", *WORKERS)
    text = page.read_text()
    assert fault == ""
    assert out.splitlines()[-1].startswith(f"{page}: ")
    config, best = next(trained.glob("*.py")), next(trained.glob("best_*.pth"))
    tools.test.main([str(config), str(best), *WORKERS, "--work-dir", str(tmp_path)])
    figures = dict(re.findall(r"coco/(\S+) +([\d.-]+)\n", capsys.readouterr().out))
    assert figures
    for name, value in figures.items():
        assert f'<td>{name}</td><td class="n">{float(value):.3f}</td>' in text, name
    assert text.count("data:image/jpeg") == 4
    assert text.count("data:image/png") == 1  # the curves
    for word in ("Worst people", "inversion", "left_wrist", "optim_wrapper", "PyTorch"):
        assert word in text, word


def test_a_folder_without_a_training_is_one_line(run, tmp_path):
    for folder, word in ((tmp_path, r"\*\.py"), (tmp_path / "none", "must be a folder")):
        fault = run(folder)[1]
        assert fault.startswith("error: ")
        assert re.search(word, fault)


def test_without_a_best_checkpoint_one_must_be_named(run, trained, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(trained, folder, ignore=shutil.ignore_patterns("best_*"))
    assert "Name one with --checkpoint." in run(folder, *WORKERS)[1]
    named = folder / "epoch_1.pth"
    assert run(folder, "--checkpoint", named, "--count", "0", *WORKERS)[1] == ""
    assert named.name in (folder / "report.html").read_text()


@needs_browser
def test_the_page_is_drawn_and_fits_the_window(run, trained, tmp_path):
    page = tmp_path / "run.html"
    run(trained, "-o", page, "--count", "4", *WORKERS)
    pixels = screenshot(page)
    assert is_drawn(pixels)
    assert (pixels[:, -4:] > 200).all()


def test_a_start_takes_the_place_of_what_went_beyond_it(tmp_path):
    def start(name, epochs, loss):
        (tmp_path / name / "vis_data").mkdir(parents=True)
        records = []
        for epoch in epochs:
            steps = (epoch * 2 - 1, epoch * 2)
            records += [dict(loss=loss, epoch=epoch, iter=step, step=step) for step in steps]
            records.append({"coco/AP": loss, "step": epoch})
        text = "".join(json.dumps(record) + "\n" for record in records)
        (tmp_path / name / "vis_data/scalars.json").write_text(text + '{"loss": 1, "st')

    def read():
        records = read_scalars(tmp_path.glob("*"))
        losses = [(r["step"], r["loss"]) for r in records if "loss" in r]
        return losses, [(r["step"], r["coco/AP"]) for r in records if "coco/AP" in r]

    start("1", (1, 2, 3), 3.0)
    start("2", (3, 4), 2.0)  # goes on after the second epoch
    losses, scores = read()
    assert losses == [(1, 3), (2, 3), (3, 3), (4, 3), (5, 2), (6, 2), (7, 2), (8, 2)]
    assert scores == [(1, 3), (2, 3), (3, 2), (4, 2)]
    start("3", (1,), 1.0)  # another training
    assert read() == ([(1, 1), (2, 1)], [(1, 1)])
