"""Read whole ONNX files with one clear refusal, and write them in one step."""

import json
import os
from pathlib import Path

import onnx

from prepostprocess.files import write_whole
from utils.onnx_graph.npu.errors import first_line
from utils.onnx_graph.npu.load import check_external_data


def read_model(path: str | Path) -> onnx.ModelProto:
    """Read a model with all its weights.

    Args:
        path: ONNX file; external data lie beside it.
    Returns: a model that the ONNX checker has passed, with its weights inside.
    Raises: ValueError: no ONNX file, an invalid one, or external data missing or short.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: model must be an existing ONNX file, got none. Check the path.")
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as err:  # protobuf's DecodeError, of a package that is onnx's own business
        raise ValueError(
            f"{path}: model must be an ONNX file, got other bytes or a part of one. "
            "Export or copy it again."
        ) from err
    if not model.graph.node:
        raise ValueError(f"{path}: model must be an ONNX file with nodes, got none. Export again.")
    check_external_data(model, str(path), path.parent)
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
        for tensor in model.graph.initializer:
            onnx.numpy_helper.to_array(tensor)  # notices data that are cut short
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, OSError, TypeError, ValueError) as err:
        raise ValueError(
            f"{path}: model must be a valid, whole ONNX file, but {first_line(err)}. "
            "Export it again, or copy its external data beside it."
        ) from err
    return model


def replace_metadata(model: onnx.ModelProto, key: str, words: dict[str, str]) -> onnx.ModelProto:
    """Exchange words in one of our exporter's notes; a file without it stays as it is.

    Args:
        model: changed in place.
        key: of the note.
        words: what it says to what it shall say.

    Returns:
        The model.
    """
    for note in model.metadata_props:
        if note.key == key:
            note.value = json.dumps(words[json.loads(note.value)])
    return model


def write_model(model: onnx.ModelProto, path: str | Path) -> None:
    """Write a model in one step: the file is there whole, or as it was before.

    Args:
        model: with its weights inside.
        path: the file.

    Raises:
        ValueError: the folder is missing or cannot be written to.
        OSError: the file cannot be written, as on a full disk.
    """
    content = model.SerializeToString()
    check_target(path)
    write_whole(path, content)


def check_target(path: str | Path, *sources: Path) -> None:
    """Refuse a file that could not be written, before any work is done for it.

    Args:
        path: the file.
        sources: existing files that it must not take the place of.
    Raises: ValueError: a folder that is missing or closed, a folder in the file's place, or one of
        the sources.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path}: output must be a file, got a folder. Name the file in it.")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: folder must exist, got none. Make it first.")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"{path}: folder must be writable, got one that is not. Choose another.")
    if path.exists() and any(path.samefile(source) for source in sources):
        raise ValueError(f"{path}: output must be a new file, got one that is read. Name another.")
