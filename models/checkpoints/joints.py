"""The head's joints: whose maps a checkpoint's last layer gives, and carrying them by name."""

from collections.abc import Sequence

import torch
from torch import nn

SHOWN = 6  # joints that a line names


def in_order(facts: object) -> tuple[str, ...] | None:
    """List the joints of what a data set says of itself, in the order of the heatmaps.

    Args:
        facts: mmpose's metainfo.

    Returns:
        The names; None where they are not said.
    """
    names = facts.get("keypoint_id2name") if isinstance(facts, dict) else None
    if not isinstance(names, dict) or set(names) != set(range(len(names))):
        return None
    return tuple(str(names[i]) for i in range(len(names)))


def joints_of(checkpoint: dict) -> tuple[str, ...] | None:
    """Read the names of a checkpoint's joints, in the order of its heatmaps.

    Args:
        checkpoint: content of the file.

    Returns:
        The names; None where the file does not say them.
    """
    meta = checkpoint.get("meta")
    return in_order(meta.get("dataset_meta")) if isinstance(meta, dict) else None


def carry_joints(
    network: nn.Module,
    weights: dict[str, torch.Tensor],
    theirs: Sequence[str] | None,
    ours: Sequence[str],
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Fit the head's last layer to other joints: those of the same name keep their weights.

    Args:
        network: an estimator with a new head, whose initial values joints of other names get.
        weights: names to tensors; not changed.
        theirs: joints of the weights; None where they are not known.
        ours: joints of the network.

    Returns:
        The weights, and a line for the user where anything was changed.
    """
    layer = {k: v for k, v in network.state_dict().items() if k.startswith("head.final_layer.")}
    stored = {name: weights[name] for name in layer if name in weights}
    if set(stored) != set(layer) or (theirs is not None and tuple(theirs) == tuple(ours)):
        return weights, []
    per_joint = len(layer["head.final_layer.weight"]) // len(ours)
    if theirs is None or any(
        len(value) != per_joint * len(theirs) or value.shape[1:] != layer[name].shape[1:]
        for name, value in stored.items()
    ):
        return _begun_anew(weights, layer, stored, ours)
    common = [name for name in ours if name in theirs]
    changed = {}
    for name, value in layer.items():
        rows = value.clone().unflatten(0, (len(ours), per_joint))
        before = stored[name].to(value).unflatten(0, (len(theirs), per_joint))
        for joint in common:
            rows[ours.index(joint)] = before[theirs.index(joint)]
        changed[name] = rows.flatten(0, 1)
    new = [name for name in ours if name not in theirs]
    line = f"head: {len(common)} of {len(ours)} joints carried over by name from {len(theirs)}"
    line += f"; new: {_few(new)}" if new else ""
    return weights | changed, [line]


def _begun_anew(
    weights: dict[str, torch.Tensor],
    layer: dict[str, torch.Tensor],
    stored: dict[str, torch.Tensor],
    ours: Sequence[str],
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Leave the last layer at its initial values where only the number of joints differs."""
    differ = [name for name, value in layer.items() if stored[name].shape != value.shape]
    if not differ or any(stored[name].shape[1:] != layer[name].shape[1:] for name in differ):
        return weights, []
    line = f"head: begins anew for all {len(ours)} joints: the file has others and no names"
    return weights | layer, [line]


def _few(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
