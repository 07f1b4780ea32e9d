"""Time the chips' fixed point resize against cv2.resize (INTER_LINEAR) on one core.

Run: python benchmarks/ppp.py
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # repo root, not benchmarks/
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from prepostprocess.kneron_preprocessing import API  # noqa: E402

SIZES = [((1920, 1080), (640, 360)), ((640, 480), (256, 192))]  # (w, h) from, to
KINDS = ("fixed", "fixed_520", "fixed_720")


def best_ms(functions: list[Callable[[], object]], rounds: int) -> list[float]:
    """Call the functions in turn; the least wall time of each, milliseconds."""
    best = [float("inf")] * len(functions)
    for function in functions:
        function()
    for _ in range(rounds):
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            best[i] = min(best[i], time.perf_counter() - start)
    return [1e3 * value for value in best]


def measure(source_wh: tuple[int, int], target_wh: tuple[int, int], rounds: int) -> list[float]:
    """Time cv2.resize, then each kind of ours, on the same random image."""
    shape = (source_wh[1], source_wh[0], 3)
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    ours = [
        lambda kind=kind: API.resize(image, target_wh, keep_ratio=False, type=kind)
        for kind in KINDS
    ]
    return best_ms([lambda: cv2.resize(image, target_wh), *ours], rounds)


def main(argv: list[str] | None = None) -> None:
    """Print a Markdown table for NumPy with OpenCV and, where installed, numba."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=500, help="calls of each function")
    rounds = parser.parse_args(argv).rounds
    cv2.setNumThreads(1)
    print(f"{time.strftime('%Y-%m-%d')}, {platform.processor() or platform.machine()},")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, OpenCV {cv2.__version__}\n")
    print("| from | to | computed by | cv2.resize | " + " | ".join(KINDS) + " |")
    print("|---|---|---|---|" + "---|" * len(KINDS))
    for accelerator in ("numpy", "numba"):
        try:
            API.set_accelerator(accelerator)
        except ModuleNotFoundError as err:
            print(f"\n{err}")
            return
        for source_wh, target_wh in SIZES:
            base, *ours = measure(source_wh, target_wh, rounds)
            cells = [f"{value:.2f} ms ({value / base:.1f}x)" for value in ours]
            sizes = " | ".join(f"{w}x{h}" for w, h in (source_wh, target_wh))
            print(f"| {sizes} | {accelerator} | {base:.3f} ms | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
