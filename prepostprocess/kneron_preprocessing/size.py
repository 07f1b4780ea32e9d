"""Target sizes: how a wanted size and the aspect ratio give the size that is resized to."""

import numpy as np


def fit_exact(source_wh: tuple[int, int], target_wh: tuple[int, int]) -> tuple[int, int]:
    """Fit into the target keeping the aspect: common scale, sides rounded, halves to even.

    Args:
        source_wh: width and height, pixels.
        target_wh: what they must fit into.

    Returns:
        Width and height, pixels.
    """
    (width, height), (target_width, target_height) = source_wh, target_wh
    scale = min(target_width / width, target_height / height)
    return round(width * scale), round(height * scale)


def fit_csim(
    source_wh: tuple[int, int], target_wh: tuple[int, int], name: str = "size"
) -> tuple[int, int]:
    """Fit into the target as the device's C code does, in float32, sides truncated after + 0.5.

    Args:
        source_wh: width and height, pixels.
        target_wh: what they must fit into.
        name: the argument, for the message.

    Returns:
        Width and height, pixels.

    Raises: ValueError: float32 rounding puts a side outside the target, as the device asserts.
    Source: Kneron PPP ``funcs/Resize.py`` (CSim rule); inproc_520 and inproc_720 use the same.
    """
    ratios = [np.float32(t / s) for s, t in zip(source_wh, target_wh, strict=True)]
    ratio = float(ratios[0] if ratios[0] < ratios[1] else ratios[1])
    scaled = [int(np.float32(ratio * side + 0.5)) for side in source_wh]
    bound, free = (0, 1) if ratios[0] < ratios[1] else (1, 0)
    if abs(scaled[bound] - target_wh[bound]) > 1 or scaled[free] > target_wh[free]:
        raise ValueError(
            f"{name} must be reachable from {source_wh[0]}x{source_wh[1]} in float32, got "
            f"{target_wh[0]}x{target_wh[1]}. Use another size, or do not keep the ratio."
        )
    out = list(target_wh)
    out[free] = scaled[free]
    return out[0], out[1]
