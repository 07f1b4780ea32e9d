"""What tools/quantize.py does: crops, scheme, quantisation, files."""

import argparse
import functools
import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from tqdm import tqdm

from utils.calibration.arrays import (
    choose_people,
    load_noted_pipeline,
    make_calibration,
    one_image_cache,
)
from utils.calibration.files import read_calibration
from utils.calibration.labels import choose_labelled
from utils.inference.sources import find_images
from utils.onnx_graph.file import read_model, write_model
from utils.quantization.plan import Options
from utils.quantization.quantizer import (
    Balance,
    Prepared,
    Quantized,
    balanced_model,
    prepare_rounding,
    write_down,
    write_records,
)
from utils.quantization.schemes import Scheme, get_scheme
from utils.runners.one_person import find_one_person

ACCEPTED_SNR = 20.0  # decibels that the vendor calls good enough for 8 bits
TOLD_APART = 1.0  # decibels: the few crops that are compared tell no less apart


def quantize_file(args: argparse.Namespace, balance: Balance | None = None) -> list[str]:
    """Write the fixed-point file and its records.

    Args:
        args: the namespace of tools/quantize.py.
        balance: see ``prepare_rounding``.

    Returns:
        Lines for the user.

    Raises:
        ValueError: a chip without what is asked of it, or see ``prepare_rounding``.
        OSError: a file cannot be written.
    """
    scheme = get_scheme(args.npu)
    options = _options(args, scheme)
    images = calibration_crops(args.model, args.calib, args.img_dir, args.count)
    model = read_model(args.model)
    ways = _round(args, model, images, options, balance)
    snr_db = {way: result.snr_db for way, (_, result) in ways.items()}
    equalized = _choose(snr_db)
    prepared, found = ways[equalized]
    write_model(found.model, args.output)
    if args.float:
        write_model(balanced_model(model, prepared), args.float)
    records = args.output.with_suffix(".json")
    write_records(
        records, found, {**_notes(args, options), "equalize": equalized, "crops": len(images)}
    )
    worst = sorted(found.tensors, key=lambda record: record["snr_db"])[:3]
    return [
        f"KL{scheme.chip}, {args.bits} bits, {len(images)} crops: heatmaps keep "
        f"{found.snr_db:.1f} dB (the vendor calls {ACCEPTED_SNR:.0f} good)",
        *_told(snr_db, equalized),
        "least: " + ", ".join(f"{r['name']} {r['snr_db']:.1f} dB" for r in worst),
        f"{args.output}, {records}: measure AP with tools/test.py CONFIG {args.output}",
        *([f"{args.float}: the float network, for the vendor's compiler"] if args.float else []),
    ]


def _round(
    args: argparse.Namespace,
    model: onnx.ModelProto,
    images: list[np.ndarray],
    options: Options,
    balance: Balance | None,
) -> dict[bool, tuple[Prepared, Quantized]]:
    """Quantise with channels equalised (True) and as they are, or in one way alone."""
    track = functools.partial(tqdm, desc="looking at crops", unit="crop", delay=1, disable=None)
    ways: dict[bool, tuple[Prepared, Quantized]] = {}
    for equalized in _ways(args):
        as_is = ways[False][0].observed if False in ways else None
        prepared = prepare_rounding(
            model,
            images,
            options,
            equalized=equalized,
            corrected=args.bias_correct,
            wide_sums=args.bits == "mixed",
            balance=balance,
            source=args.model,
            observed=as_is,
            track=track,
        )
        ways[equalized] = prepared, write_down(prepared, options.scheme.chip, images)
    return ways


def _ways(args: argparse.Namespace) -> tuple[bool, ...]:
    """Whether channels are equalised; both, where neither the user nor ``--learn`` has said it."""
    if args.equalize is not None:
        return (args.equalize,)
    return (True,) if args.learn else (False, True)


def _choose(snr_db: dict[bool, float]) -> bool:
    """Equalise, unless the heatmaps are nearer to float without by more than chance."""
    if len(snr_db) < 2:
        return next(iter(snr_db))
    return snr_db[False] < snr_db[True] + TOLD_APART


def _told(snr_db: dict[bool, float], equalized: bool) -> list[str]:
    """Say which of two ways was taken."""
    if len(snr_db) < 2:
        return []
    words = {True: "equalised", False: "as they are"}
    return [
        f"channels {words[equalized]}: {snr_db[equalized]:.1f} dB; {words[not equalized]}: "
        f"{snr_db[not equalized]:.1f} dB"
    ]


def _notes(args: argparse.Namespace, options: Options) -> dict[str, object]:
    return {
        "chip": options.scheme.chip,
        "scheme_date": options.scheme.date,
        "method": options.method,
        "percentage": options.percentage,
        "bits": args.bits,
        "per_channel": options.per_channel,
        "bias_correct": args.bias_correct,
        "learn": args.learn,
        "float_model": args.model.name,
    }


def _options(args: argparse.Namespace, scheme: Scheme) -> Options:
    if args.bits != "8" and 16 not in scheme.bits:
        raise ValueError(f"--bits must be 8 for KL{scheme.chip}, which has no 16 bits.")
    if args.per_channel and not scheme.weights_per_channel:
        raise ValueError(
            f"--per-channel: KL{scheme.chip} has one step for all weights of a layer. Leave it out."
        )
    return Options(
        scheme=scheme,
        method=args.method,
        percentage=args.percentage,
        per_channel=scheme.weights_per_channel and not args.per_tensor,
        all_wide=args.bits == "16",
    )


def calibration_crops(
    model: Path, calib: Path, img_dir: Path | None, count: int
) -> list[np.ndarray]:
    """Prepare crops as the network is fed them.

    Args:
        model: the network, whose metadata say how.
        calib: crops (``.npz``), COCO annotations (``.json``) or a folder of images with one person
            each.
        img_dir: the annotations' images.
        count: crops at most.

    Returns:
        float32 (1, 3, H, W) each.

    Raises:
        ValueError: files that cannot be read, or crops made for another network.
    """
    if calib.suffix == ".npz":
        arrays = read_calibration(calib)[:count]
        return [image[None] for image in arrays]
    pipeline = load_noted_pipeline(model, None)
    load = one_image_cache()
    people: Iterable[tuple[Path, np.ndarray]]
    if calib.suffix == ".json" and img_dir is not None:
        people = choose_labelled(calib, img_dir, 0, count)
    else:
        images = find_images(str(calib))

        def boxes_of(path: Path) -> np.ndarray:
            return find_one_person(pipeline, load(path)).boxes_xywh

        people = itertools.islice(choose_people(images, boxes_of, 0), count)
    shown = tqdm(people, total=count, desc="cropping people", unit="crop", delay=1, disable=None)
    made = make_calibration(pipeline, shown, "nchw", "rgb", load=load)
    return [image[None] for image in made.images]
