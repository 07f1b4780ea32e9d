"""Process-wide defaults of ``crop`` and ``resize``: one frozen object, swapped as a whole."""

from dataclasses import dataclass

DEFAULT = None  # "use the process-wide default", as an argument


@dataclass(frozen=True)
class Defaults:
    """What ``DEFAULT`` stands for in ``crop*``, ``get_crop_range`` and ``resize``."""

    align_w_to_4: bool = False
    resize_type: str = "bilinear"
    calculate_ratio_using_CSim: bool = False


FLOATING = Defaults()
KL520 = Defaults(True, "fixed_520", True)
KL720 = Defaults(True, "fixed_720", True)

_current = FLOATING


def current_defaults() -> Defaults:
    """Return the defaults in force; read once per call, so a call never sees half a change."""
    return _current


def _set(defaults: Defaults) -> None:
    global _current
    _current = defaults  # one reference assignment: atomic for other threads


def set_default_as_520() -> None:
    """Let crops align to 4, resizes use ``fixed_520`` and sizes the 520's float32 rule.

    The setting is the process's: all threads see it at their next call, forked workers inherit
    it, spawned ones start as floating. Arguments given to a call always win. ``pad_square_to_4``
    stays off, as in the original's code (its docstring says otherwise).
    """
    _set(KL520)


def set_default_as_720() -> None:
    """Let crops align to 4, resizes use ``fixed_720`` and sizes the float32 rule.

    Missing in the original. Process-wide like :func:`set_default_as_520`.
    """
    _set(KL720)


def set_default_as_floating() -> None:
    """Return to the state at import: no alignment, ``bilinear``, exact size rule."""
    _set(FLOATING)
