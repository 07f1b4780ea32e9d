"""Resize: one switch over the kernels and the size rules."""

from collections.abc import Sequence

import cv2
import numpy as np

from .antialias import resize_antialiased
from .checks import as_bool, as_size, check_image
from .defaults import DEFAULT, current_defaults
from .fixed_point import resize_fixed
from .size import fit_csim, fit_exact

ROW_RULES = {"fixed": "plain", "fixed_520": "520", "fixed_720": "720"}
TYPES = ("bilinear", "bicubic", "cv2", *ROW_RULES)
CV2_ALIASES = ("cv", "opencv")


def _read_type(name: str) -> str:
    word = str(name).strip().lower()
    word = "cv2" if word in CV2_ALIASES else word
    if word not in TYPES:
        raise ValueError(f"type must be one of {', '.join(TYPES)}, got {name!r}. Pick one of them.")
    return word


def _resize_cv2(image: np.ndarray, target_wh: tuple[int, int]) -> np.ndarray:
    out = cv2.resize(image, target_wh)
    return out.reshape(target_wh[1], target_wh[0], *image.shape[2:])  # OpenCV drops a lone channel


def resize(
    image: np.ndarray,
    size: Sequence[int] | None = None,
    keep_ratio: bool | str = True,
    zoom: bool | str = True,
    type: str | None = DEFAULT,  # noqa: A002 - the original's word
    calculate_ratio_using_CSim: bool | str | None = DEFAULT,  # noqa: N803 - the original's name
    info_out: dict | None = None,
    *,
    as_original: bool = False,
) -> np.ndarray:
    """Resize an image.

    Args:
        image: uint8 (H, W) or (H, W, C); type "cv2" also takes uint16, float32 and float64.
        size: (width, height) wanted; None returns ``image`` itself.
        keep_ratio: keep the aspect ratio, so that one side may come out smaller.
        zoom: False leaves an image alone that either side would enlarge.
        type: "bilinear" or "bicubic" as Pillow (anti-aliased), "cv2" as OpenCV's INTER_LINEAR,
            "fixed", "fixed_520" or "fixed_720" as the chips; DEFAULT is the process's default.
        calculate_ratio_using_CSim: use the devices' float32 rule for the kept ratio.
        info_out: dict that receives the final (width, height) under "size".
        as_original: type "fixed" leaves rows that it hits exactly at 0, as the original does.
    Returns: the dtype given, (h, w) or (h, w, C).
    Raises: ValueError: not an image, an unknown type, a size below 1 (below 2 for the fixed
        types, whose step divides by size - 1), or one that the float32 rule cannot reach.
    Source: Kneron PPP ``funcs/Resize.py``. The fixed types truncate twice, and the rows of 520
        and 720 keep the chips' special cases; see :mod:`.fixed_point`.
    """
    defaults = current_defaults()
    kind = _read_type(defaults.resize_type if type is DEFAULT else type)
    check_image(image, kinds="BHfd" if kind == "cv2" else "B")
    if size is None:
        return image
    if calculate_ratio_using_CSim is DEFAULT:
        calculate_ratio_using_CSim = defaults.calculate_ratio_using_CSim
    csim = as_bool(calculate_ratio_using_CSim, "calculate_ratio_using_CSim")
    source_wh, target_wh = (image.shape[1], image.shape[0]), as_size(size, "size")
    if as_bool(keep_ratio, "keep_ratio"):
        target_wh = (fit_csim if csim else fit_exact)(source_wh, target_wh)
    enlarges = target_wh[0] > source_wh[0] or target_wh[1] > source_wh[1]
    if enlarges and not as_bool(zoom, "zoom"):
        out, target_wh = image, source_wh
    else:
        out = _run(image, target_wh, kind, as_original)
    if info_out is not None:
        info_out["size"] = target_wh
    return out


def _run(image: np.ndarray, target_wh: tuple[int, int], kind: str, as_original: bool) -> np.ndarray:
    smallest = 2 if kind in ROW_RULES else 1
    if min(target_wh) < smallest:
        raise ValueError(
            f"size must give at least {smallest}x{smallest} pixels for type {kind!r}, "
            f"got {target_wh[0]}x{target_wh[1]}. Enlarge it, or use keep_ratio=False."
        )
    if kind == "cv2":
        return _resize_cv2(image, target_wh)
    if kind not in ROW_RULES:
        return resize_antialiased(image, target_wh, kind)
    original = as_original and kind == "fixed"
    return resize_fixed(image, target_wh, "original_fixed" if original else ROW_RULES[kind])
