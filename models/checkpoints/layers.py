"""The convolutions that a network runs, and the BatchNorm layer behind each."""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle


@dataclass(frozen=True)
class Layer:
    """A convolution and what follows it.

    Attributes:
        name: of the convolution in the network.
        conv: the convolution.
        norm: the BatchNorm that takes its output, or None.
        norm_name: of that in the network, or "".
    """

    name: str
    conv: nn.Conv2d
    norm: _BatchNorm | None
    norm_name: str


@contextmanager
def evaluating(network: nn.Module, handles: Sequence[RemovableHandle]) -> Iterator[None]:
    """Put a network into evaluation mode; afterwards remove hooks and restore each layer's mode.

    Args:
        network: changed for the time being.
        handles: of the hooks to remove.

    Returns:
        Nothing; the network is in evaluation mode inside the block.
    """
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for handle in handles:
            handle.remove()


def layers_of(network: nn.Module, input_wh: tuple[int, int]) -> list[Layer]:
    """List the convolutions of a heatmap network in the order in which they run.

    Args:
        network: takes float (1, 3, H, W).
        input_wh: W and H in pixels.

    Returns:
        One entry a convolution; one that does not run is left out.
    """
    order: dict[str, nn.Conv2d] = {}
    made_by: dict[int, str] = {}
    norms: dict[str, str] = {}  # name of a convolution: name of the norm behind it
    kept = []  # tensors stay alive, so that no two have one id

    def conv_ran(name: str, conv: nn.Conv2d, output: torch.Tensor) -> None:
        order[name] = conv
        made_by[id(output)] = name
        kept.append(output)

    def norm_runs(name: str, image: torch.Tensor) -> None:
        if id(image) in made_by:
            norms[made_by[id(image)]] = name

    modules = dict(network.named_modules())
    handles = []
    for name, module in modules.items():
        if isinstance(module, nn.Conv2d):
            hook = functools.partial(lambda name, m, _, out: conv_ran(name, m, out), name)
            handles.append(module.register_forward_hook(hook))
        elif isinstance(module, _BatchNorm):
            hook = functools.partial(lambda name, _, args: norm_runs(name, args[0]), name)
            handles.append(module.register_forward_pre_hook(hook))
    device = next(network.parameters()).device
    with evaluating(network, handles), torch.inference_mode():
        network(torch.zeros(1, 3, *reversed(input_wh), device=device))
    found = []
    for name, conv in order.items():
        norm_name = norms.get(name, "")
        found.append(Layer(name, conv, modules[norm_name] if norm_name else None, norm_name))
    return found
