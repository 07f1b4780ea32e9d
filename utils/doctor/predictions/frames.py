"""Coordinates of another frame: which one, by trying those that are written by mistake.

A frame is judged by how well the rectangle around each person's joints covers the labelled one, so
that it is known before the joints' order is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from prepostprocess.crop.box import box_to_center_scale
from utils.doctor.label_moves import upright
from utils.doctor.predictions.pairs import Pairs

_INPUTS_WH = ((192, 256), (288, 384), (96, 128), (256, 256), (384, 384), (64, 128), (128, 256))
_BETTER = 0.15  # of the overlap, that a frame must gain
_SAME = 0.03  # share by which a scale may differ from 1


@dataclass(frozen=True)
class WrittenFrame:
    """How predictions seem to be written.

    Attributes:
        words: what they are, empty for pixels of the photograph; what follows "They are".
        cure: how to write them instead.
        found: float64 (Q, K, 2), the predictions as they would be in the labels' frame.
    """

    words: str
    cure: str
    found: np.ndarray


def find_frame(pairs: Pairs, input_wh: tuple[int, int] | None) -> WrittenFrame:
    """Find the frame that agrees best with the labels.

    Args:
        pairs: labels and predictions.
        input_wh: the network's; None: those that are usual are tried.

    Returns:
        The frame; that of the photograph unless another one is clearly better.
    """
    plain = WrittenFrame("", "", pairs.found)
    least = pairs.mean_of_best(pairs.overlap(pairs.found)) + _BETTER
    best = plain
    for frame in _frames(pairs, input_wh):
        overlap = pairs.mean_of_best(pairs.overlap(frame.found))
        if overlap > least:
            best, least = frame, overlap + 0.02  # the simpler one, which comes first, unless better
    return best


def _frames(pairs: Pairs, input_wh: tuple[int, int] | None) -> Iterator[WrittenFrame]:
    sizes = pairs.sizes_wh[:, None]
    for most, words in ((1, "shares of the image's size"), (100, "percent of the image's size")):
        cure = "Multiply x by the image's width and y by its height" + " / 100" * (most == 100)
        yield WrittenFrame(words, f"{cure}.", pairs.found * sizes / most)
    yield WrittenFrame("y before x", "Write x, y, score for each keypoint.", pairs.found[..., ::-1])
    corner = pairs.boxes_xywh[:, None, :2]
    cure = "Add the box's left and top."
    yield WrittenFrame("counted from the box's corner", cure, pairs.found + corner)
    yield from _turned(pairs)
    yield from _scaled(pairs)
    yield from _cropped(pairs, (input_wh,) if input_wh else _INPUTS_WH)


def _turned(pairs: Pairs) -> Iterator[WrittenFrame]:
    """Pictures that the network saw turned or mirrored."""
    words = {2: "of mirrored images", 3: "of images upside down"}
    words |= {6: "of images turned to the left", 8: "of images turned to the right"}
    for turn, told in words.items():
        stored = pairs.sizes_wh[:, ::-1] if turn >= 5 else pairs.sizes_wh
        found = pairs.found.copy()
        for size in np.unique(stored, axis=0):
            rows = (stored == size).all(axis=1)
            move = upright(turn, (float(size[0]), float(size[1])))
            found[rows] = move.move_points(pairs.found[rows])
        cure = "Predict on the images as load_rgb reads them: upright, as EXIF says."
        yield WrittenFrame(told, cure, found)


def _scaled(pairs: Pairs) -> Iterator[WrittenFrame]:
    """Pictures that were scaled: all by one factor, or all to one size."""
    factors = _factors(pairs, pairs.truth)
    if abs(factors[0] / factors[1] - 1) < _SAME and abs(factors.mean() - 1) > _SAME:
        factor = float(factors.mean())
        cure = f"Multiply x and y by {factor:.3g}."
        yield WrittenFrame(f"{1 / factor:.3g} times the labels", cure, pairs.found * factor)
    wide, high = 1 / _factors(pairs, pairs.truth / pairs.sizes_wh[:, None])
    words = f"pixels of images scaled to {wide:.0f}x{high:.0f}"
    cure = f"Multiply x by the image's width / {wide:.0f} and y by its height / {high:.0f}."
    yield WrittenFrame(words, cure, pairs.found * pairs.sizes_wh[:, None] / (wide, high))


def _factors(pairs: Pairs, truth: np.ndarray) -> np.ndarray:
    """Estimate what predictions must be multiplied with to lie on labels; float64 (2,).

    The first guess is of the spread of all, the second of the pairs that then lie on one another.
    """
    centers = _centers(truth, pairs.labelled), _centers(pairs.found, pairs.shown)
    factors = np.median(centers[0], axis=0) / np.maximum(np.median(centers[1], axis=0), 1e-9)
    for _ in range(3):
        apart = np.abs(centers[1] * factors - centers[0]).sum(axis=1)
        rows = pairs.best(-apart)
        ratios = centers[0][rows] / np.maximum(centers[1][rows], 1e-9)
        factors = np.median(ratios, axis=0)
    return np.maximum(factors, 1e-9)


def _centers(points: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Mean of the joints that count, float64 (Q, 2)."""
    weights = counted[..., None]
    return (points * weights).sum(axis=1) / weights.sum(axis=1)


def _cropped(pairs: Pairs, inputs_wh: tuple[tuple[int, int], ...]) -> Iterator[WrittenFrame]:
    """Pixels of the person's crop, or cells of the heatmap."""
    for input_wh in inputs_wh:
        center, region = box_to_center_scale(pairs.boxes_xywh, input_wh)
        for parts, name in ((1, "pixels of the crop"), (4, "cells of the heatmap")):
            size = np.array(input_wh) / parts
            found = pairs.found * (region / size)[:, None] + (center - region / 2)[:, None]
            words = f"{name} of {size[0]:.0f}x{size[1]:.0f}"
            yield WrittenFrame(words, "Bring them back to the photograph by each box.", found)
