"""From ``--qat CHIP`` to a config that trains the network as that chip will round it."""

import logging
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from mmpose_replacement.config.hooks import add_hook
from mmpose_replacement.data.crops import training_crops
from mmpose_replacement.teacher.setup import add_teacher
from models.checkpoints.load import load_file
from models.export.to_onnx import export_model
from models.fixed_point.balance import balance_channels
from models.fixed_point.prepared_file import write_prepared
from models.tracing.trace import ExportOptions, build_estimator
from utils.onnx_graph.file import write_model
from utils.quantization.plan import Options
from utils.quantization.quantizer import LEAST_TO_LEARN, prepare_rounding
from utils.quantization.schemes import get_scheme

NUM_CROPS = 200
KEPT = ("decoder", "teacher_weight", "label_weight", "teacher_power")  # of the head


def use_fixed_point(config: Config, chip: str) -> None:
    """Put the rounded network in the place of a config's backbone and head.

    It begins as ``tools/quantize.py --learn`` would write it, from the weights that the config
    loads (without ``--learn`` where there are fewer than 32 training crops), and is kept in the
    work directory, so that a resumed training finds it. It learns from a teacher alone:
    ``--teacher``'s, or itself in float. Labels ask for more than a trained network can give, and
    what they ask changes with every batch; that moves all weights, and rounding does not forgive
    it (measured: benchmarks/quantisation.md). ``model.head.label_weight`` brings them back.

    Args:
        config: with its flags applied; changed in place.
        chip: 520, 530, 630, 720 or 730.

    Raises:
        ValueError: no weights to begin with, weights that do not fit, or a network that the chip's
            rounding has no rule for.
        FileNotFoundError: the training data are not there.
    """
    start = Path(config.work_dir, f"start_kl{chip}.onnx")
    exact = start.with_stem(f"exact_kl{chip}")
    if config.get("load_from") and not config.get("resume"):
        start.parent.mkdir(parents=True, exist_ok=True)
        _write_start(config, chip, start, exact)
        config.load_from = None
    for path in (start, exact):
        if not path.is_file():
            raise ValueError(
                f"{path}: --qat must begin with a trained network, got none. Name it by "
                "--load-from."
            )
    if not any(hook["type"] == "TeacherHook" for hook in config.get("custom_hooks", [])):
        add_teacher(config, exact)
    add_hook(config, "FixedPointFileHook", chip=chip)
    joints = config.model.head.out_channels
    config.model.backbone = {"type": "KneronFixedPointNetwork", "file": str(start)}
    config.model.head = {
        "type": "KneronHeatmapHead",
        "in_channels": joints,
        "out_channels": joints,
        "deconv_out_channels": None,
        "final_layer": None,  # heatmaps come out of the network
        "loss": {"type": "LocatedHeatmapLoss"},  # rounding moves peaks; it tells where they belong
        "label_weight": 0.0,
        "teacher_power": 2.0,  # what it is not sure of, rounding would change first
        **{key: config.model.head[key] for key in KEPT if key in config.model.head},
    }


def _write_start(config: Config, chip: str, path: Path, exact: Path) -> None:
    """Export, quantise as well as crops alone allow, and write where training begins."""
    scheme = get_scheme(chip)
    estimator = build_estimator(config)
    lines = load_file(estimator, config.load_from)
    converted, _ = export_model(config, estimator, ExportOptions(npu=chip))
    crops = [crop[None] for crop in training_crops(config, NUM_CROPS).numpy()]
    options = Options(scheme=scheme, per_channel=scheme.weights_per_channel)
    learnt = len(crops) >= LEAST_TO_LEARN
    prepared = prepare_rounding(
        converted.model,
        crops,
        options,
        balance=balance_channels if learnt else None,
        source=config.load_from,
    )
    write_model(converted.model, exact)
    write_prepared(prepared, path)
    found = "ranges and rounding learnt from" if learnt else "ranges of"
    lines.append(f"{path}: begins with {found} {len(crops)} training crops, for KL{chip}")
    for line in lines:
        print_log(line, logger="current", level=logging.INFO)
