"""One node of an ONNX graph with what the rules ask of it, whatever its opset's form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Tensors:
    """What is known of the tensors of a graph.

    Attributes:
        shapes: tensor name to its fixed shape; a tensor of unknown shape is absent.
        constants: names of the tensors that do not depend on the network's input.
        values: numpy arrays of the small constants (at most 65,536 elements).
    """

    shapes: Mapping[str, Shape]
    constants: frozenset[str]
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class NodeView:
    """One node.

    Attributes:
        name: unique in the graph; made up from operator and position where the file has none.
        op: operator, with its domain in front where that is not ONNX's own ("com.x::Op").
        opset: version of the node's domain.
        attributes: as ``onnx.helper.get_attribute_value`` gives them; bytes decoded.
        inputs: tensor names, "" for one left out.
        outputs: tensor names, "" for one left out.
        tensors: what is known of all tensors of the graph.
        reader_ops: operators of the nodes that read an output, sorted; "output" for the graph's.
        tail: no convolution, matrix product or pooling comes after this node.
    """

    name: str
    op: str
    opset: int
    attributes: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Tensors = field(repr=False)
    reader_ops: tuple[str, ...] = ()
    tail: bool = False

    def has_input(self, index: int) -> bool:
        """Say whether input ``index`` is given."""
        return index < len(self.inputs) and self.inputs[index] != ""

    def is_constant(self, index: int) -> bool:
        """Say whether input ``index`` is given and does not depend on the network's input."""
        return self.has_input(index) and self.inputs[index] in self.tensors.constants

    def value(self, index: int) -> np.ndarray | None:
        """Return the value of a small constant input, or None."""
        return self.tensors.values.get(self.inputs[index]) if self.has_input(index) else None

    def shape_in(self, index: int) -> Shape | None:
        """Return the shape of an input, or None where it is unknown or left out."""
        return self.tensors.shapes.get(self.inputs[index]) if self.has_input(index) else None

    def shape_out(self, index: int = 0) -> Shape | None:
        """Return the shape of an output, or None where it is unknown."""
        return self.tensors.shapes.get(self.outputs[index])

    def data_inputs(self) -> list[str]:
        """Return the names of the inputs that depend on the network's input."""
        return [n for n in self.inputs if n and n not in self.tensors.constants]

    def data_shapes(self) -> list[Shape]:
        """Return the known shapes of all data inputs and of all outputs."""
        names = [*self.data_inputs(), *(n for n in self.outputs if n)]
        return [self.tensors.shapes[n] for n in names if n in self.tensors.shapes]

    def unknown_shapes(self) -> list[str]:
        """Return the names of data inputs and outputs whose shape depends on the data."""
        names = [*self.data_inputs(), *(n for n in self.outputs if n)]
        return [n for n in names if n not in self.tensors.shapes]

    def argument(self, attribute: str, index: int, default: Any = None) -> Any:
        """Return an attribute that a later opset made an input, from wherever it stands.

        Args:
            attribute: its name in the older opset.
            index: of the input in the later one.
            default: what stands for neither.

        Returns: the attribute; else the constant input as a list or a number; ``default`` where
            neither is given; :data:`UNKNOWN` where the input is computed at run time.
        """
        if attribute in self.attributes:
            return self.attributes[attribute]
        if not self.has_input(index):
            return default
        found = self.value(index)
        return UNKNOWN if found is None else found.tolist()

    def window(self) -> tuple[Shape, Shape, Shape]:
        """Return kernel, stride and dilation of a convolution or a pooling, one entry per axis."""
        kernel = self.attributes.get("kernel_shape")
        if kernel is None:
            kernel = (self.shape_in(1) or ())[2:]
        ones = [1] * len(kernel)
        stride = self.attributes.get("strides", ones)
        return tuple(kernel), tuple(stride), tuple(self.attributes.get("dilations", ones))


class _Unknown:
    """Marks an argument that is computed at run time."""

    def __repr__(self) -> str:
        return "computed at run time"


UNKNOWN = _Unknown()


def by(sizes: Shape) -> str:
    """Write sizes as "8x8"."""
    return "x".join(str(s) for s in sizes)
