"""Public functions of the emulator, under the names of Kneron's ``kneron_preprocessing.API``."""

from .accelerator import set_accelerator
from .colour import convert, simulate
from .crop import crop, crop_center, crop_corner, get_crop_range
from .defaults import (
    DEFAULT,
    set_default_as_520,
    set_default_as_720,
    set_default_as_floating,
)
from .inproc_520 import inproc_520
from .inproc_720 import inproc_720
from .loading import load_image
from .match import bit_match, cpr_to_crp
from .norm import norm
from .pad import pad, pad_center, pad_corner
from .raw_files import dump_image, load_bin, load_hex
from .resize import resize

__all__ = [
    "DEFAULT",
    "bit_match",
    "convert",
    "cpr_to_crp",
    "crop",
    "crop_center",
    "crop_corner",
    "dump_image",
    "get_crop_range",
    "inproc_520",
    "inproc_720",
    "load_bin",
    "load_hex",
    "load_image",
    "norm",
    "pad",
    "pad_center",
    "pad_corner",
    "resize",
    "set_accelerator",
    "set_default_as_520",
    "set_default_as_720",
    "set_default_as_floating",
    "simulate",
]
