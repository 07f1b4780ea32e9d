"""What a pose network needs and gives: its file's notes and the YAML files brought together."""

from dataclasses import dataclass
from typing import Any

from prepostprocess.crop.box import PADDING
from prepostprocess.keypoints.decode import check_decoder
from prepostprocess.metadata import PoseMetadata, read_metadata
from prepostprocess.preprocess import get_preprocess
from utils.joints import Colours, links_by_name
from utils.params import ParamsError
from utils.runners.onnx_session import OnnxSession
from utils.runners.pose_params import LiteHrnetParams, RsnAffineParams


@dataclass(frozen=True)
class PoseSpec:
    """How images go into a pose network and keypoints come out.

    Attributes:
        input_wh: network input width and height in pixels.
        preprocess: word of the switch.
        crop_preprocess: word whose crop is used: the same, or "float" with mode "affine".
        padding: factor on the person's box.
        decoder: heatmaps to keypoints.
        blur_kernel_size: odd, heatmap pixels, of the decoders that blur.
        pixel_offset: None: images are normalised before the network. A number: the network does
            that, and takes pixels (0..255) less this number.
        udp: the crop and the flip test follow UDP's grid.
        keypoint_names: K names, in the network's order.
        links: keypoint numbers that a line is drawn between.
        colours: RGB of each keypoint; None: its side's, by name.
        flip_indices: K numbers, the joint that each becomes in the mirror.
    """

    input_wh: tuple[int, int]
    preprocess: str
    crop_preprocess: str
    padding: float
    decoder: str
    blur_kernel_size: int
    pixel_offset: float | None
    udp: bool
    keypoint_names: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    colours: Colours | None
    flip_indices: tuple[int, ...]


def make_spec(session: OnnxSession, hrnet: LiteHrnetParams, affine: RsnAffineParams) -> PoseSpec:
    """Bring a network's notes and two YAML files together.

    Args:
        session: the pose network.
        hrnet: its YAML.
        affine: the YAML of the crop.
    Returns: the whole; each value is named by the file or by a YAML, and nobody contradicts.
    Raises: ParamsError: something is missing, contradicts, or the file is no heatmap network.
    """
    notes = _read_notes(session)
    _check_heatmaps(session, notes)
    preprocess = _agree(session, "preprocess", notes.preprocess, None, (hrnet, affine))
    get_preprocess(preprocess)
    decoder = _agree(session, "decoder", notes.decoder, None, (hrnet,))
    check_decoder(decoder)
    return PoseSpec(
        input_wh=_input_wh(session, notes, hrnet, affine),
        preprocess=preprocess,
        crop_preprocess=_crop_word(affine, preprocess),
        padding=float(_agree(session, "padding", notes.padding, PADDING, (affine,))),
        decoder=decoder,
        blur_kernel_size=notes.blur_kernel_size,
        pixel_offset=notes.pixel_offset,
        udp=decoder == "udp" if notes.encoding_udp is None else notes.encoding_udp,
        keypoint_names=notes.keypoint_names,
        links=links_by_name(notes.keypoint_names) if notes.links is None else notes.links,
        colours=notes.colours,
        flip_indices=_flip_indices(session, notes),
    )


def _read_notes(session: OnnxSession) -> PoseMetadata:
    try:
        return read_metadata(session.metadata, session.path)
    except ValueError as err:
        raise ParamsError(str(err)) from err


def _check_heatmaps(session: OnnxSession, notes: PoseMetadata) -> None:
    if notes.colour != "rgb":
        raise ParamsError(
            f"{session.path}: metadata colour must be rgb, got {notes.colour!r}. "
            "Export the network for RGB input."
        )
    if notes.output != "heatmaps":
        raise ParamsError(
            f"{session.path}: pose network must give heatmaps, but this one gives "
            f"{notes.output} (export2onnx.py --keypoints) for programs of your own. "
            "Export it without --keypoints."
        )
    shapes = session.output_shapes
    if len(shapes) != 1 or len(shapes[0]) != 4 or session.input_shape[1] not in (3, None):
        raise ParamsError(
            f"{session.path}: pose network must map [N, 3, H, W] to heatmaps [N, K, H/s, W/s], got "
            f"{session.input_shape} to {shapes}. Use a network exported by export2onnx.py."
        )
    if shapes[0][1] not in (None, len(notes.keypoint_names)):
        raise ParamsError(
            f"{session.path}: heatmaps must be as many as keypoint names "
            f"({len(notes.keypoint_names)}), got {shapes[0][1]}. Export the network with its "
            "keypoint_names."
        )


def _agree(session: OnnxSession, key: str, noted: Any, default: Any, files: tuple) -> Any:
    """The one value of a key that all who name it name; the default where nobody does."""
    named = [] if noted is None else [(str(session.path), noted)]
    named += [(str(f.source), getattr(f, key)) for f in files if getattr(f, key) is not None]
    if not named and default is None:
        raise ParamsError(
            f"{files[0].source}: {key} must be given for {session.path.name}, which has no "
            f"metadata. Add a line '{key}: ...' with what the network was trained with."
        )
    for file, value in named[1:]:
        if value != named[0][1]:
            raise ParamsError(
                f"{file}: {key} must be {named[0][1]} as in {named[0][0]}, got {value}. "
                "Correct it or leave it out."
            )
    return named[0][1] if named else default


def _input_wh(
    session: OnnxSession, notes: PoseMetadata, *files: LiteHrnetParams | RsnAffineParams
) -> tuple[int, int]:
    """The graph's input size; where it is open the metadata's, where that is silent the YAMLs'."""
    noted = notes.input_wh or (None, None)
    sizes = []
    for axis, key in enumerate(("input_w", "input_h")):
        known = session.input_shape[3 - axis] or noted[axis]
        for file in files:
            wanted = getattr(file, key)
            if wanted is not None and known not in (None, wanted):
                raise ParamsError(
                    f"{file.source}: {key} must be {known} as in {session.path.name}, got "
                    f"{wanted}. Correct it or leave it out."
                )
            known = known or wanted
        if known is None:
            raise ParamsError(
                f"{files[0].source}: {key} must be given for {session.path.name}, whose input size "
                f"is open. Add a line '{key}: ...'."
            )
        sizes.append(int(known))
    return sizes[0], sizes[1]


def _crop_word(affine: RsnAffineParams, preprocess: str) -> str:
    """Whose crop: the mode decides, the word of the switch where there is no mode."""
    if affine.mode == "crop_resize_pad" and preprocess == "float":
        raise ParamsError(
            f"{affine.source}: mode must be affine with preprocess float, got crop_resize_pad. "
            "Name the chip in preprocess, or use affine."
        )
    return "float" if affine.mode == "affine" else preprocess


def _flip_indices(session: OnnxSession, notes: PoseMetadata) -> tuple[int, ...]:
    """The joint that each becomes in the mirror."""
    pairs = notes.flip_pairs
    if pairs is None:
        pairs = _pairs_by_name(notes.keypoint_names, session)
    indices = list(range(len(notes.keypoint_names)))
    for left, right in pairs:
        indices[left], indices[right] = right, left
    return tuple(indices)


def _pairs_by_name(names: tuple[str, ...], session: OnnxSession) -> tuple[tuple[int, int], ...]:
    """Left and right joints of the same name."""
    by_name = {name: i for i, name in enumerate(names)}
    pairs = []
    for left, name in enumerate(names):
        right = by_name.get(name.replace("left_", "right_", 1))
        if name.startswith("left_"):
            if right is None:
                raise ParamsError(
                    f"{session.path}: metadata keypoint_names must have a right joint for each "
                    f"left one, got {name!r} alone. Export the network with its flip_pairs."
                )
            pairs.append((left, right))
    return tuple(pairs)
