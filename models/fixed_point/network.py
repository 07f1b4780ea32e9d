"""An exported network as PyTorch trains it, rounded as the chip will round it."""

import functools
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from models.fixed_point.operators import Function, operator, padding_of
from models.fixed_point.rounding import round_to
from utils.onnx_graph.graph import Graph, Node
from utils.quantization.plan import RoundingPlan
from utils.quantization.qdq import stored_tensor
from utils.quantization.quantizer import Prepared

UNIT = 2  # steps of rounding that a parameter of 1 stands for
LOG_UNIT = 0.2  # logarithm of a step that a parameter of 1 stands for


class LearntStep(nn.Module):
    """A step that is learnt: where it began, times the exponential of ``LOG_UNIT`` parameters.

    Args:
        step: float32, any shape, above 0.
        bits: 8 or 16.
    """

    def __init__(self, step: np.ndarray, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.register_buffer("start", torch.from_numpy(np.array(step, np.float32)))
        self.log_ratio = nn.Parameter(torch.zeros_like(self.start))

    @property
    def step(self) -> torch.Tensor:
        """The present step."""
        return self.start * (LOG_UNIT * self.log_ratio).exp()

    def forward(self, x: torch.Tensor, *, with_relu: bool = False) -> torch.Tensor:
        """Round to it.

        Args:
            x: any shape that the step broadcasts to.
            with_relu: numbers below 0 become 0.

        Returns:
            As x.
        """
        return round_to(x, self.step, self.bits, with_relu=with_relu)


class RoundedConv(nn.Module):
    """A convolution with rounded weights.

    Weights are kept in multiples of ``UNIT`` steps, so one learning rate suits layers of any range:
    Adam's 2e-3 moves a weight by .004 steps at most. A step that changes scales its weights along,
    for rounded anew their errors would no longer cancel where that was learnt. Biases are kept in
    multiples of ``UNIT`` steps of the output, where it began.

    Args:
        node: the Conv.
        weight: its weights, float32 (O, I, kh, kw).
        bias: float32 (O,) or None.
        step: of the weights, float32 (O,) or ().
        bits: of the weights.
        output_step: of the tensor that its sum is rounded to.
    """

    def __init__(
        self,
        node: Node,
        weight: np.ndarray,
        bias: np.ndarray | None,
        step: np.ndarray,
        bits: int,
        output_step: float,
    ) -> None:
        super().__init__()
        shaped = step.reshape((-1, 1, 1, 1) if step.ndim else ())
        self.rounding = LearntStep(shaped, bits)
        self.weight = nn.Parameter(torch.from_numpy(weight / (UNIT * shaped)))
        self.bias_unit = UNIT * output_step
        self.bias = None
        if bias is not None:
            self.bias = nn.Parameter(torch.from_numpy(bias.copy()) / self.bias_unit)
        self.padding = padding_of(node)
        self.stride = node.attributes.get("strides", [1, 1])
        self.dilation = node.attributes.get("dilations", [1, 1])
        self.groups = int(node.attributes.get("group", 1))

    @property
    def weight_unit(self) -> torch.Tensor:
        """What a parameter of 1 stands for."""
        return UNIT * self.rounding.step

    def float_weight(self) -> torch.Tensor:
        """The weights before rounding."""
        return self.weight * self.weight_unit

    def float_bias(self) -> torch.Tensor | None:
        """The bias before rounding."""
        return None if self.bias is None else self.bias * self.bias_unit

    def _rounded_bias(self, input_step: torch.Tensor) -> torch.Tensor | None:
        """Round the bias to the accumulator's own step: input's times weights'."""
        if (bias := self.float_bias()) is None:
            return None
        products = (self.rounding.step.reshape(-1) * input_step).detach()
        return round_to(bias, torch.maximum(products, bias.detach().abs() / 2**30), 32)

    def forward(self, x_BCHW: torch.Tensor, input_step: torch.Tensor) -> torch.Tensor:
        """Convolve with rounded weights and bias.

        Args:
            x_BCHW: the input, rounded.
            input_step: to what it is rounded.

        Returns:
            The sums, not yet rounded.
        """
        left, right, top, bottom = self.padding
        padding = (top, left)
        if (left, top) != (right, bottom):
            x_BCHW, padding = F.pad(x_BCHW, self.padding), (0, 0)
        return F.conv2d(
            x_BCHW,
            self.rounding(self.float_weight()),
            self._rounded_bias(input_step),
            self.stride,
            padding,
            self.dilation,
            self.groups,
        )


class FixedPointNetwork(nn.Module):
    """Run a prepared network node by node, each stored tensor rounded.

    Gives what the file of ``write_down`` gives, up to the rounding of float sums.

    Args:
        prepared: the float network and its plan; not changed.

    Attributes:
        stored: tensor to the step that it is rounded to.
        convs: the graph's convolutions, in its order.

    Raises:
        ValueError: an operator, or a form of one, that is not known.
    """

    def __init__(self, prepared: Prepared) -> None:
        super().__init__()
        self.prepared = prepared
        graph, activations = prepared.graph, prepared.plan.activations
        self.steps = nn.ModuleList(
            LearntStep(np.float32(s), bits) for s, bits in activations.values()
        )
        self.stored = dict(zip(activations, self.steps, strict=True))
        self.convs = nn.ModuleList()
        self._others = nn.ModuleList()  # what else holds tensors
        self._constants: dict[str, str] = {}  # of tensors to those of buffers
        self._calls = [self._call(node) for node in graph.nodes]
        self._last_use = {name: i for i, node in enumerate(graph.nodes) for name in node.inputs}

    def _call(self, node: Node) -> tuple[Function, list[str], list[str]]:
        """Return a node's function, rounding included, the tensors it takes and those it gives."""
        rounding = self.stored.get(node.output)
        inputs = node.inputs if node.op in ("Add", "Mul", "Concat") else node.inputs[:1]
        if node.op == "Relu" and rounding:
            return functools.partial(rounding, with_relu=True), inputs, node.outputs
        function = self._convolution(node) if node.op == "Conv" else self._operator(node, inputs)
        if rounding:
            return lambda *values: rounding(function(*values)), inputs, node.outputs
        return function, inputs, node.outputs

    def _convolution(self, node: Node) -> Function:
        graph, plan = self.prepared.graph, self.prepared.plan
        name = node.output
        if name not in plan.activations:  # its Relu's is rounded
            name = graph.readers()[name][0].output
        weight, bias = graph.constants[node.inputs[1]], graph.value(node, 2)
        step, bits = plan.weights[node.inputs[1]]
        conv = RoundedConv(node, weight, bias, step, bits, plan.activations[name][0])
        self.convs.append(conv)
        taken = self.stored[stored_tensor(graph, node.inputs[0], plan)]
        return lambda x: conv(x, taken.step)

    def _operator(self, node: Node, inputs: list[str]) -> Function:
        graph = self.prepared.graph
        function = operator(graph, node)
        if isinstance(function, nn.Module):
            self._others.append(function)
        for name in inputs:
            if name in graph.constants and name not in self._constants:
                self._constants[name] = f"constant_{len(self._constants)}"
                value = torch.from_numpy(graph.constants[name].copy())
                self.register_buffer(self._constants[name], value, persistent=False)
        return function

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return heatmaps float32 (B, K, h, w) of images normalised as the file takes them."""
        (source,), (wanted,) = self.prepared.graph.inputs, self.prepared.graph.outputs
        values = {source: self.stored[source](images_BCHW)}
        values |= {name: getattr(self, buffer) for name, buffer in self._constants.items()}
        for index, (function, inputs, outputs) in enumerate(self._calls):
            found = function(*(values[name] for name in inputs))
            parts = found if isinstance(found, tuple) else (found,)
            values.update(zip(outputs, parts, strict=True))
            for name in inputs:
                if self._last_use[name] == index and name != wanted:
                    values.pop(name, None)
        return values[wanted]

    def to_prepared(self) -> Prepared:
        """Return the network as it is now: float weights and steps in a graph of its own."""
        graph = Graph(self.prepared.graph.to_model())
        plan = RoundingPlan({}, {})
        for name, rounding in self.stored.items():
            plan.activations[name] = (rounding.step.item(), rounding.bits)
        for node, conv in zip(graph.of("Conv"), self.convs, strict=True):
            node.inputs[1] = graph.constant("weight", _array(conv.float_weight()))
            step = _array(conv.rounding.step)
            plan.weights[node.inputs[1]] = (
                step.reshape(-1) if step.ndim else step,
                conv.rounding.bits,
            )
            if conv.bias is not None:
                node.inputs[2] = graph.constant("bias", _array(conv.float_bias()))
        graph.refresh()
        return replace(self.prepared, graph=graph, plan=plan)

    def __deepcopy__(self, memo: dict) -> "FixedPointNetwork":
        """Copy: functions of the copy are its own modules."""
        twin = type(self)(self.prepared)
        twin.load_state_dict(self.state_dict())
        twin.train(self.training)
        return twin.to(next(self.parameters()).device)


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy().copy()
