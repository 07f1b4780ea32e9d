"""Judge networks of any file form on the same people."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from mmpose_replacement.config.load import load_config
from mmpose_replacement.engine.testing import build_test_runner
from mmpose_replacement.report.run import judge_people
from models.checkpoints.load import load_file
from models.export.network import OnnxHeatmaps, use_onnx
from prepostprocess.metadata import read_metadata
from utils.evaluation.networks_page import JudgedNetwork
from utils.joints import Joints


def judge_networks(
    config_file: Path,
    files: Sequence[Path],
    options: Sequence[str],
    data: Path | None,
    num_workers: int | None,
) -> tuple[list[JudgedNetwork], Joints]:
    """Test each network as its own file says: preprocessing, decoder and input size.

    Args:
        config_file: names the people, and what a checkpoint was trained with.
        files: checkpoints and ONNX files.
        options: as ``--cfg-options``.
        data: own data in the place of the config's.
        num_workers: data-loading processes; None: as the config says.

    Returns:
        The networks in the order of the files; their keypoints.

    Raises:
        ValueError: a network or data that cannot be used.
    """
    # all are read before the first is tested: faults are told at once
    configs = [load_config(config_file, [*options, *_own_options(file)], data) for file in files]
    judged = []
    for file, config in zip(files, configs, strict=True):
        with tempfile.TemporaryDirectory() as folder:
            runner = build_test_runner(config, Path(folder))
            if file.suffix == ".onnx":
                use_onnx(runner.model, file)
            else:
                load_file(runner.model, file)
            words = ["PCKh" if "Mpii" in config.test_dataloader.dataset.type else "mAP", "PCK"]
            figures, matches, joints = judge_people(
                runner, config, Path(folder), num_workers, words
            )
        kept = {name.split("/")[-1]: figures[name] for name in figures}
        word = config.model.data_preprocessor.preprocess
        judged.append(JudgedNetwork(file, word, _few(kept), matches))
    return judged, joints


def _own_options(file: Path) -> list[str]:
    if file.suffix != ".onnx":
        return []
    stored = OnnxHeatmaps(file).session.get_modelmeta().custom_metadata_map
    notes = read_metadata(stored, file)
    width, height = notes.input_wh or (None, None)
    return [
        *([f"preprocess={notes.preprocess}"] if notes.preprocess else []),
        *([f"codec.decoder={notes.decoder}"] if notes.decoder else []),
        *([f"codec.input_size=({width},{height})"] if width else []),
    ]


def _few(figures: dict[str, float]) -> dict[str, float]:
    """AP and AP50 of COCO's ten; everything else as it is."""
    ten = {"AP75", "AP(M)", "AP(L)", "AR", "AR50", "AR75", "AR(M)", "AR(L)"}
    return {name: value for name, value in figures.items() if name not in ten}
