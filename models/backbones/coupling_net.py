"""A pose backbone of convolutions and additions alone, for chips without gates and upsampling.

It stays at 1/8 of the image and sees far by large depthwise kernels; nothing has to come back from
a coarser resolution. Two halves of the channels are two tensors from the first unit to the last, so
that the graph holds no Slice and no Split. Shape letters as in ``layers``.
"""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import nn

from models.backbones.layers import NORM, RELU, depthwise, pointwise, spatial_size
from models.backbones.litehrnet import INIT

MAX_KERNEL_SIZE = 12  # KL520, rows and columns


class CouplingUnit(nn.Module):
    """A shuffle unit that adds the processed half to the kept one instead of joining them.

    The two halves then mix without a channel shuffle, and a half that is added to keeps a direct
    way for gradients.

    Args:
        channels: channels of each half.
        kernel_size: rows and columns of the depthwise kernel, odd.

    Source: the layers of ShuffleNet V2's unit, arXiv:1807.11164, figure 3(c); the additive coupling
    of Gomez et al., "The Reversible Residual Network", arXiv:1707.04585, equation 6.
    """

    def __init__(self, channels: int, *, kernel_size: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            pointwise(channels, channels, RELU),
            depthwise(channels, kernel_size=kernel_size),
            pointwise(channels, channels, None),
        )

    def forward(
        self, halves_BCHW: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Process the first half, add it to the second; they change places. Same shapes out."""
        active, kept = halves_BCHW
        return kept + self.branch(active), active


class Halves(nn.Module):
    """Make two halves of one tensor, each by layers of its own: what a Slice would be needed for.

    Args:
        in_channels: channels in.
        channels: channels of each half.
        stride: 2 halves rows and columns.
        kernel_size: of the depthwise convolution, odd.
    """

    def __init__(self, in_channels: int, channels: int, *, stride: int, kernel_size: int) -> None:
        super().__init__()
        self.sides = nn.ModuleList(
            nn.Sequential(
                pointwise(in_channels, channels, RELU),
                depthwise(channels, kernel_size=kernel_size, stride=stride),
            )
            for _ in range(2)
        )

    def forward(self, x_BCHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both halves, (B, channels, H/stride, W/stride) each."""
        first, second = (side(x_BCHW) for side in self.sides)
        return first, second


@MODELS.register_module()
class KneronCouplingNet(BaseModule):
    """Backbone at 1/8 of the image, of Conv, Relu, Add and two Concat.

    Args:
        in_channels: channels of the image.
        stem_channels: channels at 1/2 of the image.
        half_channels: channels of each half at 1/4 and at 1/8.
        num_units: coupling units at 1/4 and at 1/8.
        kernel_sizes: their depthwise kernels, odd, at most 12 (KL520).
        out_channels: channels out.
        init_cfg: mmengine's weight initialisation.
    Raises: ValueError: a kernel that is even or above the chip's limit.

    Source: derived here from the operator table of Kneron's toolchain manual for KL520 (no Mul, no
    Sigmoid, no Slice, no ConvTranspose; Resize disputed).
    """

    def __init__(
        self,
        in_channels: int = 3,
        stem_channels: int = 32,
        half_channels: Sequence[int] = (32, 80),
        num_units: Sequence[int] = (4, 14),
        kernel_sizes: Sequence[int] = (5, 7),
        out_channels: int = 128,
        *,
        init_cfg: dict | Sequence[dict] | None = INIT,
    ) -> None:
        super().__init__(init_cfg=list(init_cfg) if isinstance(init_cfg, tuple) else init_cfg)
        for size in kernel_sizes:
            if size % 2 == 0 or not 0 < size <= MAX_KERNEL_SIZE:
                raise ValueError(
                    f"backbone kernel_sizes must be odd and at most {MAX_KERNEL_SIZE} (KL520), "
                    f"got {size}. Use 3 to 11."
                )
        self.stem = ConvModule(in_channels, stem_channels, 3, stride=2, padding=1, norm_cfg=NORM)
        self.halves = nn.ModuleList()
        self.stages = nn.ModuleList()
        channels = stem_channels
        for half, count, size in zip(half_channels, num_units, kernel_sizes, strict=True):
            self.halves.append(Halves(channels, half, stride=2, kernel_size=size))
            units = (CouplingUnit(half, kernel_size=size) for _ in range(count))
            self.stages.append(nn.Sequential(*units))
            channels = 2 * half
        self.last = pointwise(channels, out_channels, RELU)

    def forward(self, image_BCHW: torch.Tensor) -> tuple[torch.Tensor]:
        """Return a tuple with one map (B, out_channels, H/8, W/8).

        Raises: ValueError: H or W is no multiple of 8.
        """
        height, width = spatial_size(image_BCHW)
        if height % 8 or width % 8:
            raise ValueError(
                f"input height and width must be multiples of 8, got {height}x{width}. Change "
                "input_size in the config's codec."
            )
        x_BCHW = self.stem(image_BCHW)
        for halves, units in zip(self.halves, self.stages, strict=True):
            x_BCHW = torch.cat(units(halves(x_BCHW)), dim=1)
        return (self.last(x_BCHW),)
