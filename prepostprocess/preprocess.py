"""The switch: what `float`, `kneron_520` and `kneron_720` do to a person, box to network input."""

import difflib
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from prepostprocess.crop.affine import crop_matrix, scale_matrix, warp_crop
from prepostprocess.crop.box import PADDING, box_to_center_scale
from prepostprocess.crop.hardware_crop import hardware_crop
from prepostprocess.image import check_rgb


@dataclass(frozen=True)
class Preprocess:
    """One word of the switch.

    Attributes:
        mean: per channel RGB, in 0..255, subtracted from the pixels.
        std: per channel RGB, in 0..255, that the difference is divided by.
        hardware: which chip's crop, resize and pad an unrotated person goes through, or None for a
            warp.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    hardware: str | None


# x / 256 - 0.5 is (x - 128) / 256, both exact in float32, so one formula serves all words.
_KNERON_MEAN, _KNERON_STD = (128.0, 128.0, 128.0), (256.0, 256.0, 256.0)
PREPROCESS = MappingProxyType(
    {
        "float": Preprocess((123.675, 116.28, 103.53), (58.395, 57.12, 57.375), None),
        "kneron_520": Preprocess(_KNERON_MEAN, _KNERON_STD, "520"),
        "kneron_720": Preprocess(_KNERON_MEAN, _KNERON_STD, "720"),
    }
)


@dataclass(frozen=True)
class Crop:
    """A person cut out for the network, and where the pixels came from.

    Attributes:
        image: uint8 (h, w, 3), RGB, of the network input's size.
        center_xy: (2,) float32, centre of the source region, source pixels.
        scale_wh: (2,) float32, width and height of the source region, source pixels.
        matrix: float (2, 3), source xy to input xy.
    """

    image: np.ndarray
    center_xy: np.ndarray
    scale_wh: np.ndarray
    matrix: np.ndarray


def get_preprocess(word: str) -> Preprocess:
    """Look a word of the switch up.

    Args:
        word: "float", "kneron_520" or "kneron_720".
    Returns: what the word means.
    Raises: ValueError: the word is none of these.
    """
    if word not in PREPROCESS:
        near = difflib.get_close_matches(str(word), PREPROCESS, n=1)
        fix = f"Did you mean '{near[0]}'?" if near else "Use the word the network was trained with."
        raise ValueError(f"preprocess must be one of {', '.join(PREPROCESS)}, got {word!r}. {fix}")
    return PREPROCESS[word]


def crop_person(
    image: np.ndarray,
    center_xy: np.ndarray,
    scale_wh: np.ndarray,
    input_wh: tuple[int, int],
    preprocess: str,
    *,
    rotation_deg: float = 0.0,
    udp: bool = False,
) -> Crop:
    """Cut a region out of the image and bring it to the network input's size.

    With "float", and for any region that is rotated (a chip cannot rotate; only training
    augmentation asks for it), the region is warped. With "kneron_*" an unrotated region goes
    through the chip's integer crop, fixed-point resize and pad, and the returned centre and size
    are those of the pixels that the chip really took, so that ``keypoints_to_image`` stays exact.

    Args:
        image: uint8 (H, W, 3), RGB.
        center_xy: (2,) float32, source pixels.
        scale_wh: (2,) float32, width and height with the input's aspect (``box.fix_aspect``),
            source pixels.
        input_wh: network input width and height in pixels.
        preprocess: a word of the switch.
        rotation_deg: rotation of the region, degrees.
        udp: unbiased data processing.
    Returns: the crop.
    Raises: ValueError: an unknown word, an image of another form, or ("kneron_*") a
        region that lies wholly outside the image.
    """
    meaning = get_preprocess(preprocess)
    check_rgb(image)
    if meaning.hardware is None or rotation_deg != 0:
        matrix = crop_matrix(center_xy, scale_wh, input_wh, rotation_deg, udp=udp)
        return Crop(warp_crop(image, matrix, input_wh), center_xy, scale_wh, matrix)
    crop, center_xy, scale_wh = hardware_crop(
        image, center_xy, scale_wh, input_wh, meaning.hardware, udp=udp
    )
    return Crop(crop, center_xy, scale_wh, scale_matrix(center_xy, scale_wh, input_wh, udp=udp))


def normalize(image: np.ndarray, preprocess: str) -> np.ndarray:
    """Turn pixels into what the network computes with: (x - mean) / std, one plane a channel.

    Args:
        image: uint8 (..., H, W, 3), RGB.
        preprocess: a word of the switch.
    Returns: float32 (..., 3, H, W), C-contiguous.
    Raises: ValueError: an unknown word or another dtype or channel count.
    """
    meaning = get_preprocess(preprocess)
    planes = _planes(image)
    planes -= np.array(meaning.mean, np.float32)[:, None, None]
    planes /= np.array(meaning.std, np.float32)[:, None, None]
    return planes


def _planes(image: np.ndarray) -> np.ndarray:
    """Pixels as float32 planes, (..., 3, H, W)."""
    if image.dtype != np.uint8 or image.shape[-1] != 3:
        raise ValueError(
            f"image must be uint8 (..., H, W, 3) RGB, got {image.dtype} {image.shape}. "
            "Normalise pixels once, straight from the crop."
        )
    return np.moveaxis(image, -1, -3).astype(np.float32, order="C")


def network_input(
    pixels: np.ndarray, preprocess: str, pixel_offset: float | None = None
) -> np.ndarray:
    """Turn crops into what an exported network is fed.

    Args:
        pixels: uint8 (..., H, W, 3), RGB.
        preprocess: a word of the switch.
        pixel_offset: None: normalise. A number: the network does that itself, and takes pixels
            (0..255) less this number.
    Returns: float32 (..., 3, H, W), C-contiguous.
    Raises: ValueError: see ``normalize``.
    """
    if pixel_offset is None:
        return normalize(pixels, preprocess)
    return _planes(pixels) - np.float32(pixel_offset)


def prepare_person(
    image: np.ndarray,
    box_xywh: np.ndarray,
    input_wh: tuple[int, int],
    preprocess: str,
    padding: float = PADDING,
    *,
    udp: bool = False,
) -> tuple[np.ndarray, Crop]:
    """Make the network's input for one person: the single call of every runner.

    Args:
        image: uint8 (H, W, 3), RGB.
        box_xywh: (4,), the person's left, top, width, height in source pixels.
        input_wh: network input width and height in pixels.
        preprocess: a word of the switch; the one that the network was trained with.
        padding: factor on the box's width and height.
        udp: unbiased data processing; the network's decoder "udp" asks for it.
    Returns: float32 (3, h, w), C-contiguous, and the crop that it was made of.
    Raises: ValueError: see ``box_to_center_scale`` and ``crop_person``.
    """
    center_xy, scale_wh = box_to_center_scale(box_xywh, input_wh, padding)
    crop = crop_person(image, center_xy, scale_wh, input_wh, preprocess, udp=udp)
    return normalize(crop.image, preprocess), crop


def keypoints_to_image(
    keypoints: np.ndarray,
    center_xy: np.ndarray,
    scale_wh: np.ndarray,
    input_wh: tuple[int, int],
) -> np.ndarray:
    """Bring decoded keypoints from the (unrotated) crop back into the image.

    Args:
        keypoints: float (..., K, 2), xy in network input pixels, as ``decode.decode_heatmaps``
            gives them (its "udp" already counts the UDP grid in).
        center_xy: (2,), the crop's centre in source pixels.
        scale_wh: (2,), the crop's width and height in source pixels.
        input_wh: network input width and height in pixels.
    Returns: float (..., K, 2), xy in source pixels.
    Source: the inverse in mmpose 1.x's ``TopdownPoseEstimator``, operation by operation.
    """
    return keypoints / np.asarray(input_wh) * scale_wh + center_xy - 0.5 * scale_wh
