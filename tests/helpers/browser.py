"""Pages as a headless browser shows them."""

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def _browse(page: Path, *flags: str) -> str:
    profile = page.parent / "profile"
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *flags, page.resolve().as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    shutil.rmtree(profile, ignore_errors=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def screenshot(page: Path, width: int = 1200, height: int = 3000) -> np.ndarray:
    """Pixels of a page, uint8 (height, width, 3)."""
    target = page.with_suffix(".png")
    _browse(page, f"--screenshot={target}", f"--window-size={width},{height}")
    return cv2.imread(str(target))


def dom_after(page: Path, script: str) -> str:
    """The page's elements after a script has run at its end."""
    tried = page.with_stem(page.stem + "_tried")
    text = page.read_text(encoding="utf-8")
    tried.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
    return _browse(tried, "--dump-dom", "--window-size=1200,3000")


def is_drawn(pixels: np.ndarray) -> bool:
    """Whether something stands in each fifth of the page's upper half, and nothing at its edge."""
    ink = (pixels < 200).any(axis=2)
    bands = np.array_split(ink[: len(ink) // 2], 5)
    return all(band.mean() > 0.001 for band in bands) and not ink[:, :4].any()
