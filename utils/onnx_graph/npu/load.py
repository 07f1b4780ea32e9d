"""Read an ONNX file for inspection: checked, functions inlined, heavy weights left on the disk."""

import os
from pathlib import Path

import onnx
import onnx.inliner
from onnx import TensorProto

from utils.onnx_graph.npu.errors import NpuCheckError, first_line

SMALL_ELEMENTS = 65_536  # constants above this matter by their shape alone


def load_model(source: Path | str | bytes) -> onnx.ModelProto:
    """Return a model whose large constants carry their shape only.

    Args:
        source: path of an ONNX file, or the bytes of one that keeps no data in other files.

    Raises:
        FileNotFoundError: no such file.
        NpuCheckError: not an ONNX model, invalid, or its external data is missing or short.
    """
    name = "model" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else _read(Path(source))
    folder = None if isinstance(source, bytes) else Path(source).parent
    try:
        model = onnx.load_model_from_string(data)
    except Exception as err:  # protobuf's DecodeError, of a package that is onnx's own business
        raise NpuCheckError(
            f"{name}: file must be an ONNX model, got other bytes. Export again."
        ) from err
    if not model.graph.node:
        raise NpuCheckError(
            f"{name}: file must be an ONNX model with nodes, got none. Export it again."
        )
    check_external_data(model, name, folder)
    try:
        # Paths go to the checker as paths: it then looks for external data beside the file.
        onnx.checker.check_model(data if folder is None else os.fspath(source))
    except (onnx.checker.ValidationError, ValueError) as err:
        raise NpuCheckError(f"{name}: file must be a valid ONNX model: {first_line(err)}") from err
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    _lighten(model, folder)
    return model


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: model must be an ONNX file, got none there. Check the path."
        )
    return path.read_bytes()


def _external(tensor: TensorProto) -> dict[str, str] | None:
    if tensor.data_location != TensorProto.EXTERNAL:
        return None
    return {entry.key: entry.value for entry in tensor.external_data}


def check_external_data(model: onnx.ModelProto, name: str, folder: Path | None) -> None:
    """Make sure that weights outside the file are there, without reading them.

    Args:
        model: as parsed.
        name: of the file, for messages.
        folder: where it lies; None: nowhere, it came as bytes.

    Raises: NpuCheckError: a file of weights is missing or short.
    """
    for tensor in model.graph.initializer:
        entry = _external(tensor)
        if entry is None:
            continue
        if folder is None:
            raise NpuCheckError(
                f"{name}: data must be inside the model, {tensor.name} is external."
            )
        location = entry.get("location", "")
        path = folder / location
        need = int(entry.get("offset", 0)) + int(entry.get("length", 0))
        if not path.is_file():
            raise NpuCheckError(
                f"{name}: external data must lie beside the file, {location} is missing "
                f"(tensor {tensor.name}). Copy it there."
            )
        if path.stat().st_size < need:
            raise NpuCheckError(
                f"{name}: external data {location} must have {need} bytes for tensor "
                f"{tensor.name}, got {path.stat().st_size}. Copy it again."
            )


def _lighten(model: onnx.ModelProto, folder: Path | None) -> None:
    """Drop the data of large initializers and bring in that of small external ones."""
    for tensor in model.graph.initializer:
        elements = 1
        for size in tensor.dims:
            elements *= size
        if elements > SMALL_ELEMENTS:
            light = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
            tensor.CopyFrom(light)
        elif folder is not None and _external(tensor) is not None:
            onnx.external_data_helper.load_external_data_for_tensor(tensor, os.fspath(folder))
            tensor.data_location = TensorProto.DEFAULT  # onnx before 1.22 leaves that to others
            del tensor.external_data[:]
