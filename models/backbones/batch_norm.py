"""BatchNorm in training on a CPU, for numbers of channels that PyTorch's kernel is slow with.

That kernel takes eight channels at a time and what is left over of each pixel one by one: with 20
channels, as Lite-HRNet's finest halves have, it takes five times as long as with 24 (PyTorch 2.12,
channels-last). Here as many pixels as make a multiple of eight are one row, and their sums are
joined at the end. Shape letters: N pixels of all images, C channels, K pixels in a row.
"""

import math

import torch
from torch import nn

LANES = 8  # float32 numbers in a vector of PyTorch's kernels on x86-64
LEAST_NUMBERS = 2**16  # below it the calls cost more than the kernel's slow path


class _JoinedPixels(torch.autograd.Function):
    """Normalise (N / K, K C) rows by the mean and variance of the C channels.

    Source: Ioffe and Szegedy, arXiv:1502.03167, algorithm 1 and the gradients below it.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: torch.autograd.function.FunctionCtx,
        x_RD: torch.Tensor,
        weight_C: torch.Tensor,
        bias_C: torch.Tensor,
        eps: float,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        channels = weight_C.numel()
        joined, count = x_RD.shape[1] // channels, x_RD.numel() // channels
        mean_C = _sum_over_pixels(x_RD, channels) / count
        var_C = _sum_over_pixels((x_RD - mean_C.repeat(joined)).square_(), channels) / count
        inverse_std_C = (var_C + eps).rsqrt()
        factor_C = weight_C * inverse_std_C
        offset_C = bias_C - factor_C * mean_C
        ctx.save_for_backward(x_RD, weight_C, mean_C, inverse_std_C)
        ctx.mark_non_differentiable(mean_C, var_C)
        y_RD = torch.addcmul(offset_C.repeat(joined), x_RD, factor_C.repeat(joined))
        return y_RD, mean_C, var_C

    @staticmethod
    def backward(  # noqa: D102
        ctx: torch.autograd.function.FunctionCtx, grad_RD: torch.Tensor, *_: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None]:
        x_RD, weight_C, mean_C, inverse_std_C = ctx.saved_tensors
        channels = weight_C.numel()
        joined, count = x_RD.shape[1] // channels, x_RD.numel() // channels
        grad_bias_C = _sum_over_pixels(grad_RD, channels)
        centred_RD = x_RD - mean_C.repeat(joined)
        grad_weight_C = _sum_over_pixels(centred_RD.mul_(grad_RD), channels) * inverse_std_C
        # grad_x = factor (grad - mean(grad) - normalised x mean(grad normalised x)), as a sum of
        # multiples of grad, x and 1
        factor_C = weight_C * inverse_std_C
        of_x_C = -factor_C * inverse_std_C * grad_weight_C / count
        of_one_C = -factor_C * grad_bias_C / count - of_x_C * mean_C
        grad_x_RD = torch.addcmul(of_one_C.repeat(joined), x_RD, of_x_C.repeat(joined))
        grad_x_RD.addcmul_(grad_RD, factor_C.repeat(joined))
        return grad_x_RD, grad_weight_C, grad_bias_C, None


def _sum_over_pixels(rows_RD: torch.Tensor, channels: int) -> torch.Tensor:
    return rows_RD.sum(0).view(-1, channels).sum(0)


class BatchNorm2d(nn.BatchNorm2d):
    """``nn.BatchNorm2d``, with another order of summation where that is faster."""

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Normalise ``x_BCHW``; same shape out."""
        if not self._gains_from_joining(x_BCHW):
            return super().forward(x_BCHW)
        batch, channels, height, width = x_BCHW.shape
        rows_RD = x_BCHW.permute(0, 2, 3, 1).reshape(-1, _pixels_in_row(channels) * channels)
        y_RD, mean_C, var_C = _JoinedPixels.apply(rows_RD, self.weight, self.bias, self.eps)
        self._move_statistics(mean_C, var_C, batch * height * width)
        return y_RD.view(batch, height, width, channels).permute(0, 3, 1, 2)

    def _gains_from_joining(self, x_BCHW: torch.Tensor) -> bool:
        return (
            self.training
            and x_BCHW.device.type == "cpu"
            and x_BCHW.shape[1] % LANES > 0
            and x_BCHW.numel() >= LEAST_NUMBERS
            and x_BCHW[:, 0].numel() % _pixels_in_row(x_BCHW.shape[1]) == 0
            and x_BCHW.is_contiguous(memory_format=torch.channels_last)
            and x_BCHW.dtype == self.weight.dtype
            and not torch.compiler.is_compiling()  # it has kernels of its own
        )

    def _move_statistics(self, mean_C: torch.Tensor, var_C: torch.Tensor, count: int) -> None:
        """Move the running mean and unbiased variance towards those of this batch."""
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean_C, self.momentum)
        self.running_var.lerp_(var_C * (count / (count - 1)), self.momentum)


class TwiceCountedBatchNorm2d(BatchNorm2d):
    """BatchNorm whose running statistics move as if each batch were seen twice.

    The published fuse step runs its first path two times per training step. The two results are
    equal, so we run the path once and double it; two moving-average steps of momentum m towards
    the same value are one step of momentum 1 - (1 - m)^2.

    Source: derived here from the forward pass of the published Lite-HRNet code.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.momentum = 1 - (1 - self.momentum) ** 2

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Normalise ``x_BCHW``; same shape out."""
        if self.training:
            self.num_batches_tracked.add_(1)  # the parent adds the other one
        return super().forward(x_BCHW)


def _pixels_in_row(channels: int) -> int:
    """Fewest pixels whose channels fill vectors without a rest."""
    return LANES // math.gcd(channels, LANES)
