"""Rounding to fixed point that gradients pass: the straight-through estimator, steps learnt."""

import torch


class _Round(torch.autograd.Function):
    """Round to multiples of a step, clip to the integers of a width.

    Source: Esser et al., "Learned Step Size Quantization", arXiv:1902.08153, equations 1 to 3.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: torch.autograd.function.FunctionCtx,
        x: torch.Tensor,
        step: torch.Tensor,
        least: int,
        most: int,
    ) -> torch.Tensor:
        y = torch.div(x, step).round_().clamp_(least, most).mul_(step)
        ctx.save_for_backward(x, y, step)
        ctx.least, ctx.most = least, most
        return y

    @staticmethod
    def backward(  # noqa: D102
        ctx: torch.autograd.function.FunctionCtx, grad: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        x, y, step = ctx.saved_tensors
        inside = (x >= ctx.least * step) & (x <= ctx.most * step)
        grad_x = grad * inside
        # y / step is the integer; within the range its distance from x / step is what counts
        products = torch.addcmul(grad * y, grad_x, x, value=-1)
        return grad_x, products.sum_to_size(step.shape) / step, None, None


def round_to(
    x: torch.Tensor, step: torch.Tensor, bits: int, *, with_relu: bool = False
) -> torch.Tensor:
    """Round to fixed point: what QuantizeLinear and DequantizeLinear together compute.

    Args:
        x: any shape.
        step: above 0, of a shape that broadcasts to x.
        bits: 8 or 16; 32 for biases.
        with_relu: numbers below 0 become 0.

    Returns:
        As x. The gradient passes to x where it is not clipped, and to the step.
    """
    top = 2 ** (bits - 1)
    return _Round.apply(x, step, 0 if with_relu else -top, top - 1)
