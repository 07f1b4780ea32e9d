"""Public functions of the emulator, under the names of Kneron's ``kneron_preprocessing.API``."""

from .colour import convert, simulate
from .crop import crop, crop_center, crop_corner, get_crop_range
from .defaults import (
    DEFAULT,
    set_default_as_520,
    set_default_as_720,
    set_default_as_floating,
)
from .loading import load_image
from .norm import norm
from .pad import pad, pad_center, pad_corner
from .resize import resize

__all__ = [
    "DEFAULT",
    "convert",
    "crop",
    "crop_center",
    "crop_corner",
    "get_crop_range",
    "load_image",
    "norm",
    "pad",
    "pad_center",
    "pad_corner",
    "resize",
    "set_default_as_520",
    "set_default_as_720",
    "set_default_as_floating",
    "simulate",
]
