"""A graph that passes can edit: plain attributes, constants as arrays, shapes at hand."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OpenShape = tuple[int | None, ...]


@dataclass(eq=False)
class Node:
    """One node; two nodes are equal only if they are the same object.

    Attributes:
        op: operator, with its domain in front where that is not ONNX's own ("com.x::Op").
        inputs: tensor names, "" for one left out.
        outputs: tensor names, "" for one left out.
        attributes: as ``onnx.helper.get_attribute_value`` gives them; bytes decoded.
        name: unique in the graph once the model is made.
    """

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def output(self) -> str:
        """The first output."""
        return self.outputs[0]


class Graph:
    """A model taken apart.

    Attributes:
        nodes: in topological order after ``refresh``.
        constants: name to value of all tensors that are in the file (initializers, Constant nodes).
        shapes: name to shape, None for a size that is not fixed; unknown ones are absent.
        opset: version of ONNX's own operators.
        inputs: names of the inputs that are data.
        outputs: names of the graph's outputs.
        kept: names that must stay as they are: the outputs and what subgraphs read.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._frame = onnx.ModelProto()
        self._frame.CopyFrom(model)
        # before 4 an initializer had to be an input as well
        self._frame.ir_version = max(model.ir_version, 4)
        self.opset = next(e.version for e in model.opset_import if e.domain in ("", "ai.onnx"))
        self._take_apart()

    def _take_apart(self) -> None:
        graph = self._frame.graph
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self.nodes: list[Node] = []
        self.kept: set[str] = set()
        for proto in graph.node:
            self._read(proto)
        for part in (graph.node, graph.initializer, graph.value_info):
            del part[:]
        given = [value for value in graph.input if value.name not in self.constants]
        del graph.input[:]
        graph.input.extend(given)
        self.inputs = [value.name for value in given]
        self.outputs = [value.name for value in graph.output]
        self.kept |= set(self.outputs)
        self._used = {*self.constants, *self.inputs}
        self._used |= {name for node in self.nodes for name in (*node.outputs, node.name)}
        self.shapes: dict[str, OpenShape] = {}
        self._kinds: dict[str, int] = {}
        self.refresh()

    def _read(self, proto: onnx.NodeProto) -> None:
        attributes = {a.name: _attribute(a) for a in proto.attribute}
        domain = proto.domain if proto.domain not in ("", "ai.onnx") else ""
        op = f"{domain}::{proto.op_type}" if domain else proto.op_type
        if op == "Constant" and "value" in attributes:
            self.constants[proto.output[0]] = numpy_helper.to_array(attributes["value"])
            return
        for attribute in proto.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                self.kept |= {name for node in inner.node for name in _reads(node)}
        self.nodes.append(Node(op, list(proto.input), list(proto.output), attributes, proto.name))

    # ---- questions -------------------------------------------------------------------------

    def producers(self) -> dict[str, Node]:
        """Return tensor name to the node that makes it."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    def readers(self) -> dict[str, list[Node]]:
        """Return tensor name to the nodes that read it, one entry for every time."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                if name:
                    found.setdefault(name, []).append(node)
        return found

    def value(self, node: Node, index: int) -> np.ndarray | None:
        """Return the value of a constant input, or None.

        Args:
            node: of the graph.
            index: of the input.

        Returns:
            The value; None where it is computed or left out.
        """
        return self.constants.get(node.inputs[index]) if index < len(node.inputs) else None

    def shape(self, name: str) -> OpenShape:
        """Return a tensor's shape; () where it is unknown."""
        return self.shapes.get(name, ())

    def sizes(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape where all its sizes are fixed; else ()."""
        shape = self.shape(name)
        sizes = tuple(size for size in shape if size is not None)
        return sizes if len(sizes) == len(shape) else ()

    def size(self, name: str, axis: int) -> int:
        """Return one size of a tensor.

        Args:
            name: a tensor of known shape.
            axis: which one.

        Returns:
            The size.

        Raises:
            ValueError: it is not fixed.
        """
        size = self.shape(name)[axis]
        if size is None:
            raise ValueError(f"{name}: size {axis} must be fixed, got an open one. Export it so.")
        return size

    def dtype(self, name: str) -> np.dtype:
        """Return the type of a tensor's numbers; float32 where it is unknown."""
        if name in self.constants:
            return self.constants[name].dtype
        return helper.tensor_dtype_to_np_dtype(self._kinds.get(name) or onnx.TensorProto.FLOAT)

    def of(self, *ops: str) -> Iterator[Node]:
        """Yield the nodes of the given operators; the graph may be edited meanwhile."""
        yield from [node for node in self.nodes if node.op in ops]

    # ---- edits -----------------------------------------------------------------------------

    def name(self, stem: str) -> str:
        """Return a name that nothing in the graph has yet."""
        found, number = stem, 0
        while found in self._used:
            number += 1
            found = f"{stem}_{number}"
        self._used.add(found)
        return found

    def constant(self, stem: str, value: np.ndarray) -> str:
        """Store a constant and return its name.

        Args:
            stem: what its name begins with.
            value: the constant.

        Returns:
            Its name.
        """
        name = self.name(stem)
        self.constants[name] = value
        return name

    def insert(self, before: Node, op: str, inputs: list[str], stem: str, **attributes) -> Node:
        """Add a node with one new output in front of another one.

        Args:
            before: the node that it goes in front of.
            op: the new node's operator.
            inputs: names of tensors.
            stem: what its output's name begins with.
            **attributes: the new node's.

        Returns:
            The new node.
        """
        node = Node(op, inputs, [self.name(stem)], attributes)
        self.nodes.insert(self.nodes.index(before), node)
        return node

    def replace_reads(self, old: str, new: str) -> None:
        """Let all readers of ``old`` read ``new``; a kept name goes to the maker of ``new``.

        Args:
            old: name of a tensor.
            new: name of the tensor that takes its place.
        """
        if old in self.kept:
            self._take_name(old, new)
            return
        for node in self.nodes:
            node.inputs = [new if name == old else name for name in node.inputs]

    def _take_name(self, old: str, new: str) -> None:
        for node in self.nodes:
            if old in node.outputs:
                node.outputs = [self.name(f"{old}_before") if n == old else n for n in node.outputs]
        producer = self.producers().get(new)
        if producer is None or new in self.kept:
            where = len(self.nodes) if producer is None else self.nodes.index(producer) + 1
            where = 0 if producer is None else where
            self.nodes.insert(where, Node("Identity", [new], [old]))
            return
        producer.outputs = [old if n == new else n for n in producer.outputs]
        for node in self.nodes:
            node.inputs = [old if n == new else n for n in node.inputs]

    def remove(self, nodes: Iterable[Node]) -> None:
        """Take nodes out."""
        gone = {id(node) for node in nodes}
        self.nodes = [node for node in self.nodes if id(node) not in gone]

    def remove_dead_ends(self) -> int:
        """Take out nodes and constants that nothing depends on; return how many nodes."""
        needed, alive = set(self.kept), []
        for node in reversed(self._sorted()):
            if needed & set(node.outputs):
                needed |= set(node.inputs)
                alive.append(node)
        count = len(self.nodes) - len(alive)
        self.nodes = alive[::-1]
        self.constants = {k: v for k, v in self.constants.items() if k in needed}
        return count

    def replace_by(self, model: onnx.ModelProto) -> bool:
        """Take nodes and constants from another form of the same model; say if they differ."""
        before = self._fingerprint()
        del self._frame.graph.node[:], self._frame.graph.initializer[:]
        self._frame.graph.node.extend(model.graph.node)
        self._frame.graph.initializer.extend(model.graph.initializer)
        self._take_apart()
        return self._fingerprint() != before

    def _fingerprint(self) -> tuple:
        return len(self.constants), [(node.op, len(node.inputs)) for node in self.nodes]

    def refresh(self) -> None:
        """Sort the nodes and find all shapes and types anew; call it after edits."""
        self.remove_dead_ends()
        model = onnx.shape_inference.infer_shapes(self.to_model(), data_prop=True)
        self.shapes = {name: value.shape for name, value in self.constants.items()}
        graph = model.graph
        for value in [*graph.input, *graph.value_info, *graph.output]:
            kind = value.type.tensor_type
            self._kinds[value.name] = kind.elem_type
            if kind.HasField("shape"):
                self.shapes[value.name] = tuple(
                    d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim
                )

    def _sorted(self) -> list[Node]:
        """Return the nodes with every maker before its readers, else in their present order."""
        made_by = {name: node for node in self.nodes for name in node.outputs if name}
        done: set[int] = set()
        order: list[Node] = []
        for root in self.nodes:
            stack = [root]
            while stack:
                node = stack[-1]
                waiting = [
                    made_by[n]
                    for n in self._all_reads(node)
                    if n in made_by and id(made_by[n]) not in done
                ]
                if waiting and id(node) not in done:
                    stack.extend(waiting)
                    continue
                stack.pop()
                if id(node) not in done:
                    done.add(id(node))
                    order.append(node)
        return order

    def _all_reads(self, node: Node) -> list[str]:
        names = list(node.inputs)
        for value in node.attributes.values():
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, onnx.GraphProto):
                    names += [n for proto in inner.node for n in _reads(proto)]
        return names

    def to_model(self) -> onnx.ModelProto:
        """Return the graph as a model; all nodes have names of their own."""
        model = onnx.ModelProto()
        model.CopyFrom(self._frame)
        counts = Counter(node.name for node in self.nodes)
        for node in self.nodes:
            if not node.name or counts[node.name] > 1:
                node.name = self.name(node.op)
        model.graph.node.extend(_proto(node) for node in self.nodes)
        model.graph.initializer.extend(
            numpy_helper.from_array(value, name) for name, value in self.constants.items()
        )
        return model


def _attribute(attribute: onnx.AttributeProto) -> Any:
    found = helper.get_attribute_value(attribute)
    if isinstance(found, bytes):
        return found.decode()
    return list(found) if attribute.type > onnx.AttributeProto.GRAPH else found


def _reads(proto: onnx.NodeProto) -> list[str]:
    """Return the tensors that a node of a subgraph reads, those of its own subgraphs included."""
    names = [name for name in proto.input if name]
    for attribute in proto.attribute:
        for graph in [attribute.g, *attribute.graphs]:
            for inner in graph.node:
                names += _reads(inner)
    return names


def _proto(node: Node) -> onnx.NodeProto:
    domain, _, op = node.op.rpartition("::")
    attributes = {k: v for k, v in node.attributes.items() if v is not None}
    return helper.make_node(
        op, node.inputs, node.outputs, name=node.name, domain=domain or None, **attributes
    )
