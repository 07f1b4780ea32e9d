"""Reading weights from files of any origin: safely, completely, or with one clear refusal.

Understood: files of this toolkit, of mmpose 1.x and of mmpose 0.x (the authors' Lite-HRNet files),
wrapped in ``state_dict`` or bare, and bare backbones. A file is never unpickled: PyTorch reads
tensors, plain values and NumPy arrays only (``weights_only=True``); what else mmengine puts into
its files is read as nothing. Files written here hold no such thing.
"""

import pickle
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from models.backbones.layers import HalvingConv


class _Ignored:
    """Stands in for an mmengine log buffer in a foreign file: takes anything, keeps nothing."""

    def __init__(self, *args: object) -> None:
        del args

    def __setstate__(self, state: object) -> None:
        del state


# names that a file may use -> what is called for them. Arrays are numpy's own; the rest is inert.
_ARRAY = np.empty(0).__reduce__()[0]
_SCALAR = np.float64(0).__reduce__()[0]
READABLE = [
    np.ndarray,
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("?", "u1", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "U")),
    *((_ARRAY, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
    *((_SCALAR, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    (_Ignored, "mmengine.logging.history_buffer.HistoryBuffer"),
    (_Ignored, "builtins.getattr"),
]
OLD_NAMES = (("module.", ""), ("keypoint_head.", "head."))


@dataclass(frozen=True)
class WeightMatch:
    """How a file's weights fit a network, as lists of state-dict names.

    ``reshaped`` holds lines "name: shape in the file, shape in the network".
    """

    matched: list[str]
    missing: list[str]
    unexpected: list[str]
    reshaped: list[str]

    def summary(self) -> str:
        """Return one line with the four counts."""
        return (
            f"{len(self.matched)} matched, {len(self.missing)} missing, "
            f"{len(self.unexpected)} unexpected, {len(self.reshaped)} of another shape"
        )


@CheckpointLoader.register_scheme(prefixes=("", "http://", "https://"), force=True)
def read_checkpoint(filename: str | Path, map_location: str | torch.device | None = "cpu") -> dict:
    """Read a checkpoint file without running any code that may be in it.

    Registered as mmengine's own loader, so that resuming takes the same way.

    Args:
        filename: a file on this machine, as written by ``torch.save``.
        map_location: where the tensors go, as in ``torch.load``.
    Returns: the dictionary in the file.
    Raises: FileNotFoundError: no such file; ValueError: not a whole PyTorch file, or one that
        holds Python objects.
    """
    path = Path(filename)
    if not path.is_file():
        raise FileNotFoundError(
            f"{filename}: checkpoint must be a file on this machine. Check the path; a file on "
            "the web has to be downloaded first."
        )
    try:
        with torch.serialization.safe_globals(READABLE), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on pickles that are refused anyway
            content = torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError as err:
        raise ValueError(_refusal(path, str(err))) from err
    except (RuntimeError, EOFError, OSError, zipfile.BadZipFile, KeyError, UnicodeError) as err:
        reason = (str(err) or "it is empty").splitlines()[0].partition(". ")[0]
        raise ValueError(
            f"{path}: checkpoint must be a whole PyTorch file, but reading it failed ({reason}). "
            "It may be cut short or of another kind: copy or download it again."
        ) from err
    if not isinstance(content, dict):
        raise ValueError(
            f"{path}: checkpoint must hold a dictionary of weights, got "
            f"{type(content).__name__}. Save `model.state_dict()`."
        )
    return content


def _refusal(path: Path, reason: str) -> str:
    """Say why PyTorch refused a file: the Python object in it, or that it holds no weights."""
    culprit = re.search(r"GLOBAL ([\w.]+)", reason)
    if culprit:
        return (
            f"{path}: checkpoint must hold tensors and plain values only, but it holds a Python "
            f"object ({culprit[1]}) that could run code. It was not loaded. Ask its author for "
            "the weights alone (`torch.save(model.state_dict(), ...)`)."
        )
    return (
        f"{path}: checkpoint must be a file written by torch.save, but it is none or is damaged. "
        "Check that it is the file you meant, and copy or download it again."
    )


def weights_of(checkpoint: dict) -> dict[str, torch.Tensor]:
    """Take the weights out of a checkpoint and give them today's names.

    Args:
        checkpoint: content of a file: weights under ``state_dict``, or bare.
    Returns: names as in a TopdownPoseEstimator (``backbone.``, ``head.``) to tensors.
    """
    weights = checkpoint.get("state_dict", checkpoint)
    if not isinstance(weights, dict):
        raise ValueError(
            f"checkpoint's state_dict must be a dictionary, got {type(weights).__name__}. Save "
            "`model.state_dict()`."
        )
    weights = {name: value for name, value in weights.items() if isinstance(value, torch.Tensor)}
    renamed = {}
    for name, value in weights.items():
        for old, new in OLD_NAMES:
            name = new + name.removeprefix(old) if name.startswith(old) else name
        renamed[name] = value
    if renamed and not any(name.startswith(("backbone.", "head.")) for name in renamed):
        renamed = {f"backbone.{name}": value for name, value in renamed.items()}
    return renamed


def match_weights(network: nn.Module, weights: dict[str, torch.Tensor]) -> WeightMatch:
    """Compare names and shapes; BatchNorm's batch counters may be absent (old files lack them).

    Args:
        network: what the weights are for.
        weights: name to value.

    Returns:
        What matches and what does not.
    """
    wanted = network.state_dict()
    common = [name for name in wanted if name in weights]
    return WeightMatch(
        matched=[name for name in common if weights[name].shape == wanted[name].shape],
        missing=[
            name
            for name in wanted
            if name not in weights and not name.endswith("num_batches_tracked")
        ],
        unexpected=[name for name in weights if name not in wanted],
        reshaped=[
            f"{name}: {tuple(weights[name].shape)} in the file, {tuple(wanted[name].shape)} here"
            for name in common
            if weights[name].shape != wanted[name].shape
        ],
    )


def check_weights(
    network: nn.Module,
    weights: dict[str, torch.Tensor],
    path: str | Path,
    *,
    allow_new_layers: bool = False,
) -> WeightMatch:
    """Refuse weights that do not fit the network, with everything that differs in the message.

    Args:
        network: the estimator that is to receive them.
        weights: from ``weights_of``.
        path: the file, for the message.
        allow_new_layers: for fine-tuning: the file may lack the whole head (a bare backbone) and
            learned pooling (which begins as the mean that the file was trained with).
    Returns: the comparison, all matched but for what is allowed.
    Raises: ValueError: anything else missing, unexpected or of another shape.
    """
    match = match_weights(network, weights)
    missing = set(match.missing)
    if allow_new_layers:
        head = {name for name in network.state_dict() if name.startswith("head.")}
        if head <= missing:
            missing -= head
        missing -= {
            f"{name}.weight"
            for name, module in network.named_modules()
            if isinstance(module, HalvingConv)
        }
    if not match.matched or missing or match.unexpected or match.reshaped:
        details = [
            *(f"  another shape: {line}" for line in match.reshaped[:5]),
            *(f"  missing: {name}" for name in sorted(missing)[:5]),
            *(f"  unexpected: {name}" for name in match.unexpected[:5]),
        ]
        raise ValueError(
            f"{path}: checkpoint must fit the network of the config, got {match.summary()}; "
            "nothing was loaded. Use the config that it was trained with.\n" + "\n".join(details)
        )
    return match


def load_weights(network: nn.Module, path: str | Path) -> WeightMatch:
    """Load a file into a network; all of it must fit (see ``check_weights``).

    Args:
        network: changed in place.
        path: the file.

    Returns:
        What matched.
    """
    weights = weights_of(read_checkpoint(path))
    match = check_weights(network, weights, path)
    network.load_state_dict(weights, strict=False)
    return match
