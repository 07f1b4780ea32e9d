"""What an exported pose network says of itself: the keys of its file's metadata, written and read.

Each key holds one JSON value. The exporter writes them, the runners and the calibration read them.
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from prepostprocess.crop.box import PADDING_RULE, is_padding
from prepostprocess.keypoints.coco import KEYPOINT_NAMES
from prepostprocess.preprocess import get_preprocess

# A network in fixed point names its chip here. Runtimes must not fuse its operators: it would be
# rounded elsewhere in hundreds of layers, and the answer would be another network's.
FIXED_POINT = "fixed_point"
_OURS = "normalization"


@dataclass(frozen=True)
class PoseMetadata:
    """How images go into a pose network and keypoints come out; the defaults are a silent file's.

    Attributes:
        input_wh: width and height in pixels.
        colour: order of the channels, "rgb" or "bgr".
        preprocess: word of the switch.
        pixel_offset: None: images are normalised before the network. A number: the network does
            that, and takes pixels (0..255) less this number.
        padding: factor on the person's box.
        keypoint_names: K names, in the network's order; COCO's 17 where the file is silent.
        flip_pairs: keypoint numbers that change places in the mirror.
        links: keypoint numbers that a line is drawn between; None: a body's, by name.
        colours: RGB that each keypoint is drawn in, 0..255; None: its side's, by name.
        output: "heatmaps", or "keypoints" of a network that decodes in its graph.
        decoder: heatmaps to keypoints.
        blur_kernel_size: odd, heatmap pixels, of the decoders that blur; 11 goes with sigma 2.
        encoding_udp: the crop and the flip test follow UDP's grid.
        sigma: deviation of the peaks in heatmap pixels, as the network was trained.
    """

    input_wh: tuple[int, int] | None = None
    colour: str = "rgb"
    preprocess: str | None = None
    pixel_offset: float | None = None
    padding: float | None = None
    keypoint_names: tuple[str, ...] = KEYPOINT_NAMES
    flip_pairs: tuple[tuple[int, int], ...] | None = None
    links: tuple[tuple[int, int], ...] | None = None
    colours: tuple[tuple[int, int, int], ...] | None = None
    output: str = "heatmaps"
    decoder: str | None = None
    blur_kernel_size: int = 11
    encoding_udp: bool | None = None
    sigma: float = 2.0


def write_metadata(metadata: PoseMetadata, more: Mapping[str, object]) -> dict[str, str]:
    """Turn metadata into what an ONNX file stores.

    Args:
        metadata: of a network whose preprocessing is known.
        more: further keys that no runner needs, such as where the network comes from.
    Returns: key: JSON text. "normalization" says in numbers, for other programs, what "preprocess"
        means: mean and standard deviation in 0..255.
    """
    values = {field.name: getattr(metadata, field.name) for field in fields(metadata)}
    meaning = get_preprocess(str(metadata.preprocess))
    values[_OURS] = {"mean": meaning.mean, "std": meaning.std}
    return {key: json.dumps(value) for key, value in {**values, **more}.items()}


def read_metadata(stored: Mapping[str, str], source: object) -> PoseMetadata:
    """Read what an ONNX file stores; keys of other programs are passed over.

    Another program may use a key of ours for something else. A file is ours if it has
    "normalization", which the exporter always writes; in any other, a value that breaks its rule is
    passed over, with a line in the log.

    Args:
        stored: key: JSON text.
        source: the file, for messages.

    Returns:
        The metadata, with defaults for what the file does not say.

    Raises:
        ValueError: a file of ours with a value that is no JSON or breaks its rule.
    """
    values = {}
    for key in _RULES:
        if key not in stored:
            continue
        try:
            value = _read_value(key, stored[key])
        except ValueError as err:
            if _OURS in stored:
                raise ValueError(f"{source}: metadata {err}. Export the network again.") from err
            logging.getLogger(__name__).warning(
                "%s: metadata %s of another program passed over", source, key
            )
            continue
        if value is not None or key not in _MAY_BE_NULL:
            values[key] = _frozen(value)
    metadata = PoseMetadata(**values)
    for key in ("flip_pairs", "links"):
        for pair in getattr(metadata, key) or ():
            if max(pair) < len(metadata.keypoint_names):
                continue
            raise ValueError(
                f"{source}: metadata {key} must be numbers below "
                f"{len(metadata.keypoint_names)}, got {list(pair)}. Export the network again."
            )
    count = len(metadata.keypoint_names)
    if metadata.colours is not None and len(metadata.colours) != count:
        raise ValueError(
            f"{source}: metadata colours must be {count}, one a keypoint, got "
            f"{len(metadata.colours)}. Export the network again."
        )
    return metadata


def _read_value(key: str, text: str) -> Any:
    """Read one value; the fault's words follow "metadata"."""
    rule, holds = _RULES[key]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise ValueError(f"must be JSON, got {key} that is not") from err
    if not (value is None and key in _MAY_BE_NULL) and not holds(value):
        raise ValueError(f"{key} must be {rule}, got {_short(value)}")
    return value


def _is_list(value: Any, holds: Callable[[Any], bool], length: int | None = None) -> bool:
    return isinstance(value, list) and length in (None, len(value)) and all(map(holds, value))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max  # NaN is not


def _is_whole(value: Any, least: int) -> bool:
    return type(value) is int and least <= value < 2**31


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_pair(value: Any) -> bool:
    return _is_list(value, lambda n: _is_whole(n, 0), 2) and value[0] != value[1]


def _is_colour(value: Any) -> bool:
    return _is_list(value, lambda n: _is_whole(n, 0) and n < 256, 3)


_MAY_BE_NULL = ("pixel_offset", "links", "colours")
_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "input_wh": ("two sizes above 0", lambda v: _is_list(v, lambda n: _is_whole(n, 1), 2)),
    "colour": ("rgb or bgr", lambda v: v in ("rgb", "bgr")),
    "preprocess": ("a word", _is_word),
    "pixel_offset": ("a number", _is_number),
    "padding": (PADDING_RULE, lambda v: _is_number(v) and is_padding(v)),
    "keypoint_names": ("a list of words", lambda v: _is_list(v, _is_word) and bool(v)),
    "flip_pairs": ("pairs of keypoint numbers", lambda v: _is_list(v, _is_pair)),
    "links": ("pairs of keypoint numbers", lambda v: _is_list(v, _is_pair)),
    "colours": ("lists of three numbers 0..255", lambda v: _is_list(v, _is_colour)),
    "output": ("heatmaps or keypoints", lambda v: v in ("heatmaps", "keypoints")),
    "decoder": ("a word", _is_word),
    "blur_kernel_size": ("odd and above 0", lambda v: _is_whole(v, 1) and v % 2 == 1),
    "encoding_udp": ("true or false", lambda v: isinstance(v, bool)),
    "sigma": ("above 0", lambda v: _is_number(v) and v > 0),
}


def _frozen(value: Any) -> Any:
    """Lists as tuples, at any depth."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
