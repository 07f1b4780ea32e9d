"""ONNX's Resize along one axis: which pixels an output pixel takes, with what weights."""

import numpy as np


def source_places(length: int, output_length: int, scale: float, coordinates: str) -> np.ndarray:
    """Find where on the input's axis each output pixel lies.

    Args:
        length: of the input.
        output_length: of the output.
        scale: output to input.
        coordinates: ONNX's word: "asymmetric", "half_pixel", "pytorch_half_pixel" or
            "align_corners".

    Returns:
        float64 (output_length,), in pixels of the input.

    Raises:
        ValueError: another word.

    Source: ONNX operator specification, Resize-13, coordinate_transformation_mode.
    """
    index = np.arange(output_length, dtype=np.float64)
    if coordinates == "asymmetric":
        return index / scale
    if coordinates == "align_corners":
        return index * (length - 1) / max(output_length - 1, 1)
    if coordinates == "pytorch_half_pixel" and output_length == 1:
        return np.zeros(1)
    if coordinates in ("half_pixel", "pytorch_half_pixel"):
        return (index + 0.5) / scale - 0.5
    raise ValueError(
        f"Resize must have coordinates whose rule is known, got '{coordinates}'. Export with "
        "export2onnx.py --npu CHIP."
    )


def nearest_index(places: np.ndarray, length: int, rule: str) -> np.ndarray:
    """Choose the nearest pixel.

    Args:
        places: see ``source_places``.
        length: of the input.
        rule: ONNX's nearest_mode.

    Returns:
        int64, an index for each place.

    Raises:
        ValueError: another rule.
    """
    rules = {
        "floor": np.floor,
        "ceil": np.ceil,
        "round_prefer_floor": lambda x: np.ceil(x - 0.5),
        "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    }
    if rule not in rules:
        raise ValueError(f"Resize must have a nearest_mode of ONNX, got '{rule}'. Export again.")
    return np.clip(rules[rule](places), 0, length - 1).astype(np.int64)


def linear_matrix(places: np.ndarray, length: int) -> np.ndarray:
    """Weights of linear interpolation, the edge repeated.

    Args:
        places: see ``source_places``.
        length: of the input.

    Returns:
        float32 (len(places), length).
    """
    inner = np.clip(places, 0, length - 1)
    distance = np.abs(np.arange(length)[None] - inner[:, None])
    return np.maximum(1 - distance, 0).astype(np.float32)
