"""Weights out of an ONNX file, laid onto a network of the same structure, and proven equal.

Each convolution of the file is found in the network by where it stands (``onnx_structure``). To
have both sides in one form, a copy of the network is exported whose convolutions carry their
number as weight. An import is accepted when both give the same heatmaps.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from models.checkpoints.layers import Layer, layers_of
from models.checkpoints.normalisation import carry_normalisation, own_word
from models.checkpoints.onnx_structure import Convolution, read_convolutions
from models.checkpoints.proof import prove
from models.tracing.trace import ExportOptions, trace_network
from models.tracing.wrappers import HeatmapNetwork
from prepostprocess.metadata import read_metadata
from utils.onnx_graph.file import read_model

SHOWN = 5  # how many layers a message names


@dataclass(frozen=True)
class Imported:
    """What an import found.

    Attributes:
        num_layers: convolutions that were laid onto the network.
        gap: largest difference of the heatmaps on noise.
        word: the preprocessing word that the file was trained with; None where nothing says it.
        folded: whether BatchNorm layers hold no statistics of their own (see ``unfold``).
    """

    num_layers: int
    gap: float
    word: str | None
    folded: bool


def load_onnx(estimator: nn.Module, path: str | Path, *, file_word: str | None = None) -> Imported:
    """Lay an ONNX file's weights onto an estimator, after its proof.

    Args:
        estimator: a TopdownPoseEstimator; changed only when all is well.
        path: the file.
        file_word: preprocessing word that the file was trained with, where its metadata does not
            say it; None: the estimator's own.

    Returns:
        What was found.

    Raises:
        ValueError: no float ONNX file, another architecture, convolutions that cannot be told
            apart, or heatmaps that differ by more than 1e-4.
    """
    model = read_model(path)
    metadata = read_metadata({p.key: p.value for p in model.metadata_props}, path)
    if metadata.pixel_offset is not None:
        raise ValueError(
            f"{path}: network must take normalised images, but this one normalises in the graph. "
            "Import the file that was exported without --normalize-in-graph."
        )
    if (own := own_word(estimator)) is None:
        raise ValueError(
            f"{path}: weights of an ONNX file need a config whose data_preprocessor says its word, "
            f"KneronPoseDataPreprocessor, got {type(estimator.data_preprocessor).__name__}. Load "
            "what tools/import_weights.py makes of them with a config of this toolkit."
        )
    word = metadata.preprocess or file_word
    # proven at the file's own size: a convolution does not know how large its image is
    input_wh = _size_of(model) or tuple(estimator.head.decoder.input_wh)
    trial = copy.deepcopy(estimator).eval()
    layers = layers_of(HeatmapNetwork(trial), input_wh)
    pairs = _match(read_convolutions(model, path), _structure(trial, layers, input_wh), path)
    for convolution, number in pairs:
        _lay(convolution, layers[number])
    laid = [(convolution, layers[number]) for convolution, number in pairs]
    gap = prove(HeatmapNetwork(trial), input_wh, model, laid, path, word or own)
    weights = trial.state_dict()
    if word not in (None, own):
        weights = carry_normalisation(weights, layers[0], word, own)
    estimator.load_state_dict(weights)
    folded = any(
        layers[number].norm is not None and convolution.norm is None
        for convolution, number in pairs
    )
    return Imported(len(pairs), gap, word, folded)


def _size_of(model: onnx.ModelProto) -> tuple[int, int] | None:
    """Return width and height of the image that a file takes, None where they are open."""
    sizes = [size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim]
    return (sizes[3], sizes[2]) if len(sizes) == 4 and sizes[2] and sizes[3] else None


def _structure(
    estimator: nn.Module, layers: list[Layer], input_wh: tuple[int, int]
) -> dict[tuple[str, str], list[int]]:
    """Return the key of each layer and the numbers of the layers that have it."""
    marked = copy.deepcopy(estimator)
    for number, layer in enumerate(layers_of(HeatmapNetwork(marked), input_wh)):
        layer.conv.weight.data.fill_(number)
        if layer.norm is not None:
            _make_neutral(layer.norm)
    # BatchNorm stays a node of its own: folding would round the numbers
    model = trace_network(HeatmapNetwork(marked), input_wh, ExportOptions(fuse_bn=False))
    found: dict[tuple[str, str], list[int]] = {}
    for convolution in read_convolutions(model, "the config's network"):
        found.setdefault(convolution.key, []).append(round(float(convolution.weight.flat[0])))
    return found


def _match(
    convolutions: list[Convolution], network: dict[tuple[str, str], list[int]], path: str | Path
) -> list[tuple[Convolution, int]]:
    """Pair the file's convolutions with the network's layers."""
    num_layers = sum(map(len, network.values()))
    theirs: dict[tuple[str, str], list[Convolution]] = {}
    for convolution in convolutions:
        group = theirs.setdefault(convolution.key, [])
        if not any(_same(convolution, other) for other in group):  # mmpose runs some layers twice
            group.append(convolution)
    if set(theirs) != set(network) or sum(map(len, theirs.values())) != num_layers:
        lost = [c for key, group in theirs.items() if key not in network for c in group]
        raise ValueError(
            f"{path}: network must have the structure of the config's, but "
            f"{len(lost)} of its {len(convolutions)} convolutions stand where none of the "
            f"{num_layers} of the config's network does ({_names(lost)}). Use the config that it "
            "was trained with; a file rewritten for a chip cannot be read back: export with --raw."
        )
    alike = [group for group in theirs.values() if len(group) > 1]
    if alike:
        raise ValueError(
            f"{path}: each convolution must have a place of its own, but {len(alike[0])} cannot be "
            f"told apart ({_names(alike[0])}). Import a checkpoint of this network instead."
        )
    return [(theirs[key][0], numbers[0]) for key, numbers in network.items()]


def _same(one: Convolution, other: Convolution) -> bool:
    """Tell whether two convolutions are one layer that runs twice."""
    return (
        np.array_equal(one.weight, other.weight)
        and np.array_equal(one.bias, other.bias)
        and (one.norm is None) == (other.norm is None)
        and (one.norm is None or np.array_equal(one.norm.weight, other.norm.weight))
    )


def _names(convolutions: list[Convolution]) -> str:
    names = [convolution.name for convolution in convolutions[:SHOWN]]
    more = len(convolutions) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "") if names else "none"


@torch.no_grad()
def _lay(convolution: Convolution, layer: Layer) -> None:
    """Give a layer the file's weights."""
    layer.conv.weight.copy_(torch.from_numpy(convolution.weight))
    bias = torch.from_numpy(convolution.bias)
    norm = layer.norm
    if norm is None:
        _lay_without_norm(convolution, layer, bias)
        return
    _make_neutral(norm)
    if convolution.norm is None:
        norm.bias.copy_(bias)
        return
    theirs = convolution.norm
    norm.weight.copy_(torch.from_numpy(theirs.weight))
    norm.bias.copy_(torch.from_numpy(theirs.bias))
    norm.running_mean.copy_(torch.from_numpy(theirs.mean) - bias)
    # the layer's epsilon may be another: the sum of both is what counts
    norm.running_var.copy_(torch.from_numpy(theirs.var) + theirs.epsilon - norm.eps)


def _lay_without_norm(convolution: Convolution, layer: Layer, bias: torch.Tensor) -> None:
    norm = convolution.norm
    if norm is not None:
        factor = torch.from_numpy(norm.weight / np.sqrt(norm.var + norm.epsilon))
        layer.conv.weight.mul_(factor[:, None, None, None])
        bias = (bias - torch.from_numpy(norm.mean)) * factor + torch.from_numpy(norm.bias)
    if layer.conv.bias is not None:
        layer.conv.bias.copy_(bias)
    elif bias.any():
        raise ValueError(
            f"the network's layer {layer.name} must have a bias, as the file's has, got none. Use "
            "the config that it was trained with."
        )


@torch.no_grad()
def _make_neutral(norm: nn.BatchNorm2d) -> None:
    """Let a BatchNorm layer in evaluation do nothing."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0)
    norm.weight.fill_((1.0 + norm.eps) ** 0.5)
    norm.bias.zero_()
