"""Make a NEF of a pose network; runs inside the chip vendor's container, where ktc is.

    python compile_nef.py model.onnx calibration.npz --platform 720

MODEL.onnx is export2onnx.py's, calibration.npz tools/export_calibration.py's. This file needs
nothing else of the repository: copy it to where the container sees it. Sections in the comments
are those of the vendor's toolchain manual, version 0.32. docs/to_nef.md tells the whole way.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import zlib
from pathlib import Path
from zipfile import BadZipFile

PLATFORMS = ("520", "530", "630", "720", "730")
VERSION_FILE = Path("/workspace/version.txt")  # section 2.2
OLDEST = (0, 25)  # the first with kneronnxopt as its default optimiser, section 3.1
SAME = 60.0  # dB between two float networks that ought to be equal
CONFIDENT = 0.2  # keypoints that the float network gives less are not compared
BIT_WIDTHS = {  # "Optimizing Quantization Modes", 3.2.1 to 3.2.4
    "int8": ("int8", "int8", "int8"),
    "mix-light": ("mix light", "mix light", "int16"),
    "mixbw": ("mixbw", "mixbw", "int16"),
    "int16": ("int16", "int16", "int16"),
}


class Refused(ValueError):
    """Something that the user can put right; the message is one line."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("model", type=Path, help="pose network (.onnx) with its metadata")
    add("calibration", type=Path, help="arrays (.npz)")
    add("--platform", required=True, choices=PLATFORMS, help="chip")
    add("--output-dir", type=Path, metavar="DIR", help="default: nef_<platform> beside the model")
    add("--model-id", type=int, default=32769, help="32768 and above are free (default: 32769)")
    add("--model-version", default="0001", metavar="HEX", help="four digits (default: 0001)")
    add(
        "--bits",
        choices=tuple(BIT_WIDTHS),
        default="int8",
        help="exacter and slower from left to right; the 520 has int8 only (default: int8)",
    )
    add(
        "--percentage",
        type=float,
        default=1.0,
        help="share of the values inside the quantiser's range; below 1 the tips of the heatmaps' "
        "peaks are cut off (default: 1)",
    )
    add("--optimize", type=int, choices=range(5), default=0, help="bias adjustment (default: 0)")
    add("--threads", type=int, default=4, help="of the quantiser (default: 4)")
    add("--check", type=int, default=8, metavar="N", help="crops to compare on (default: 8)")
    add(
        "--min-snr",
        type=float,
        default=20.0,
        metavar="DB",
        help="stop before compiling if the quantised heatmaps are worse (default: 20)",
    )
    args = parser.parse_args(argv)
    if not re.fullmatch("[0-9a-fA-F]{4}", args.model_version):
        parser.error(f"--model-version must be four hex digits, got {args.model_version!r}")
    if args.platform == "520" and args.bits != "int8":
        parser.error(f"--bits must be int8 for 520, got {args.bits}. Leave it out.")
    if not 0 < args.percentage <= 1:
        parser.error(f"--percentage must be above 0 and at most 1, got {args.percentage}")
    for name in ("threads", "check"):
        if getattr(args, name) < 1:
            parser.error(f"--{name} must be at least 1, got {getattr(args, name)}")
    return args


def toolchain_version() -> str:
    """Read the container's version; refuse those whose functions are called otherwise."""
    text = VERSION_FILE.read_text() if VERSION_FILE.is_file() else ""
    found = re.search(r"(\d+)\.(\d+)(\.\d+)?", text)
    if found is None:
        return "unknown"
    if (int(found[1]), int(found[2])) < OLDEST:
        raise Refused(
            f"{VERSION_FILE}: toolchain must be 0.25 or newer, got {found[0]}. "
            "Pull a newer image; docs/to_nef.md says what differs."
        )
    return found[0]


def read_network(path: Path) -> tuple:
    """Load an ONNX file: the model, its metadata and its input's name and shape."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(str(path))
    except (OSError, DecodeError) as err:
        raise Refused(f"{path}: model must be an ONNX file, got {err}. Check the path.") from err
    notes = {item.key: item.value for item in model.metadata_props}
    try:
        offset = json.loads(notes.get("pixel_offset", "null"))  # of networks that normalise
        notes = {key: json.loads(notes[key]) for key in ("preprocess", "colour", "input_wh")}
    except (KeyError, ValueError) as err:
        raise Refused(
            f"{path}: metadata must hold preprocess, colour and input_wh, got a fault at {err}. "
            "Export the network with export2onnx.py."
        ) from err
    name, shape = input_of(model)
    notes["pixel_offset"] = offset
    width, height = notes["input_wh"]
    if shape != (1, 3, height, width):
        raise Refused(
            f"{path}: input must be fixed to (1, 3, {height}, {width}), got {shape}. "
            "Export without --dynamic-batch."
        )
    return model, notes, name, shape


def input_of(model) -> tuple:
    """Name and shape of a network's only input; 0 stands for an open size."""
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise Refused(f"model must have one input, got {[v.name for v in inputs]}. Use another.")
    return inputs[0].name, tuple(d.dim_value for d in inputs[0].type.tensor_type.shape.dim)


# what numpy, json and Python raise at files that are cut short, damaged, or of another kind
UNREADABLE = (AttributeError, BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError)
UNREADABLE += (zlib.error,)


def read_calibration(path: Path, notes: dict, shape: tuple) -> list:
    """Load the crops, each of the network's shape, once they suit it."""
    import numpy as np

    try:
        with np.load(str(path), allow_pickle=False) as file:
            images, theirs = file["images"], dict(json.loads(str(file["notes"])))
    except UNREADABLE as err:
        raise Refused(
            f"{path}: calibration must be a file of tools/export_calibration.py, got a fault "
            f"({err}). Write it again."
        ) from err
    for key, value in [("layout", "nchw")] + sorted(notes.items()):
        if theirs.get(key) != value:
            raise Refused(
                f"{path}: {key} must be {value!r} as in the network, got {theirs.get(key)!r}. "
                "Write the calibration with this network, and --layout nchw."
            )
    if images.dtype != np.float32 or images.shape[1:] != shape[1:] or not len(images):
        raise Refused(
            f"{path}: images must be float32 (N, {shape[1]}, {shape[2]}, {shape[3]}), got "
            f"{images.dtype} {images.shape}. Write the calibration again."
        )
    if not np.isfinite(images).all():
        raise Refused(f"{path}: images must be finite numbers. Write the calibration again.")
    return [np.ascontiguousarray(image[None]) for image in images]


def keypoints_of(heatmaps, input_wh: tuple) -> tuple:
    """Decode as "quarter" does: (N, K, 2) xy in pixels of the crop, and (N, K) peaks' heights."""
    import numpy as np

    count, joints, height, width = heatmaps.shape
    flat = heatmaps.reshape(count, joints, -1)
    index = flat.argmax(-1)
    scores = np.take_along_axis(flat, index[..., None], -1)[..., 0]
    peaks = np.stack([index % width, index // width], -1)
    points = peaks.astype(np.float64)
    padded = np.pad(heatmaps, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    n, k = np.indices((count, joints))
    x, y = peaks[..., 0] + 1, peaks[..., 1] + 1
    slopes = (
        padded[n, k, y, x + 1].astype(np.float64) - padded[n, k, y, x - 1],
        padded[n, k, y + 1, x].astype(np.float64) - padded[n, k, y - 1, x],
    )
    at_edge = (peaks == 0).any(-1)
    for axis, size in enumerate((width, height)):
        usable = (peaks[..., axis] > 1) & (peaks[..., axis] < size - 1) & ~at_edge
        points[..., axis] += np.where(usable, 0.25 * np.sign(slopes[axis]), 0)
    return points * [input_wh[0] / width, input_wh[1] / height], scores


def compare(ours, theirs, input_wh: tuple) -> tuple:
    """Compare heatmaps: a sentence, and the signal-to-noise ratio in dB."""
    import numpy as np

    if ours.shape != theirs.shape:
        raise Refused(
            f"heatmaps must keep their shape {ours.shape}, got {theirs.shape}. Report it."
        )
    noise = float(((ours.astype(np.float64) - theirs) ** 2).sum())
    signal = float((ours.astype(np.float64) ** 2).sum())
    snr = 10 * math.log10(max(signal, 1e-300) / noise) if noise else math.inf
    before, scores = keypoints_of(ours, input_wh)
    shifts = np.hypot(*np.moveaxis(keypoints_of(theirs, input_wh)[0] - before, -1, 0))
    shifts = shifts[scores > CONFIDENT]
    text = f"max difference {np.abs(ours - theirs).max():.3g}, SNR {snr:.1f} dB; "
    if not len(shifts):
        return text + f"no keypoint above {CONFIDENT} to compare", snr
    return (
        text + f"{len(shifts)} keypoints move by {shifts.mean():.2f} px of the crop on average, "
        f"{np.percentile(shifts, 95):.2f} at 95 %, {shifts.max():.2f} at most",
        snr,
    )


def run(crops: list, name: str, **network):
    """Compute heatmaps (N, K, h, w) with the vendor's simulator; one file is given by keyword."""
    import ktc
    import numpy as np

    # 3.3 (onnx_file), 4.2 (bie_file), 5.2 (nef_file): inputs have the ONNX file's shape
    results = [ktc.kneron_inference([crop], input_names=[name], **network) for crop in crops]
    if any(len(outputs) != 1 for outputs in results):
        raise Refused(f"network must have one output, got {len(results[0])}. Use another.")
    return np.concatenate([np.asarray(outputs[0], np.float32) for outputs in results])


def make_nef(args: argparse.Namespace) -> Path:
    """Optimise, evaluate, quantise, compare, compile, compare again; return the NEF's path."""
    version = toolchain_version()
    model, notes, name, shape = read_network(args.model)
    crops, input_wh = read_calibration(args.calibration, notes, shape), notes["input_wh"]
    try:
        import kneronnxopt  # noqa: F401 - told before any work is done
        import ktc
    except ModuleNotFoundError as err:
        raise Refused(
            f"{err.name} must be installed, got no such package. Run this inside the vendor's "
            "container, in its environment onnx1.13."
        ) from err
    say(f"toolchain {version}, KL{args.platform}, {args.model}: {name} {shape}, {len(crops)} crops")
    if len(crops) < 100:
        say("warning: the quantiser wants at least 100 crops")  # PTQ "Flow and Steps", 2.5.3
    if not notes["preprocess"].startswith("kneron_"):
        say(f"warning: no chip prepares crops as {notes['preprocess']} does; the host must")
    checked = crops[:: max(1, len(crops) // args.check)][: args.check]
    folder = (args.output_dir or args.model.parent / f"nef_{args.platform}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    optimised, floats, name = optimise(args, model, name, checked, folder, input_wh)
    config = ktc.ModelConfig(  # 3.2
        args.model_id, args.model_version, args.platform, onnx_model=optimised
    )
    print(config.evaluate(output_dir=str(folder)), flush=True)  # 3.2
    fixed = quantise(args, config, name, crops, checked, floats, folder, input_wh)
    nef = Path(ktc.compile([config], output_dir=str(folder)))  # 5.1
    simulated = run(checked[:1], name, nef_file=str(nef), platform=int(args.platform))
    say(f"compiled against quantised, 1 crop: {compare(fixed[:1], simulated, input_wh)[0]}")
    return nef


def optimise(
    args: argparse.Namespace, model, name: str, checked: list, folder: Path, input_wh: tuple
) -> tuple:
    """Let the vendor's optimiser work; return its model, heatmaps of ``checked``, input name."""
    import kneronnxopt
    import onnx

    optimised = kneronnxopt.optimize(model)  # 3.1.2
    optimised_file = folder / f"{args.model.stem}.opt.onnx"
    onnx.save(optimised, str(optimised_file))
    original = run(checked, name, onnx_file=str(args.model.resolve()))
    name = input_of(optimised)[0]  # in case it was renamed
    floats = run(checked, name, onnx_file=str(optimised_file))
    text, snr = compare(original, floats, input_wh)
    say(f"optimised against exported file: {text}")
    if snr < SAME:
        raise Refused(
            f"{optimised_file}: optimised network must give the exported one's heatmaps, got "
            f"{snr:.1f} dB. Report this to the vendor."
        )
    return optimised, floats, name


def quantise(
    args: argparse.Namespace,
    config,
    name: str,
    crops: list,
    checked: list,
    floats,
    folder: Path,
    input_wh: tuple,
):
    """Quantise on all crops; return the heatmaps of ``checked``, once they are good enough."""
    data, weights, border = BIT_WIDTHS[args.bits]
    bie = config.analysis(  # 4.1
        {name: crops},
        output_dir=str(folder),
        threads=args.threads,
        optimize=args.optimize,
        datapath_range_method="percentage",
        percentage=args.percentage,
        percentage_16b=max(args.percentage, 0.999999),  # not below the other
        datapath_bitwidth_mode=data,
        weight_bitwidth_mode=weights,
        model_in_bitwidth_mode=border,
        model_out_bitwidth_mode=border,
        cpu_node_bitwidth_mode=border,
    )
    fixed = run(checked, name, bie_file=str(bie), platform=int(args.platform))
    text, snr = compare(floats, fixed, input_wh)
    say(f"quantised against float, {len(checked)} crops: {text}")
    if snr < args.min_snr:
        raise Refused(
            f"{bie}: quantised heatmaps must reach {args.min_snr:g} dB, got {snr:.1f}. Try "
            "--optimize 1, more crops, --bits mix-light; or lower --min-snr."
        )
    return fixed


def say(text: str) -> None:
    """Print a line that stands out from the vendor's own."""
    print(f"== {text}", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Make the NEF, print its path; return the exit code."""
    args = parse_args(argv)
    try:
        nef = make_nef(args)
    except Refused as err:
        print(f"error: {err}", file=sys.stderr)
        return 1
    say(f"NEF: {nef}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
