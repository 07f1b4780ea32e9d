"""Weights of any kind of file into an estimator: PyTorch's or an ONNX file's."""

from pathlib import Path

from torch import nn

from models.checkpoints.from_onnx import load_onnx
from models.checkpoints.layers import layers_of
from models.checkpoints.normalisation import carry_normalisation, own_word, word_of
from models.checkpoints.weights import check_weights, read_checkpoint, weights_of
from models.tracing.wrappers import HeatmapNetwork


def load_file(estimator: nn.Module, path: str | Path, *, file_word: str | None = None) -> list[str]:
    """Load a file into an estimator; all of it must fit.

    Weights that were trained with another preprocessing word than the estimator's are carried over.

    Args:
        estimator: a TopdownPoseEstimator.
        path: a checkpoint, or an ONNX file of the same architecture (``.onnx``).
        file_word: preprocessing word of an ONNX file that does not say it.

    Returns:
        Lines for the user about anything but a plain checkpoint.

    Raises:
        ValueError: the file cannot be read or does not fit.
    """
    own = own_word(estimator)
    if Path(path).suffix == ".onnx":
        found = load_onnx(estimator, path, file_word=file_word)
        lines = [
            f"{path}: {found.num_layers} convolutions found by their place; heatmaps equal the "
            f"file's to {found.gap:.1e}"
        ]
        return lines + carried_line(path, found.word, own)
    checkpoint = read_checkpoint(path)
    weights = weights_of(checkpoint)
    check_weights(estimator, weights, path)
    estimator.load_state_dict(carried(estimator, weights, word_of(checkpoint)), strict=False)
    return carried_line(path, word_of(checkpoint), own)


def carried(estimator: nn.Module, weights: dict, word: str | None) -> dict:
    """Carry weights from the word that they were trained with to the estimator's.

    Args:
        estimator: what the weights are for.
        weights: names to tensors, complete for the first layer; not changed.
        word: of the weights; None where it is not known: they stay as they are.

    Returns:
        The weights.
    """
    own = own_word(estimator)
    if own is None or word in (None, own):
        return weights
    first = layers_of(HeatmapNetwork(estimator), tuple(estimator.head.decoder.input_wh))[0]
    return carry_normalisation(weights, first, word, own)


def carried_line(path: str | Path, word: str | None, own: str | None) -> list[str]:
    """Say what was carried, or what is not known.

    Args:
        path: the weights.
        word: the preprocessing that they were trained with, or None.
        own: the config's, or None.

    Returns:
        A line for the user, or none.
    """
    if own is None:
        return [f"{path}: the config's data_preprocessor says no word; weights stay as they are"]
    if word == own or (word is None and own == "float"):  # what published weights are trained with
        return []
    if word is None:
        return [f"{path}: says no preprocessing word; taken for weights of '{own}'"]
    return [f"{path}: trained with '{word}'; the first convolution was changed to take '{own}'"]
