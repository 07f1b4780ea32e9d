"""Weights carried from one preprocessing word to another: the first convolution takes it in.

A pixel p becomes (p - mean) / std, with the word's own mean and deviation for each channel. What
the first convolution knows of one word it says of the other with weights and a constant changed:
for an input y of the new word, the old word's is (y std_new + mean_new - mean_old) / std_old.
Only where the convolution pads does the answer change: there 0 means another grey.
"""

import re

import torch
from torch import nn

from models.checkpoints.layers import Layer
from prepostprocess.preprocess import PREPROCESS, get_preprocess


def carry_normalisation(
    weights: dict[str, torch.Tensor], first: Layer, old: str, new: str
) -> dict[str, torch.Tensor]:
    """Let a network answer to images of another preprocessing word as before.

    Args:
        weights: names to tensors; not changed.
        first: the layer of the network that takes the image.
        old: the word that the weights were trained with.
        new: the word that images will come with.

    Returns:
        The weights, those of the first layer changed.

    Raises:
        ValueError: a word that there is not, or a first layer that can hold no constant.
    """
    before, after = get_preprocess(old), get_preprocess(new)
    mean_old, std_old, mean_new, std_new = (
        torch.tensor(values, dtype=torch.float64)
        for values in (before.mean, before.std, after.mean, after.std)
    )
    stored = weights[f"{first.name}.weight"]
    weight = stored.double().cpu()
    constant = (weight * ((mean_new - mean_old) / std_old)[None, :, None, None]).sum(dim=(1, 2, 3))
    # a norm takes the mean off; the constant is no longer in what it gets
    place, sign = (
        (f"{first.norm_name}.running_mean", -1) if first.norm else (f"{first.name}.bias", 1)
    )
    if place not in weights:
        raise ValueError(
            f"first layer {first.name} must have a BatchNorm or a bias to carry weights from "
            f"'{old}' to '{new}', got none. Train with preprocess={old}."
        )
    changed = {
        f"{first.name}.weight": weight * (std_new / std_old)[None, :, None, None],
        place: weights[place].double().cpu() + sign * constant,
    }
    return weights | {name: value.to(stored) for name, value in changed.items()}


def own_word(estimator: nn.Module) -> str | None:
    """Return the preprocessing word of a network; mmpose's own preprocessor says none."""
    return getattr(estimator.data_preprocessor, "preprocess", None)


def word_of(checkpoint: dict) -> str | None:
    """Read the preprocessing word that a checkpoint of this toolkit was trained with.

    Args:
        checkpoint: content of the file.

    Returns:
        The word; None where the file carries no config of ours.
    """
    meta = checkpoint.get("meta")
    text = meta.get("cfg") if isinstance(meta, dict) else None
    found = (
        re.search(r"^preprocess = '(\w+)'$", text, re.MULTILINE) if isinstance(text, str) else None
    )
    return found[1] if found and found[1] in PREPROCESS else None
