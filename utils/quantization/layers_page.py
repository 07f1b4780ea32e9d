"""What a fixed-point file keeps of each tensor, as pieces of a page."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from prepostprocess.metadata import FIXED_POINT
from utils.onnx_graph.file import read_model
from utils.pages.charts import BLUE, bar, histogram
from utils.pages.page import Html, heading, paragraph, table

WORST = 10
FAR = 40.0  # times the root mean square; then that has 3 of 127 steps
FEW = 8  # steps of 127 that the largest weight of a row has
RED = "#e15759"
_TOP_DB = 50.0  # a bar of full length


def records_of(model: Path) -> Path | None:
    """Find the records that lie beside a fixed-point file; None for other networks."""
    path = model.with_suffix(".json")
    if model.suffix != ".onnx" or not path.is_file():
        return None
    notes = read_model(model).metadata_props
    return path if any(note.key == FIXED_POINT for note in notes) else None


def layer_parts(model: Path) -> list[Html]:
    """Show the signal-to-noise ratio of all tensors, and the worst ones closely.

    Args:
        model: file of tools/quantize.py or of ``train.py --qat``, its records beside it.

    Returns:
        Pieces of a page; none for a network in float.

    Raises:
        ValueError: records of another kind of file.
    """
    path = records_of(model)
    if path is None:
        return []
    try:
        tensors = json.loads(path.read_text(encoding="utf-8"))["tensors"]
        shown = [(t["name"], t["bits"], float(t["snr_db"])) for t in tensors]
        worst = sorted(tensors, key=lambda each: each["snr_db"])[:WORST]
        makers = _makers(read_model(model))
        closely = [_closely(tensor, makers.get(tensor["name"])) for tensor in worst]
    except (ValueError, KeyError, TypeError) as err:
        raise ValueError(
            f"{path}: it must be the records of {model.name}, got something else "
            f"({type(err).__name__}: {err}). Quantise again, or move it away."
        ) from err
    header = ["tensor", "made by", "SNR, dB", "clipped", "its magnitudes", "weights", "cure"]
    text = "Each tensor against the same one in float, both networks fed from their own beginning, "
    text += "from input to output; a low ratio alone says little."
    rows = [
        [name, bits, snr, bar(np.clip(snr / _TOP_DB, 0, 1), RED if snr < 10 else BLUE)]
        for name, bits, snr in shown
    ]
    return [
        heading(f"{model.name}: the {len(closely)} tensors that keep least"),
        table(header, closely),
        heading(f"{model.name}: all {len(rows)} tensors"),
        paragraph(text),
        Html(f'<div class="scroll">{table(["tensor", "bits", "SNR, dB", ""], rows)}</div>'),
    ]


def _closely(tensor: dict, maker: tuple[str, np.ndarray | None] | None) -> list[object]:
    op, weight = maker or ("input", None)
    counts, largest = np.array(tensor["histogram"]), tensor["largest"]
    weights = "" if weight is None else _weight_histogram(weight)
    return [
        tensor["name"],
        op,
        float(tensor["snr_db"]),
        Html(f"{tensor['clipped_share']:.1e}"),
        histogram(counts, 0.0, largest),
        weights,
        _cure(tensor, op, weight),
    ]


def _weight_histogram(weight: np.ndarray) -> Html:
    limits = np.iinfo(weight.dtype)
    ends = limits.min, limits.max + 1
    counts, _ = np.histogram(weight, bins=64, range=ends)
    return histogram(counts, *ends)


def _cure(tensor: dict, op: str, weight: np.ndarray | None) -> str:
    """What would help most, by what is seen of the tensor and of the weights that made it."""
    counts = np.array(tensor["histogram"], np.float64)
    centres = (np.arange(len(counts)) + 0.5) / len(counts) * tensor["largest"]
    root_mean_square = np.sqrt((counts * centres**2).sum() / max(counts.sum(), 1))
    told = []
    if tensor["bits"] == 8 and tensor["covered"] > FAR * root_mean_square:
        told.append(
            "few values reach far: --bits mixed where the chip can, or a lower --percentage"
        )
    if weight is not None:
        rows = np.abs(weight.reshape(len(weight), -1).astype(np.int64)).max(axis=1)
        few = int(((rows > 0) & (rows < FEW)).sum())
        if few:
            told.append(
                f"{few} of {len(rows)} rows of weights have fewer than {FEW} steps: --learn, "
                "--per-channel where the chip can"
            )
    return "; ".join(told) or "the noise of the layers before: cure those, or train.py --qat"


def _makers(model: onnx.ModelProto) -> dict[str, tuple[str, np.ndarray | None]]:
    """Each tensor's operator, a Relu's convolution in its place, and its rounded weights."""
    makers = {name: node for node in model.graph.node for name in node.output}
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    found: dict[str, tuple[str, np.ndarray | None]] = {}
    for name in makers:
        node = makers[name]
        while node.op_type in ("QuantizeLinear", "DequantizeLinear", "Relu", "Clip"):
            if node.input[0] not in makers:
                break
            node = makers[node.input[0]]
        weight = None
        if node.op_type == "Conv" and (rounded := makers.get(node.input[1])):
            weight = numpy_helper.to_array(values[rounded.input[0]])
        found[name] = node.op_type, weight
    return found
