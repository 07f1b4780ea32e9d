"""Equalisation: channels of a tensor brought to one range, the network's answer unchanged."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from utils.onnx_graph.graph import Graph, Node
from utils.quantization.cures.channels import FIXED, ChannelClasses
from utils.quantization.observe import Observed

LEAST, MOST = 1 / 1024, 1024.0  # bounds of a factor
DAMPING = 0.5  # of a round: classes share layers, and all move at once


@dataclass(frozen=True)
class Strength:
    """How much each side counts.

    Attributes:
        activations: 1 brings all channels of a tensor to one range.
        weights: 1 balances rows of a layer's weights with columns of the next, where a layer has
            one step for all of them.
        rounds: steps towards the balance; 1 takes a whole step at once.
    """

    activations: float
    weights: float
    rounds: int


# Measured on PP-TinyPose's network, see benchmarks/quantisation.md.
PER_CHANNEL = Strength(activations=0.75, weights=0.0, rounds=1)
PER_TENSOR = Strength(activations=0.5, weights=1.0, rounds=60)


def equalize(graph: Graph, observed: Mapping[str, Observed], strength: Strength) -> None:
    """Scale classes of channels (see ``channels``); the convolutions around take it back.

    A class that reaches less far than the tensors it lies in is made larger, and one whose weights
    are small where it is made, or large where it is read, likewise.

    Args:
        graph: changed in place; gives the same answers in float.
        observed: statistics of the tensors that will be rounded.
        strength: see there.

    Source:
        Nagel et al., arXiv:1906.04721, section 4.1, for the weights; SmoothQuant,
        arXiv:2211.10438, for the trade between activations and weights.
    """
    classes = ChannelClasses(graph)
    layers = [_Layer.of(graph, node, classes) for node in graph.of("Conv")]
    tensors = [
        (classes.of[name], each.largest_C)
        for name, each in observed.items()
        if each.largest > 0 and len(classes.of[name]) == len(each.largest_C)
    ]
    factors = np.ones(classes.count)  # tensor' = tensor / factor
    for _ in range(strength.rounds):
        change = strength.activations * _reach(tensors, factors)
        if strength.weights:
            made, read = _weights(layers, factors)
            change += strength.weights * (made - read) / 2
        change *= DAMPING if strength.rounds > 1 else 1.0
        factors = np.clip(factors * np.exp(change), LEAST, MOST)
        factors[FIXED] = 1.0
    scale_channels(graph, classes, factors)


def scale_channels(graph: Graph, classes: ChannelClasses, factors: np.ndarray) -> None:
    """Divide channels by factors; the convolutions around take it back.

    Args:
        graph: changed in place; gives the same answers in float.
        classes: its channels.
        factors: float64 (classes.count,), above 0; 1 for the fixed class.
    """
    for node in list(graph.of("Conv")):
        _scale_conv(
            graph, node, factors[classes.of[node.inputs[0]]], factors[classes.of[node.output]]
        )


@dataclass(frozen=True)
class _Layer:
    """A convolution: largest weight of each output and input channel, and their classes."""

    largest_OI: np.ndarray
    inputs_OI: np.ndarray
    outputs_O: np.ndarray

    @classmethod
    def of(cls, graph: Graph, node: Node, classes: ChannelClasses) -> "_Layer":
        largest = np.abs(graph.constants[node.inputs[1]]).max(axis=(2, 3)).astype(np.float64)
        inputs = lay_out(classes.of[node.inputs[0]], node, largest.shape)
        return cls(largest, inputs, classes.of[node.output])


def lay_out(channels: np.ndarray, node: Node, shape: tuple[int, ...]) -> np.ndarray:
    """Lay channels of a convolution's input out as its weights are.

    Args:
        channels: of the input, (C,).
        node: the convolution.
        shape: of its weights, (O, I, ...).

    Returns:
        (O, I), of the same dtype.
    """
    group = int(node.attributes.get("group", 1))
    return np.repeat(channels.reshape(group, shape[1]), shape[0] // group, axis=0)


def _reach(tensors: list[tuple[np.ndarray, np.ndarray]], factors: np.ndarray) -> np.ndarray:
    """Logarithm of how far each class reaches, in parts of the tensors that it lies in."""
    reach = np.zeros(len(factors))
    for of, largest_C in tensors:
        scaled = largest_C / factors[of]
        np.maximum.at(reach, of, scaled / scaled.max())
    return _log(reach)


def _weights(layers: list[_Layer], factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the largest weights that make and read each class, in parts of a layer's."""
    made, read = np.zeros(len(factors)), np.zeros(len(factors))
    for layer in layers:
        scaled = layer.largest_OI * factors[layer.inputs_OI] / factors[layer.outputs_O][:, None]
        scaled /= max(scaled.max(), 1e-30)
        np.maximum.at(made, layer.outputs_O, scaled.max(axis=1))
        np.maximum.at(read, layer.inputs_OI.reshape(-1), scaled.reshape(-1))
    known = (made > 0) & (read > 0)
    return np.where(known, _log(made), 0.0), np.where(known, _log(read), 0.0)


def _log(parts: np.ndarray) -> np.ndarray:
    return np.log(np.where(parts > 0, np.maximum(parts, 1e-6), 1.0))


def _scale_conv(graph: Graph, node: Node, taken_I: np.ndarray, given_O: np.ndarray) -> None:
    weight = graph.constants[node.inputs[1]].astype(np.float64)
    taken_OI = lay_out(taken_I, node, weight.shape)
    weight = weight * taken_OI[:, :, None, None] / given_O[:, None, None, None]
    node.inputs[1] = graph.constant("weight", weight.astype(np.float32))
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = graph.constants[node.inputs[2]] / given_O
        node.inputs[2] = graph.constant("bias", bias.astype(np.float32))
