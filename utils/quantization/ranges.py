"""How far a tensor's fixed point reaches: all of what was seen, a share of it, or least error."""

import numpy as np

from utils.quantization.observe import BINS, Observed

METHODS = ("percentage", "mmse", "minmax")
_TRIED = np.linspace(0.2, 1.0, 65)  # parts of the largest magnitude, for the least error


def reach(observed: Observed, method: str, *, percentage: float, bits: int) -> float:
    """Choose the magnitude that is still covered; what lies beyond is clipped.

    Args:
        observed: statistics of the tensor.
        method: "minmax": the largest seen; "percentage": that share of the values; "mmse": least
            mean squared error of rounding and clipping together.
        percentage: in (0, 1].
        bits: 8 or 16, for "mmse".

    Returns:
        The magnitude, above 0.
    """
    largest = max(observed.largest, 1e-6)
    if method == "minmax" or not observed.histogram.any():
        return largest
    if method == "percentage":
        below = np.cumsum(observed.histogram) / observed.histogram.sum()
        return largest * (int(np.searchsorted(below, percentage - 1e-12)) + 1) / BINS
    centres = (np.arange(BINS) + 0.5) / BINS
    steps = _TRIED / (2 ** (bits - 1) - 1)
    clipped = np.maximum(centres[None] - _TRIED[:, None], 0)
    # what is nearer to 0 than half a step is lost whole; else rounding is spread evenly
    rounding = np.minimum(centres[None] ** 2, (steps[:, None] ** 2) / 12)
    error = ((clipped**2 + rounding) * observed.histogram).sum(axis=1)
    return largest * float(_TRIED[int(np.argmin(error))])


def clipped_share(observed: Observed, magnitude: float) -> float:
    """Tell what share of the values lies beyond a magnitude.

    Args:
        observed: statistics of the tensor.
        magnitude: above 0.

    Returns:
        0..1.
    """
    total = observed.histogram.sum()
    first = int(np.ceil(magnitude / max(observed.largest, 1e-12) * BINS))
    return float(observed.histogram[first:].sum() / total) if total else 0.0
