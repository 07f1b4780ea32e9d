"""Kneron's preprocessing (PPP) emulated to the bit; its functions are in ``API``."""

from . import API

__all__ = ["API"]
