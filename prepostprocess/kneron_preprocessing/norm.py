"""Normalisation: the toolkits' floating rules."""

from collections.abc import Sequence

import numpy as np

from .checks import as_number, check_image

# type: (scale, bias, mean, std) of x / scale + bias - mean, / std
RULES = {
    "kneron": (256.0, -0.5, None, None),
    "tf": (127.5, -1.0, None, None),
    "yolo": (255.0, 0.0, None, None),
    "torch": (255.0, 0.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": (0.0, 0.0, (103.939, 116.779, 123.68), None),  # on reversed channels
}


def _per_channel(
    values: Sequence[float] | float | None, name: str, image: np.ndarray, neutral: float
) -> np.ndarray | float | None:
    """Read one value, or one for each channel; a fourth channel may go without."""
    if values is None or (isinstance(values, str) and not values.strip()):
        return None
    numbers = [as_number(value, name) for value in np.atleast_1d(np.asarray(values, object))]
    if name == "std" and 0 in numbers:
        raise ValueError(f"std must be non-zero, got {tuple(numbers)}. Use 1 to leave a channel.")
    if len(numbers) == 1:
        return numbers[0]
    channels = image.shape[-1] if image.ndim >= 3 else 1
    if len(numbers) == 3 and channels == 4:  # what inproc_520 and inproc_720 return
        numbers.append(neutral)
    if len(numbers) != channels:
        raise ValueError(
            f"{name} must have one value or one per channel ({channels}), got {len(numbers)}. "
            f"Match it to the image."
        )
    return np.array(numbers)


def _check_array(image: np.ndarray) -> None:
    """Refuse what is no array of real numbers with two axes or more."""
    if not isinstance(image, np.ndarray) or image.ndim <= 2:
        check_image(image, kinds="iuf")
    elif image.dtype.kind not in "iuf" or image.size == 0:
        raise ValueError(
            f"image must be a non-empty array of a real number type, got {image.dtype} "
            f"{image.shape}. Convert it first."
        )


def norm(
    image: np.ndarray,
    scale: float = 256.0,
    bias: float = -0.5,
    mean: Sequence[float] | float | None = None,
    std: Sequence[float] | float | None = None,
    *,
    type: str = "specific",  # noqa: A002 - the original's word
) -> np.ndarray:
    """Normalise pixel values: x / scale + bias, then - mean, then / std.

    Args:
        image: any shape of two or more axes, channels last; uint8 0..255 or any real number type.
        scale: divisor; 0 leaves the values undivided.
        bias: added after the division (the original's docstring says subtracted; its code adds).
        mean: one value, or one per channel, subtracted next; None for none. Of three values and
            four channels the last channel gets none.
        std: one value, or one per channel, divided by last; None for none; likewise.
        type: "specific" (alias "customized") uses the arguments above; "kneron" x/256 - 0.5,
            "tf" x/127.5 - 1, "yolo" x/255, "torch" (x/255 - mean)/std of ImageNet and "caffe"
            (channels reversed, then the BGR mean subtracted) ignore them. torch and caffe return
            a rank 2 image unchanged.
    Returns: float64, the image's shape.
    Raises: ValueError: not an image, an unknown type, or values that do not fit its channels.
    Source: Kneron PPP ``funcs/Normalize.py``.
    """
    _check_array(image)
    word = str(type).strip().lower()
    if word in RULES:
        scale, bias, mean, std = RULES[word]
    elif word not in ("specific", "customized"):
        listed = ", ".join(["specific", *RULES])
        raise ValueError(f"type must be one of {listed}, got {type!r}. Pick one of them.")
    if word in ("torch", "caffe"):
        if image.ndim == 2:
            return image
        check_image(image, kinds="iuf", channels=(3,))
    means, stds = _per_channel(mean, "mean", image, 0.0), _per_channel(std, "std", image, 1.0)
    divisor, offset = as_number(scale, "scale"), as_number(bias, "bias")
    out = (image[..., ::-1] if word == "caffe" else image).astype(np.float64)
    if divisor:
        out /= divisor
    if offset:
        out += offset
    if means is not None:
        out -= means
    if stds is not None:
        out /= stds
    return out
