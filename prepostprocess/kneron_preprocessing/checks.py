"""Argument checks shared by the emulator: every refusal is one line that names the argument."""

from collections.abc import Sequence
from typing import Any

import numpy as np

TRUE_WORDS = frozenset({"yes", "true", "1", "t", "y"})
FALSE_WORDS = frozenset({"no", "false", "0", "f", "n", ""})
CHANNELS = (1, 3, 4)
MAX_SIDE = 65535  # pixels; beyond it a typing error would ask for all of the memory


def as_bool(value: bool | str | int, name: str) -> bool:
    """Read a flag given as a bool, 0, 1 or one of the words yes/no/true/false/t/f/y/n.

    Args:
        value: what a caller gave.
        name: the argument, for the message.

    Returns:
        The flag.

    Raises:
        ValueError: none of these.
    """
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError(
        f"{name} must be a bool or yes/no/true/false, got {value!r}. Pass True or False."
    )


def as_number(value: float | str, name: str) -> float:
    """Read a finite number, also from a string; the empty string is 0.

    Args:
        value: what a caller gave.
        name: the argument, for the message.

    Returns:
        The number.

    Raises:
        ValueError: no finite number.
    """
    try:
        number = 0.0 if isinstance(value, str) and not value.strip() else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {value!r}. Pass an int or a float.")
    return number


def as_int(value: float | str, name: str, minimum: int, maximum: int = 2**31 - 1) -> int:
    """Read a whole number within [minimum, maximum]; the empty string is 0.

    Args:
        value: what a caller gave.
        name: the argument, for the message.
        minimum: the least that is taken.
        maximum: the most that is taken.

    Returns:
        The number.

    Raises:
        ValueError: no whole number, or one out of range.
    """
    number = as_number(value, name)
    if number != int(number) or not minimum <= number <= maximum:
        limit = f"at least {minimum}" if maximum == 2**31 - 1 else f"in {minimum}..{maximum}"
        raise ValueError(f"{name} must be a whole number {limit}, got {value!r}. Change {name}.")
    return int(number)


def as_choice(value: int | str, name: str, choices: Sequence[int]) -> int:
    """Read one of a few whole numbers, also from a string.

    Args:
        value: what a caller gave.
        name: the argument, for the message.
        choices: what is taken.

    Returns:
        The number.

    Raises:
        ValueError: none of them.
    """
    number = as_number(value, name)
    if number not in choices:
        listed = ", ".join(map(str, choices))
        raise ValueError(f"{name} must be one of {listed}, got {value!r}. Pick one of them.")
    return int(number)


def as_size(value: Sequence[float] | None, name: str) -> tuple[int, int]:
    """Read a (width, height) pair of whole numbers, both in 1..65535.

    Args:
        value: what a caller gave.
        name: the argument, for the message.

    Returns:
        Width and height.

    Raises:
        ValueError: no such pair.
    """
    if value is None or isinstance(value, str) or not hasattr(value, "__len__") or len(value) != 2:
        raise ValueError(f"{name} must be (width, height), got {value!r}. Pass two numbers.")
    width, height = (as_int(side, f"{name}[{i}]", 1, MAX_SIDE) for i, side in enumerate(value))
    return width, height


def check_image(
    image: Any,
    name: str = "image",
    *,
    kinds: str = "B",
    channels: Sequence[int] = CHANNELS,
    gray: bool = True,
) -> None:
    """Refuse what is not an image array.

    Args:
        image: candidate, (H, W) or (H, W, C).
        name: the argument's name in the caller's signature.
        kinds: allowed dtypes as NumPy type characters ("B" is uint8) or kind letters "iuf".
        channels: allowed C.
        gray: whether rank 2 is allowed.

    Raises: ValueError: not an array, wrong dtype, rank or channel count, or no pixels.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(
            f"{name} must be a NumPy array, got {type(image).__name__}. Load it first."
        )
    if image.dtype.char not in kinds and image.dtype.kind not in kinds:
        wanted = "uint8" if kinds == "B" else "of a real number type"
        raise ValueError(f"{name} must be {wanted}, got {image.dtype}. Convert it first.")
    ranks = "(H, W) or (H, W, C)" if gray else "(H, W, C)"
    if image.ndim != 3 and not (gray and image.ndim == 2):
        raise ValueError(f"{name} must be {ranks}, got shape {image.shape}. Pass one image.")
    if image.ndim == 3 and image.shape[2] not in channels:
        listed = " or ".join(map(str, channels))
        raise ValueError(
            f"{name} must be {ranks} with C = {listed}, got shape {image.shape}. Pass one image."
        )
    if 0 in image.shape:
        raise ValueError(f"{name} must be non-empty, got shape {image.shape}. Pass a real image.")
