"""Optional numba form of the fixed point resize: the same bits, without scratch arrays."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

ACCELERATORS = ("numpy", "numba")

_kernel: Callable | None = None


def current_kernel() -> Callable | None:
    """Return the compiled kernel in use, or None for NumPy and OpenCV."""
    return _kernel


def set_accelerator(name: str) -> None:
    """Choose what computes the fixed point resizes of this process; the bits are the same.

    Args:
        name: "numpy" (NumPy and OpenCV, the state at import) or "numba", which compiles for a
            second or two at its first use. Forked workers inherit the choice, spawned ones do not.
    Raises: ValueError: unknown name. ModuleNotFoundError: numba is not installed.
    """
    global _kernel
    if name not in ACCELERATORS:
        raise ValueError(f"name must be one of {', '.join(ACCELERATORS)}, got {name!r}. Pick one.")
    _kernel = _compile() if name == "numba" else None


@lru_cache(maxsize=1)
def _compile() -> Callable:
    try:
        import numba
    except ModuleNotFoundError as err:
        raise ModuleNotFoundError(
            "numba must be installed for this accelerator, got no such module. "
            "Run `pip install numba`, or use 'numpy'."
        ) from err

    return _compile_resize(numba.njit(nogil=True), _compile_blend(numba.njit(nogil=True)))


def _compile_blend(compiled: Callable) -> Callable:
    @compiled
    def blend_columns(source, lower, upper, weight, channels, out):
        for x in range(len(weight)):
            factor = np.int32(weight[x])
            a, b = np.uint32(lower[x] * channels), np.uint32(upper[x] * channels)
            at = np.uint32(x * channels)
            if channels == 3:  # unrolled: a fifth faster
                low0, low1, low2 = (
                    np.int32(source[a]),
                    np.int32(source[a + np.uint32(1)]),
                    np.int32(source[a + np.uint32(2)]),
                )
                high0, high1, high2 = (
                    np.int32(source[b]),
                    np.int32(source[b + np.uint32(1)]),
                    np.int32(source[b + np.uint32(2)]),
                )
                out[at] = low0 + ((high0 - low0) * factor >> 12)
                out[at + np.uint32(1)] = low1 + ((high1 - low1) * factor >> 12)
                out[at + np.uint32(2)] = low2 + ((high2 - low2) * factor >> 12)
            else:
                for c in range(np.uint32(channels)):
                    low = np.int32(source[a + c])
                    out[at + c] = low + ((np.int32(source[b + c]) - low) * factor >> 12)

    return blend_columns


def _compile_resize(compiled: Callable, blend_columns: Callable) -> Callable:
    @compiled
    def resize(image, left, right, column_weight, top, bottom, row_weight, out):
        channels = image.shape[2]
        lines = np.empty((2, out.shape[1]), np.uint8)  # source rows already resized along x
        held = np.full(2, -1, np.int64)
        for y in range(len(row_weight)):
            first = 1 if held[1] == top[y] else 0
            for which in range(2):
                row = top[y] if which == 0 else bottom[y]
                place = first if which == 0 or row == top[y] else 1 - first
                if held[place] != row:
                    source = image[row].reshape(-1)
                    blend_columns(source, left, right, column_weight, channels, lines[place])
                    held[place] = row
            low_line = lines[first]
            high_line = low_line if bottom[y] == top[y] else lines[1 - first]
            factor = np.int32(row_weight[y])
            for x in range(out.shape[1]):
                low = np.int32(low_line[x])
                out[y, x] = low + ((np.int32(high_line[x]) - low) * factor >> 12)

    return resize
