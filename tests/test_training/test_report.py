"""tools/report.py: the page says what tools/test.py says, of the people that are there."""

import re
import shutil

import pytest
from browser import is_drawn, needs_browser, screenshot

import tools.report
import tools.test

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
