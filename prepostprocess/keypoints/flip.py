"""Flip test: bring the mirrored image's heatmaps back and average them with the plain ones."""

from collections.abc import Sequence

import numpy as np

AVERAGES = ("score", "prob")


def flip_back(
    heatmaps: np.ndarray, flip_indices: Sequence[int], *, shift: bool = True
) -> np.ndarray:
    """Mirror the heatmaps of a mirrored image and swap left and right joints.

    Args:
        heatmaps: float (N, K, H, W), network output for images mirrored left to right.
        flip_indices: K numbers; joint k of the mirrored person is joint ``flip_indices[k]`` of the
            person.
        shift: move everything one column to the right (the first column is kept): pixel centres of
            a map at a quarter of the resolution do not meet their mirror images otherwise. False
            with UDP.
    Returns: a new array like ``heatmaps``.
    Raises: ValueError: ``flip_indices`` has not one number a map.
    Source: ``shift_heatmap`` of mmpose; arXiv:1911.07524 sec. 3 on why it is needed.
    """
    if len(flip_indices) != heatmaps.shape[1]:
        raise ValueError(
            f"flip_indices must hold {heatmaps.shape[1]} numbers, one a heatmap, "
            f"got {len(flip_indices)}. Take them from the dataset that the network was trained on."
        )
    flipped = heatmaps[:, list(flip_indices), :, ::-1]
    if not shift:
        return np.ascontiguousarray(flipped)
    shifted = np.empty_like(heatmaps)
    shifted[..., 0] = flipped[..., 0]
    shifted[..., 1:] = flipped[..., :-1]
    return shifted


def average_views(views: Sequence[np.ndarray], average: str = "score") -> np.ndarray:
    """Average the heatmaps of several views of the same people.

    Args:
        views: float (N, K, H, W) each, aligned with one another.
        average: "score": the mean of the maps; "prob": the mean after a softmax over each map's
            pixels, so that every view has the same weight however high its peaks are. Such a mean
            is brought back to the height of the views' own peaks: a softmax over thousands of
            pixels is low everywhere, and its height does not say how sure a network is.
    Returns: float (N, K, H, W), the views' dtype.
    Raises: ValueError: another word.
    """
    if average not in AVERAGES:
        raise ValueError(
            f"average_clips must be one of {', '.join(AVERAGES)}, got {average!r}. "
            "Use 'score' for the usual flip test."
        )
    if average == "score":
        return _mean(views)
    places = _mean([_softmax(view) for view in views])
    peaks = _mean([view.max(axis=(-2, -1), keepdims=True) for view in views])
    return places * (np.maximum(peaks, 0) / places.max(axis=(-2, -1), keepdims=True))


def _mean(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return sum(arrays[1:], start=arrays[0]) * arrays[0].dtype.type(1 / len(arrays))


def _softmax(heatmaps: np.ndarray) -> np.ndarray:
    exponentials = np.exp(heatmaps - heatmaps.max(axis=(-2, -1), keepdims=True))
    return exponentials / exponentials.sum(axis=(-2, -1), keepdims=True)
