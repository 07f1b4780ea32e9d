"""The chips' fixed point: what bits they have, and what a step may be.

``float = fixed / (scale * 2^radix)`` with an integer radix, scale in [1, 2), and ``fixed`` an
integer of 8 or 16 bits, symmetric. Biases are added in the accumulator; they are rounded to 32 bits
here (an example of KL520 shows 16). Source: Kneron document centre, manual of the quantiser.
"""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml


@dataclass(frozen=True)
class Scheme:
    """One chip's fixed point.

    Attributes:
        chip: its number.
        bits: widths of activations and weights that it has.
        weights_per_channel: each output channel of a convolution may have its own step.
        date: of the facts.
    """

    chip: str
    bits: tuple[int, ...]
    weights_per_channel: bool
    date: str


@cache
def schemes() -> dict[str, Scheme]:
    """Read the table.

    Returns:
        Chip to its scheme.
    """
    content = yaml.safe_load(Path(__file__).with_name("schemes.yaml").read_text("utf-8"))
    return {
        chip: Scheme(
            chip=chip, date=str(content["date"]), **{**entry, "bits": tuple(entry["bits"])}
        )
        for chip, entry in content["chips"].items()
    }


def get_scheme(chip: str) -> Scheme:
    """Look a chip up.

    Raises:
        ValueError: no such chip.
    """
    if chip not in schemes():
        raise ValueError(f"--npu must be one of {', '.join(schemes())}, got '{chip}'.")
    return schemes()[chip]


def step_of(largest: np.ndarray | float, bits: int) -> np.ndarray:
    """Find the step between two fixed-point numbers so that a range is covered.

    Args:
        largest: magnitude that is to be covered, above 0, any shape.
        bits: 8 or 16.

    Returns:
        float32 of the same shape: 1 / (scale * 2^radix), the smallest that does.
    """
    top = 2 ** (bits - 1) - 1
    return (np.maximum(np.asarray(largest, np.float64), 1e-12) / top).astype(np.float32)


def scale_and_radix(step: float) -> tuple[float, int]:
    """Write a step as the vendor does.

    Args:
        step: above 0.

    Returns:
        scale in [1, 2) and radix with ``step = 1 / (scale * 2^radix)``.
    """
    mantissa, exponent = math.frexp(1.0 / float(step))
    return 2 * mantissa, exponent - 1


def quantize(values: np.ndarray, step: np.ndarray | float, bits: int) -> np.ndarray:
    """Round to the nearest fixed-point number, halves to even, clipped.

    Args:
        values: any shape.
        step: see ``step_of``, broadcast.
        bits: 8 or 16; 32 for biases.

    Returns:
        int64 of the same shape.
    """
    top = 2 ** (bits - 1)
    return np.clip(np.rint(values / step), -top, top - 1).astype(np.int64)
