"""Gather what a training left behind, and judge its best network person by person."""

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import DATASETS
from torch.utils.data import Dataset

from mmpose_replacement.config.load import load_config
from mmpose_replacement.engine.testing import build_test_runner, evaluate_with
from mmpose_replacement.report.curves import draw_curves, read_scalars
from models.checkpoints.load import load_file
from models.export.metadata import colours_of, keypoints_of
from prepostprocess.keypoints.oks import oks
from utils.config_reader.evaluation import choose_boxes
from utils.dataset_check.people import AREA_OF_BOX
from utils.evaluation.comparison import Match, Person
from utils.evaluation.run_page import RunFacts
from utils.joints import Joints


def gather_run(
    work_dir: Path,
    config_file: Path,
    checkpoint: Path,
    options: Sequence[str],
    num_workers: int | None,
) -> RunFacts:
    """Read a work directory, and test its network.

    Args:
        work_dir: of train.py.
        config_file: see ``require_run``.
        checkpoint: see there.
        options: as ``--cfg-options``.
        num_workers: data-loading processes; None: as the config says.

    Returns:
        The facts for the page.

    Raises:
        ValueError: a checkpoint or data that cannot be used.
    """
    config = load_config(config_file, options)
    with tempfile.TemporaryDirectory() as folder:
        runner = build_test_runner(config, Path(folder))
        load_file(runner.model, checkpoint)
        first, matches, joints = judge_people(runner, config, Path(folder), num_workers)
        figures = {"ground-truth": first}
        for boxes in choose_boxes(config)[1:]:
            figures[boxes] = evaluate_with(runner, config, boxes, num_workers=num_workers)
        drawn = _curves(work_dir, config, Path(folder, "curves.png"))
    return RunFacts(
        title=f"{config_file.stem}: {checkpoint.name}",
        remarks=(
            f"{len(matches)} people, cut out by their labelled boxes; flip test "
            f"{'on' if config.model.test_cfg.get('flip_test') else 'off'}; preprocessing "
            f"{config.model.data_preprocessor.preprocess}, input "
            f"{'x'.join(map(str, config.codec.input_size))}.",
        ),
        figures=figures,
        curves=drawn,
        joints=joints,
        matches=matches,
        texts={
            "Config": config_file.read_text(encoding="utf-8"),
            "Environment": _environment(work_dir),
        },
    )


def _curves(work_dir: Path, config: Config, path: Path) -> bytes | None:
    """A PNG file's content; None where nothing was logged."""
    score = config.default_hooks.checkpoint.get("save_best")
    draw_curves(read_scalars(work_dir.glob("*")), score, path)
    return path.read_bytes() if path.exists() else None


def judge_people(
    runner: Runner,
    config: Config,
    folder: Path,
    num_workers: int | None,
    words: Sequence[str] = (),
) -> tuple[dict[str, float], list[Match], Joints]:
    """Test a network on people cut out by their labelled boxes.

    Args:
        runner: from ``build_test_runner``, its weights set.
        config: the config.
        folder: where the predictions may be written.
        num_workers: data-loading processes; None: as the config says.
        words: metrics as in ``metric_configs``; none: those of the config.

    Returns:
        Figures; each person with its prediction; the keypoints.
    """
    dump = folder / "people.json"
    boxes = "ground-truth"
    figures = evaluate_with(
        runner, config, boxes, words=words, out_path=dump, num_workers=num_workers
    )
    init_default_scope(config.get("default_scope", "mmpose"))
    people = DATASETS.build({**config.test_dataloader.dataset, "pipeline": []})
    joints = _joints(config, people)
    return figures, pair_people(people, json.loads(dump.read_text()), joints), joints


def pair_people(people: Dataset, predicted: list[dict], joints: Joints) -> list[Match]:
    """Put each labelled person beside what was predicted in its box.

    Args:
        people: a data set of one label a sample, in test mode.
        predicted: of ``PredictionDump``, in the order of the data set.
        joints: the K keypoints.

    Returns:
        One match a person, in their order; ``image`` is the path of the image.
    """
    matches = []
    for index, record in enumerate(predicted):
        info = people.get_data_info(index)
        left, top, right, bottom = info["bbox"][0]
        box = np.array([left, top, right - left, bottom - top], np.float64)
        area = (info.get("raw_ann_info") or {}).get("area") or AREA_OF_BOX * box[2] * box[3]
        labelled = info["keypoints_visible"][0] > 0
        points = np.float64(info["keypoints"][0])
        truth = Person(info["img_path"], points, labelled, float(area), box, 1.0)
        answer = np.array(record["keypoints"])
        found = Person(
            info["img_path"],
            answer[:, :2],
            np.ones_like(labelled),
            truth.area,
            box,
            record["score"],
        )
        similar = oks(answer[None, :, :2], points, truth.area, labelled, joints.sigmas)[0]
        matches.append(Match(truth, found, float(similar)))
    return matches


def _joints(config: Config, people: Dataset) -> Joints:
    meta = people.metainfo
    return Joints(
        names=keypoints_of(config),
        flip_pairs=tuple(map(tuple, meta["flip_pairs"])),
        links=tuple(map(tuple, meta["skeleton_links"])),
        sigmas=np.array(meta["sigmas"], np.float64),
        colours=colours_of(config),
    )


def _environment(work_dir: Path) -> str:
    """What the newest log says of machine and packages, without the config that follows."""
    logs = sorted(work_dir.glob("*/*.log"))
    if not logs:
        return "no log was kept"
    text = logs[-1].read_text(encoding="utf-8", errors="replace")
    found = re.search(r"System environment:.*?(?=\n\d{4}/\d\d/\d\d )", text, re.DOTALL)
    return found[0] if found else "the log says nothing of it"
