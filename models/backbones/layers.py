"""Convolutions with normalisation, channel mixing and pooling: what every Lite-HRNet block uses.

Shape letters in this folder: B batch, C channels, H rows, W columns, G channel groups.
"""

import torch
from mmcv.cnn import ConvModule
from torch import nn
from torch.nn import functional as F  # noqa: N812

from models.backbones.batch_norm import BatchNorm2d

NORM = {"type": BatchNorm2d}
RELU = {"type": "ReLU"}
SIGMOID = {"type": "Sigmoid"}
SHUFFLES = ("channel", "swap", "add")
POOLS = ("average", "conv")


def pointwise(in_channels: int, out_channels: int, act: dict | None) -> ConvModule:
    """Make a 1x1 convolution with BatchNorm and an optional activation.

    Args:
        in_channels: of the input.
        out_channels: of the result.
        act: mmcv's config of the activation, or None.

    Returns:
        The layer.
    """
    return ConvModule(in_channels, out_channels, 1, norm_cfg=NORM, act_cfg=act)


def depthwise(channels: int, *, kernel_size: int = 3, stride: int = 1) -> ConvModule:
    """Make a depthwise convolution (odd kernel) with BatchNorm and no activation.

    Args:
        channels: of input and result.
        kernel_size: odd.
        stride: of both axes.

    Returns:
        The layer; it keeps the size, but for the stride.
    """
    return ConvModule(
        channels,
        channels,
        kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        groups=channels,
        norm_cfg=NORM,
        act_cfg=None,
    )


def channel_shuffle(x_BCHW: torch.Tensor, groups: int = 2) -> torch.Tensor:
    """Interleave the channels of ``groups`` equal groups; same shape out.

    Args:
        x_BCHW: (B, C, H, W).
        groups: divides C.

    Returns:
        (B, C, H, W).

    Source: Zhang et al., "ShuffleNet", arXiv:1707.01083, section 3.1.
    """
    channels, (height, width) = int(x_BCHW.shape[1]), spatial_size(x_BCHW)
    x_BGCHW = x_BCHW.reshape(-1, groups, channels // groups, height, width)
    return x_BGCHW.transpose(1, 2).reshape(-1, channels, height, width)


class _Interleave(torch.autograd.Function):
    """``channel_shuffle`` of two halves, written once instead of joined, copied and laid out anew.

    Both directions read and write the channels-last layout, in which mmpose's form leaves it.
    """

    @staticmethod
    def forward(_: object, first_BCHW: torch.Tensor, second_BCHW: torch.Tensor) -> torch.Tensor:
        halves_BHWC = first_BCHW.permute(0, 2, 3, 1), second_BCHW.permute(0, 2, 3, 1)
        return torch.stack(halves_BHWC, dim=-1).flatten(3).permute(0, 3, 1, 2)

    @staticmethod
    def backward(_: object, grad_BCHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        grad_BHWC2 = grad_BCHW.permute(0, 2, 3, 1).contiguous().unflatten(3, (-1, 2))
        first, second = (grad.contiguous().permute(0, 3, 1, 2) for grad in grad_BHWC2.unbind(4))
        return first, second


def join_halves(kept_BCHW: torch.Tensor, new_BCHW: torch.Tensor, shuffle: str) -> torch.Tensor:
    """Join two halves: interleaved by "channel", else the processed one first. (B, 2C, H, W).

    Args:
        kept_BCHW: (B, C, H, W), the half that passed by.
        new_BCHW: (B, C, H, W), the processed half.
        shuffle: "channel", or another word for the processed half first.

    Returns:
        (B, 2C, H, W).
    """
    if shuffle != "channel":
        return torch.cat((new_BCHW, kept_BCHW), dim=1)
    if torch.onnx.is_in_onnx_export():
        return channel_shuffle(torch.cat((kept_BCHW, new_BCHW), dim=1))
    return _Interleave.apply(kept_BCHW, new_BCHW)


def mix_halves(
    kept_BCHW: torch.Tensor, active_BCHW: torch.Tensor, new_BCHW: torch.Tensor, shuffle: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the next block keeps and what it processes.

    Args:
        kept_BCHW: the half that the block passed by.
        active_BCHW: the other half, before the block.
        new_BCHW: that half, processed.
        shuffle: "channel" interleaves kept and new (the paper); "swap" lets the next block process
            the kept half: nothing at run time, but no value has a way past both of two blocks;
            "add" adds new to kept and processes the sum, while active is kept: one Add, and a way
            past every block, as the shuffle gives it (benchmarks/accuracy.md: it learns faster).
    Returns: two tensors (B, C, H, W).
    Source: "add" is the additive coupling of arXiv:1707.04585, equation 6.
    """
    if shuffle == "add":
        return active_BCHW, kept_BCHW + new_BCHW
    if shuffle == "swap":
        return new_BCHW, kept_BCHW
    if kept_BCHW.shape[1] % 2 or torch.onnx.is_in_onnx_export():
        return join_halves(kept_BCHW, new_BCHW, shuffle).chunk(2, dim=1)
    quarters = zip(kept_BCHW.chunk(2, dim=1), new_BCHW.chunk(2, dim=1), strict=True)
    first, second = (_Interleave.apply(kept, new) for kept, new in quarters)
    return first, second


def mix_and_join(
    kept_BCHW: torch.Tensor, active_BCHW: torch.Tensor, new_BCHW: torch.Tensor, shuffle: str
) -> torch.Tensor:
    """Return both halves of ``mix_halves`` as one tensor (B, 2C, H, W).

    Args:
        kept_BCHW: (B, C, H, W), the half that passed by.
        active_BCHW: (B, C, H, W), the half that was processed, before it was.
        new_BCHW: (B, C, H, W), after it was.
        shuffle: as for ``mix_halves``.

    Returns:
        (B, 2C, H, W).
    """
    if shuffle == "channel":
        return join_halves(kept_BCHW, new_BCHW, shuffle)
    return torch.cat(mix_halves(kept_BCHW, active_BCHW, new_BCHW, shuffle), dim=1)


def spatial_size(x_BCHW: torch.Tensor) -> tuple[int, int]:
    """Return (H, W) as Python integers: an exported graph then holds constants, not Shape nodes."""
    return int(x_BCHW.shape[2]), int(x_BCHW.shape[3])


def average_to(x_BCHW: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Average equal windows down to ``size_hw``, which divides the size of ``x_BCHW``.

    Args:
        x_BCHW: (B, C, H, W).
        size_hw: rows and columns; they divide H and W.

    Returns:
        (B, C, *size_hw).
    """
    height, width = spatial_size(x_BCHW)
    kernel_hw = (height // size_hw[0], width // size_hw[1])
    # without padding the count is the same either way; False is the form that the NPU's table takes
    return F.avg_pool2d(x_BCHW, kernel_hw, count_include_pad=False)


class HalvingConv(nn.Conv2d):
    """Halve rows and columns by a learned 2x2 depthwise convolution that begins as the mean.

    A cascade of n of them begins as the average over 2^n x 2^n windows, so weights trained with
    average pooling keep their meaning; each one is within the stride limit of 4 rows of KL520/720.

    Source: derived here from the operator table of Kneron's toolchain manual (Conv, stride).
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 2, stride=2, groups=channels, bias=False)
        self.init_as_mean()

    def init_as_mean(self) -> None:
        """Set every weight to 1/4."""
        nn.init.constant_(self.weight, 0.25)
