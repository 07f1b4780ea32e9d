"""What inproc_520 and inproc_720 share: source, geometry, register limits, 4 channel output."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .checks import as_choice, as_size, check_image
from .colour import convert, read_format
from .crop import Box, cut, read_box, round_box
from .fixed_point import ONE, resize_fixed
from .pad import pad, split_padding
from .raw_files import read_raw
from .size import fit_csim

MAX_LENGTH = 511  # 9 bit destination registers
MAX_PAD = 127  # what the pad registers hold
MAX_STEP = (1 << 20) - 1  # ratio register: 8 integer and 12 fraction bits
NORMS = ("kneron", "tf", "yolo")


@dataclass(frozen=True)
class Source:
    """Pixels still in their raw format; colours are converted after the crop, as on the chip."""

    pixels: np.ndarray
    fmt: str

    def tile(self, box: Box, gray: bool) -> np.ndarray:
        """Cut a box and convert it to RGB888, or to gray.

        Args:
            box: (x1, y1, x2, y2), whole pixels; those outside the image are 0 in the source's
                format.
            gray: give one channel.

        Returns:
            Uint8 (h, w, 3), or (h, w, 1) if gray.
        """
        height, width = self.pixels.shape[:2]
        if box[2] > 0 and box[3] > 0 and box[0] < width and box[1] < height:
            pixels = cut(self.pixels, box)
        else:  # a tile of a larger box may lie wholly outside
            size = (box[3] - box[1], box[2] - box[0])
            pixels = np.zeros((*size, *self.pixels.shape[2:]), np.uint8)
        return convert(pixels, "l" if gray else "rgb888", self.fmt)


@dataclass(frozen=True)
class Pads:
    """Padding of the four sides, pixels."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0


@dataclass(frozen=True)
class Plan:
    """Crop box in source pixels, the size that it is resized to, and the padding around that."""

    box: Box
    scaled_wh: tuple[int, int]
    pads: Pads


def read_source(
    image: np.ndarray | str | Path, raw_fmt: str, raw_size: Sequence[int] | None
) -> Source:
    """Take an RGB888 array, or read a raw .bin file in ``raw_fmt``.

    Args:
        image: uint8 (H, W, 3) RGB, or the path of a raw file.
        raw_fmt: the file's format.
        raw_size: the file's (width, height), pixels.

    Returns:
        The pixels, in the format in which the hardware crops them.
    """
    if isinstance(image, (str, Path)):
        if raw_size is None:
            raise ValueError("raw_size must be (width, height) for a raw file, got None. Pass it.")
        kind = read_format(raw_fmt, "raw_fmt")
        return Source(read_raw(Path(image), kind, as_size(raw_size, "raw_size")), kind)
    check_image(image, channels=(3,), gray=False)
    return Source(image, "rgb888")


def read_norm(norm: str) -> str:
    """Resolve the name of a normalisation that the chips have."""
    word = str(norm).strip().lower()
    if word not in NORMS:
        raise ValueError(f"norm must be one of {', '.join(NORMS)}, got {norm!r}. Pick one of them.")
    return word


def plan(
    source: Source, npu_size: Sequence[int], crop_box: Sequence[float] | None, pad_mode: int | str
) -> tuple[Plan, int]:
    """Work out crop, scaled size and padding.

    Args:
        source: what is cropped.
        npu_size: (width, height) of the result, pixels.
        crop_box: (x1, y1, x2, y2), rounded outwards; None is the whole image.
        pad_mode: 0 pads all sides, 1 the right and below, 2 stretches.
    Returns: the plan and the pad mode as a number.
    Raises: ValueError: bad arguments, or a padding above 127 on one side.
    """
    target = as_size(npu_size, "npu_size")
    mode = as_choice(pad_mode, "pad_mode", (0, 1, 2))
    height, width = source.pixels.shape[:2]
    box = (
        (0, 0, width, height) if crop_box is None else round_box(read_box(crop_box, "crop_box"), 0)
    )
    if not (box[2] > 0 and box[3] > 0 and box[0] < width and box[1] < height):
        raise ValueError(
            f"crop_box must overlap the {width}x{height} image, got {tuple(crop_box or ())}. "
            "Move it into the image."
        )
    scaled = target
    if mode != 2:
        scaled = fit_csim((box[2] - box[0], box[3] - box[1]), target, "npu_size")
    columns, rows = target[0] - scaled[0], target[1] - scaled[1]
    pads = Pads(0, columns, 0, rows)
    if mode == 0:
        pads = Pads(*split_padding(columns), *split_padding(rows))
    if max(pads.right, pads.bottom) > MAX_PAD:
        raise ValueError(
            f"npu_size must need at most {MAX_PAD} pixels of padding on a side, got "
            f"{max(pads.right, pads.bottom)} for a {box[2] - box[0]}x{box[3] - box[1]} crop. "
            f"Use pad_mode=2, or a crop nearer to the network's aspect ratio."
        )
    return Plan(box, scaled, pads), mode


def one_pass(image: np.ndarray, target_wh: tuple[int, int], rule: str) -> np.ndarray:
    """Resize what one pass of the hardware handles.

    Args:
        image: uint8 (H, W, C).
        target_wh: width and height after the resize, pixels.
        rule: "520" or "720".

    Returns:
        Uint8 (h, w, C).

    Raises: ValueError: a side below 2 or above 511, or a ratio that its register cannot hold.
    """
    for name, source, target in zip(
        ("columns", "rows"), image.shape[1::-1], target_wh, strict=True
    ):
        if not 2 <= target <= MAX_LENGTH:
            raise ValueError(
                f"npu_size must give passes of 2 to {MAX_LENGTH} {name} besides the padding, "
                f"got {target}. Use another npu_size."
            )
        if ((source - 1) * ONE) // (target - 1) > MAX_STEP:
            raise ValueError(
                f"npu_size must shrink the crop by less than 256, got {source} to {target} {name}. "
                f"Crop less, or enlarge npu_size."
            )
    return resize_fixed(image, target_wh, rule)


def turn(image: np.ndarray, rotate: int | str) -> np.ndarray:
    """Turn a result by a quarter, as the original does with square ones.

    Args:
        image: uint8 (H, W, 4).
        rotate: 0 not at all, 1 clockwise, 2 counter-clockwise.

    Returns:
        Uint8 (H, W, 4) or (W, H, 4).

    Raises:
        ValueError: another number.
    """
    quarter = {0: 0, 1: -1, 2: 1}[as_choice(rotate, "rotate", (0, 1, 2))]
    return np.ascontiguousarray(np.rot90(image, quarter))


def pad_four_channels(image: np.ndarray, pads: Pads, value: int) -> np.ndarray:
    """Extend to 4 channels, the new ones 0, then pad all 4 with ``value``.

    A gray image is channel 0.

    Args:
        image: uint8 (H, W, 1) or (H, W, 3).
        pads: pixels on each side.
        value: of the padding, 0..255.

    Returns:
        Uint8 (h, w, 4).
    """
    channels = image.reshape(*image.shape[:2], -1)
    missing = np.zeros((*image.shape[:2], 4 - channels.shape[2]), np.uint8)
    return pad(np.dstack([channels, missing]), pads.left, pads.right, pads.top, pads.bottom, value)
