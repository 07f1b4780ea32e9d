"""A prepared network in a file: the float network as ONNX, its plan in the metadata."""

import json
from pathlib import Path

import numpy as np
import onnx

from utils.onnx_graph.file import read_model, write_model
from utils.onnx_graph.graph import Graph
from utils.quantization.plan import RoundingPlan
from utils.quantization.quantizer import Prepared

PLAN = "rounding_plan"


def float_model(prepared: Prepared) -> onnx.ModelProto:
    """Return the network before rounding, with the notes of the file it came from."""
    model = prepared.graph.to_model()
    onnx.helper.set_model_props(model, prepared.notes)
    return model


def write_prepared(prepared: Prepared, path: Path) -> None:
    """Write a prepared network; its statistics are left out.

    Args:
        prepared: the network.
        path: ONNX file; it appears whole or not at all.
    """
    model, plan = float_model(prepared), prepared.plan
    weights = {name: (step.tolist(), bits) for name, (step, bits) in plan.weights.items()}
    note = json.dumps({"activations": plan.activations, "weights": weights})
    onnx.helper.set_model_props(model, {**prepared.notes, PLAN: note})
    write_model(model, path)


def read_prepared(path: Path) -> Prepared:
    """Read what ``write_prepared`` wrote.

    Args:
        path: the file.

    Returns:
        The network, without statistics.

    Raises:
        ValueError: another file.
    """
    model = read_model(path)
    notes = {note.key: note.value for note in model.metadata_props}
    if PLAN not in notes:
        raise ValueError(
            f"{path}: network must be one that train.py --qat has prepared, got another. Begin "
            "anew with --load-from."
        )
    plan = json.loads(notes.pop(PLAN))
    activations = {
        name: (float(step), int(bits)) for name, (step, bits) in plan["activations"].items()
    }
    weights = {
        name: (np.array(step, np.float32), int(bits))
        for name, (step, bits) in plan["weights"].items()
    }
    graph = Graph(model)
    return Prepared(graph, RoundingPlan(activations, weights), {}, notes, graph)
