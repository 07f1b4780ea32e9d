"""tools/browse_dataset.py: pictures of what is trained on, the same ones each time."""

from pathlib import Path

import numpy as np
import pytest
from browser import is_drawn, needs_browser, screenshot
from scripts import load_script

from mmpose_replacement.config.load import load_config
from mmpose_replacement.data.browse import training_views
from prepostprocess.image import load_rgb

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py"
ORANGE, BLUE = (255, 140, 0), (0, 150, 255)


def browse(tmp_path: Path, options: list[str], *flags: str) -> np.ndarray:
    words = [str(CONFIG), "-o", str(tmp_path / "sheet.png"), "--count", "6", *flags]
    load_script(ROOT / "tools/browse_dataset.py").main([*words, "--cfg-options", *options])
    return load_rgb(tmp_path / "sheet.png")


@pytest.mark.parametrize("stage", ["raw", "augmented", "input", "target"])
def test_each_stage_is_shown_and_repeats(tmp_path, options, stage):
    sheet = browse(tmp_path, options, "--stage", stage)
    assert sheet.shape == (320, 6 * 160, 3)
    np.testing.assert_array_equal(browse(tmp_path, options, "--stage", stage), sheet)
    for colour in (ORANGE, BLUE):  # limbs of both sides are drawn
        count = (sheet == colour).all(axis=2).sum()
        assert count > 50 if stage in ("raw", "augmented") else count < 50
    assert (browse(tmp_path, options, "--stage", stage, "--seed", "1") != sheet).any()


def test_mixed_crops_are_shown_as_they_are_fed(tmp_path, options):
    mixed = [*options, "mixed_crops=1.0"]
    for stage in ("augmented", "input", "target"):
        sheet = browse(tmp_path, mixed, "--stage", stage)
        assert (sheet != browse(tmp_path, options, "--stage", stage)).any(axis=2).mean() > 0.3
        np.testing.assert_array_equal(browse(tmp_path, mixed, "--stage", stage), sheet)
    raw = [browse(tmp_path, each, "--stage", "raw") for each in (mixed, options)]
    np.testing.assert_array_equal(*raw)


@pytest.mark.parametrize("stage", ["raw", "augmented"])
def test_a_crop_cache_changes_no_picture(tmp_path, options, stage):
    config = load_config(CONFIG, options)
    plain = training_views(config, stage, 4, seed=0)
    config.train_dataloader.dataset.update(crop_cache=str(tmp_path), crop_margin=1.5)
    np.testing.assert_array_equal(training_views(config, stage, 4, seed=0), plain)


@pytest.fixture
def page(tmp_path, options) -> Path:
    words = [str(CONFIG), "-o", str(tmp_path / "people.html"), "--count", "12"]
    load_script(ROOT / "tools/browse_dataset.py").main([*words, "--cfg-options", *options])
    return tmp_path / "people.html"


def test_a_page_shows_all_stages_of_each_person(page):
    text = page.read_text()
    assert text.count("data:image/jpeg") == 4 * 12
    for stage in ("raw", "augmented", "input", "target"):
        assert f"<th>{stage}:" in text


@needs_browser
def test_the_page_is_drawn(page):
    assert is_drawn(screenshot(page))
