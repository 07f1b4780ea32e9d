"""The proof of an import: network and file give the same heatmaps, or the first fault is named."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from models.checkpoints.layers import Layer
from models.checkpoints.onnx_structure import Convolution
from prepostprocess.preprocess import normalize

TOLERANCE = 1e-4  # of heatmaps about 1 high
SHOWN = 3  # how many layers a message names


def prove(
    network: nn.Module,
    input_wh: tuple[int, int],
    model: onnx.ModelProto,
    pairs: list[tuple[Convolution, Layer]],
    path: str | Path,
    word: str,
) -> float:
    """Run network and file on an image of noise.

    Args:
        network: heatmap network in evaluation mode, with the file's weights.
        input_wh: width and height in pixels.
        model: the file.
        pairs: each convolution of the file with its layer of the network, in the network's order.
        path: the file's name, for messages.
        word: preprocessing of the file: its inputs are as large as it makes them.

    Returns:
        The largest absolute difference.

    Raises:
        ValueError: it is above 1e-4; or the file takes other images.
    """
    width, height = input_wh
    pixels = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
    image = normalize(pixels, word)
    theirs = _run(model, image, [model.graph.output[0].name], path)[0]
    with torch.inference_mode():
        ours = network(torch.from_numpy(image)).numpy()
    gap = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")
    if not gap <= TOLERANCE:
        names = _first_differing(network, model, pairs, image, path)
        raise ValueError(
            f"{path}: imported network must give the file's heatmaps to {TOLERANCE}, but differs "
            f"by {gap:.1e}, first at {names}. Nothing was loaded. The file may have moved channels "
            "(export it with --raw), or be of another network than the config's."
        )
    return gap


def _run(
    model: onnx.ModelProto, image: np.ndarray, outputs: list[str], path: str | Path
) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return session.run(outputs, {session.get_inputs()[0].name: image})
    except Exception as err:  # onnxruntime's own exceptions share no public base
        raise ValueError(
            f"{path}: network must take images of {list(image.shape)} (N, C, H, W), but "
            f"onnxruntime says: {str(err).splitlines()[0]}. Use the config of its training."
        ) from err


def _first_differing(
    network: nn.Module,
    model: onnx.ModelProto,
    pairs: list[tuple[Convolution, Layer]],
    image: np.ndarray,
    path: str | Path,
) -> str:
    """Name the first layers whose results are not the file's."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    known = {output.name for output in shown.graph.output}
    names = [convolution.result for convolution, _ in pairs]
    shown.graph.output.extend(
        onnx.helper.make_empty_tensor_value_info(name) for name in names if name not in known
    )
    theirs = dict(zip(names, _run(shown, image, names, path), strict=True))
    ours: dict[str, np.ndarray] = {}
    handles = [
        (layer.norm or layer.conv).register_forward_hook(
            lambda _, __, out, name=layer.name: ours.update({name: out.numpy()})
        )
        for _, layer in pairs
    ]
    with torch.inference_mode():
        network(torch.from_numpy(image))
    for handle in handles:
        handle.remove()
    differing = [
        layer.name
        for convolution, layer in pairs
        if _differ(ours[layer.name], theirs[convolution.result])
    ]
    return ", ".join(differing[:SHOWN]) or "the last sum"


def _differ(ours: np.ndarray, theirs: np.ndarray) -> bool:
    if ours.shape != theirs.shape:
        return True
    return bool(np.abs(ours - theirs).max() > TOLERANCE * max(1.0, float(np.abs(theirs).max())))
