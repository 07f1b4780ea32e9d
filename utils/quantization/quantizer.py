"""From a float ONNX file and crops to a fixed-point file and what it costs, tensor by tensor."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import version_converter

from prepostprocess.metadata import FIXED_POINT
from utils.onnx_graph.graph import Graph
from utils.quantization.cures.biases import correct_biases
from utils.quantization.cures.equalize import PER_CHANNEL, PER_TENSOR, equalize
from utils.quantization.cures.learnt_rounding import learn_rounding
from utils.quantization.observe import Observed, TensorRunner, observe
from utils.quantization.plan import Options, RoundingPlan, make_plan
from utils.quantization.points import find_points
from utils.quantization.qdq import OPSET, stored_tensor, write_fixed_point
from utils.quantization.ranges import clipped_share
from utils.quantization.schemes import quantize, scale_and_radix

LEAST_CROPS = 8
RECORDED_BINS = 64
LEAST_TO_LEARN = 32  # crops
COMPARED = 8  # crops on which the fixed-point tensors are compared with the float ones


Balance = Callable[[Graph, RoundingPlan, Mapping[str, Observed], Sequence[np.ndarray]], None]


@dataclass(frozen=True)
class Prepared:
    """A float network that is ready to be rounded.

    Attributes:
        graph: equalised, its biases corrected, its weights on their grid where that was learnt.
        plan: where it is rounded to what.
        observed: statistics of the tensors that are rounded.
        notes: metadata of the file.
        exact: as graph, but with biases and weights as they were: what the chip is compared with.
    """

    graph: Graph
    plan: RoundingPlan
    observed: Mapping[str, Observed]
    notes: dict[str, str]
    exact: Graph


@dataclass(frozen=True)
class Quantized:
    """What came out.

    Attributes:
        model: QuantizeLinear and DequantizeLinear around each rounding.
        tensors: one record a rounded tensor: name, bits, scale, radix, largest, covered,
            clipped_share, snr_db, histogram (64 steps of magnitude, from 0 to the largest).
        snr_db: of the network's output.
    """

    model: onnx.ModelProto
    tensors: list[dict[str, Any]]
    snr_db: float


def prepare_rounding(
    model: onnx.ModelProto,
    images: Sequence[np.ndarray],
    options: Options,
    *,
    equalized: bool = True,
    corrected: bool = True,
    wide_sums: bool = False,
    balance: Balance | None = None,
    source: object = "network",
    observed: Mapping[str, Observed] | None = None,
    track: Callable[[Iterable], Iterable] = iter,
) -> Prepared:
    """Choose how a network is rounded, and cure what that costs.

    Args:
        model: float, with fixed sizes, BatchNormalization folded.
        images: float32 (1, 3, H, W) each, as the network is fed; eight at least, 32 to learn from.
        options: the chip's scheme and how ranges are chosen.
        equalized: bring channels to one range first.
        corrected: correct biases.
        wide_sums: sums and outputs get 16 bits: they lose most by 8.
        balance: brings channels to learnt ranges, in place; weights' rounding is then learnt too.
        source: the file, for messages.
        observed: statistics of the model as it is, where these images have given them already.
        track: wraps the images to show progress.

    Returns: the network, still in float.
    Raises: ValueError: images or sizes that do not serve, an operator without a rule, or a network
        that is quantised already.
    """
    graph = Graph(_raised(model))
    points = find_points(graph, source)
    _check_images(graph, images, source, LEAST_TO_LEARN if balance else LEAST_CROPS)
    observed = observed or observe(graph, points.rounded, images, track)
    if equalized:
        equalize(graph, observed, PER_CHANNEL if options.per_channel else PER_TENSOR)
        observed = observe(graph, points.rounded, images, track)
    if wide_sums:
        options = replace(options, wide=frozenset(points.sums))
    if balance:
        balance(graph, make_plan(graph, observed, options), observed, images)
        observed = observe(graph, points.rounded, images, track)
    plan, exact = make_plan(graph, observed, options), Graph(graph.to_model())
    if balance:
        learn_rounding(graph, plan, images, track)
    if corrected:
        correct_biases(graph, plan, images, track)
    return Prepared(graph, plan, observed, {e.key: e.value for e in model.metadata_props}, exact)


def write_down(prepared: Prepared, chip: str, images: Sequence[np.ndarray]) -> Quantized:
    """Round a prepared network, and compare it with the float one.

    Args:
        prepared: the network.
        chip: its number, for the file's notes.
        images: float32 (1, 3, H, W) each; the first eight are compared on.

    Returns:
        The fixed-point network with its records.
    """
    graph, plan, observed = prepared.graph, prepared.plan, prepared.observed
    fixed = Graph(graph.to_model())
    written = write_fixed_point(fixed, plan)
    onnx.helper.set_model_props(written, {**prepared.notes, FIXED_POINT: f'"{chip}"'})
    snr = _snr(prepared.exact, fixed, plan, images[:COMPARED])
    records = [_record(name, plan, observed[name], snr[name]) for name in observed]
    return Quantized(written, records, snr[stored_tensor(graph, graph.outputs[0], plan)])


def balanced_model(model: onnx.ModelProto, prepared: Prepared) -> onnx.ModelProto:
    """Bring the channels of a float network to the ranges that were found.

    Args:
        model: what was prepared.
        prepared: of it.

    Returns:
        The network with other weights, which gives the same answers; opset and names are the
        model's.
    """
    graph, source = Graph(model), prepared.exact
    exact = {node.output: node for node in source.of("Conv")}
    for node in graph.of("Conv"):
        for index, stem in enumerate(("weight", "bias")[: len(node.inputs) - 1], start=1):
            value = source.value(exact[node.output], index)
            if value is not None:
                node.inputs[index] = graph.constant(stem, value)
    graph.remove_dead_ends()
    balanced = graph.to_model()
    onnx.helper.set_model_props(balanced, prepared.notes)
    return balanced


def _raised(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose opset has steps for each channel."""
    opset = next(e.version for e in model.opset_import if e.domain in ("", "ai.onnx"))
    return model if opset >= OPSET else version_converter.convert_version(model, OPSET)


def _check_images(graph: Graph, images: Sequence[np.ndarray], source: object, least: int) -> None:
    wanted = graph.sizes(graph.inputs[0])
    if not wanted:
        raise ValueError(
            f"{source}: network must have fixed sizes, got open ones. Export it again."
        )
    if len(images) < least:
        purpose = " to learn from" if least == LEAST_TO_LEARN else ""
        raise ValueError(
            f"calibration must have at least {least} crops{purpose}, got {len(images)}. "
            "The vendor asks for 100."
        )
    for image in images:
        if image.shape != wanted:
            raise ValueError(
                f"{source}: calibration crops must be {wanted}, got {image.shape}. Make them with "
                "tools/export_calibration.py for this network."
            )
    flat = sum(float(image.max() - image.min()) < 1e-6 for image in images)
    if flat:
        raise ValueError(f"calibration crops must show something, but {flat} have one colour.")


def _snr(
    graph: Graph, fixed: Graph, plan: RoundingPlan, images: Sequence[np.ndarray]
) -> dict[str, float]:
    """Compare tensors of both networks, each fed from its own beginning, in decibels.

    A tensor's name is that of what comes before its rounding, which is done here once more.
    """
    names = list(plan.activations)
    exact, rounded = TensorRunner(graph, names), TensorRunner(fixed, names)
    signal, noise = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for image in images:
        theirs = rounded.run(image)
        for name, value in exact.run(image).items():
            step, bits = plan.activations[name]
            found = (quantize(theirs[name], step, bits) * step).astype(np.float32)
            signal[name] += float(np.square(value, dtype=np.float64).sum())
            noise[name] += float(np.square(value - found, dtype=np.float64).sum())
    return {
        name: 10 * float(np.log10(max(signal[name], 1e-20) / max(noise[name], 1e-20)))
        for name in names
    }


def _record(name: str, plan: RoundingPlan, observed: Observed, snr_db: float) -> dict[str, Any]:
    step, bits = plan.activations[name]
    scale, radix = scale_and_radix(step)
    covered = step * (2 ** (bits - 1) - 1)
    return {
        "name": name,
        "bits": bits,
        "scale": round(scale, 6),
        "radix": radix,
        "largest": round(observed.largest, 6),
        "covered": round(covered, 6),
        "clipped_share": clipped_share(observed, covered),
        "snr_db": round(snr_db, 2),
        "histogram": observed.histogram.reshape(RECORDED_BINS, -1).sum(axis=1).tolist(),
    }


def write_records(path: Path, quantized: Quantized, notes: dict[str, Any]) -> None:
    """Write the records as JSON, whole or not at all.

    Args:
        path: the file.
        quantized: what came out.
        notes: how it was made.
    """
    import json

    from prepostprocess.files import write_whole

    content = {**notes, "snr_db": round(quantized.snr_db, 2), "tensors": quantized.tensors}
    write_whole(path, json.dumps(content, indent=1) + "\n")
