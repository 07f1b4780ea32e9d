"""Read what a user knows of disputed operators, from the log of the vendor's compiler."""

from collections.abc import Iterable

from utils.onnx_graph.npu.errors import NpuCheckError
from utils.onnx_graph.npu.tables import Table
from utils.onnx_graph.npu.verdict import Side

_SIDES: dict[str, Side] = {"npu": "NPU", "cpu": "CPU"}


def read_settled(words: Iterable[str], table: Table) -> dict[str, Side]:
    """Read OP=npu and OP=cpu.

    Args:
        words: the values of ``--assume``.
        table: lists the operators.

    Returns:
        Operator to the side on which its disputed nodes run.

    Raises:
        NpuCheckError: an unknown operator or side, or two sides for one operator.
    """
    settled: dict[str, Side] = {}
    for word in words:
        operator, _, side = word.partition("=")
        name = table.named(operator)
        if side.lower() not in _SIDES:
            raise NpuCheckError(f"--assume must be OP=npu or OP=cpu, got {word!r}.")
        if settled.setdefault(name, _SIDES[side.lower()]) != _SIDES[side.lower()]:
            raise NpuCheckError(f"--assume puts {name} on the NPU and on the CPU. Name one.")
    return settled
