"""What the runners of crop and pose network are told by their YAML files."""

from dataclasses import dataclass
from pathlib import Path

from prepostprocess.crop.box import PADDING_RULE, is_padding
from prepostprocess.keypoints.decode import DECODERS
from prepostprocess.preprocess import PREPROCESS
from utils.params import check_onnx_suffix, load_params, param

MODES = ("affine", "crop_resize_pad")
_PREPROCESS_RULE = f"one of {', '.join(PREPROCESS)}"


def _is_preprocess(word: str) -> bool:
    return word in PREPROCESS


@dataclass(frozen=True)
class RsnAffineParams:
    """How a person's box becomes the pose network's input.

    Attributes:
        source: the file these come from.
        input_w: network input width in pixels.
        input_h: network input height in pixels.
        padding: factor on the box's width and height.
        mode: "affine" (warp) or "crop_resize_pad" (the chip's own crop).
        preprocess: word of the switch.
    """

    source: Path
    input_w: int | None = param(None, "at least 2", lambda n: n >= 2)
    input_h: int | None = param(None, "at least 2", lambda n: n >= 2)
    padding: float | None = param(None, PADDING_RULE, is_padding)
    mode: str | None = param(None, f"one of {', '.join(MODES)}", lambda word: word in MODES)
    preprocess: str | None = param(None, _PREPROCESS_RULE, _is_preprocess)


@dataclass(frozen=True)
class LiteHrnetParams:
    """The pose network and how its heatmaps are read.

    Attributes:
        source: the file these come from.
        model_path: ONNX file.
        input_w: network input width in pixels.
        input_h: network input height in pixels.
        preprocess: word of the switch.
        decoder: heatmaps to keypoints.
        flip_test: average with the mirrored image: slower, a little more exact.
        kpt_thr: keypoints at or below it count neither in a person's score nor in the image.
        batch_size: crops a forward pass; left out, the runner finds the fastest.
    """

    source: Path
    model_path: Path
    input_w: int | None = param(None, "at least 2", lambda n: n >= 2)
    input_h: int | None = param(None, "at least 2", lambda n: n >= 2)
    preprocess: str | None = param(None, _PREPROCESS_RULE, _is_preprocess)
    decoder: str | None = param(
        None, f"one of {', '.join(DECODERS)}", lambda word: word in DECODERS
    )
    flip_test: bool = False
    kpt_thr: float = param(0.2, "in 0..1", lambda x: 0 <= x <= 1)
    batch_size: int | None = param(None, "at least 1", lambda n: n >= 1)


def load_lite_hrnet_params(path: str | Path) -> LiteHrnetParams:
    """Read what the pose network's runner is told.

    Args:
        path: YAML file, or the ONNX file itself where its metadata says the rest.
    Raises: ParamsError: see ``utils.params``; or the YAML names something else than ONNX.
    """
    path = Path(path)
    if path.suffix.lower() == ".onnx":
        return LiteHrnetParams(path, path)
    params = load_params(path, LiteHrnetParams)
    check_onnx_suffix(params.model_path, "model_path", path)
    return params
