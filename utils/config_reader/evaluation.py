"""What tools/test.py is asked for: kinds of boxes, and the words of `--eval`."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from mmengine.config import Config, ConfigDict

OF_LABELLED_BOXES = ("PCK", "AUC", "EPE")  # a detected person has no labels of its own


def choose_boxes(config: Config, wanted: str | None = None) -> list[str]:
    """Name the boxes that the config's people are cut out by.

    Args:
        config: the config.
        wanted: these alone; None: all that there are.
    Returns: "ground-truth", and "detector" where the file of ``detection_file`` exists.
    Raises: ValueError: detector boxes are wanted and there are none.
    """
    file = config.get("detection_file")
    found = ["ground-truth", *(["detector"] if file and Path(file).is_file() else [])]
    if wanted and wanted not in found:
        raise ValueError(
            f"{config.filename}: --boxes detector needs the file of boxes that detection_file "
            f"names, got {file}. Make it, or leave --boxes out."
        )
    return [wanted] if wanted else found


def words_by_boxes(
    config: Config, wanted: str | None = None, words: Sequence[str] = ()
) -> dict[str, list[str]]:
    """Name the boxes of ``choose_boxes``, and what to judge by with each.

    Args:
        config: the config.
        wanted: these boxes alone; None: all that the words can be asked of.
        words: of ``--eval``; none: what the config names.

    Returns:
        The words by kind of boxes.

    Raises:
        ValueError: detector boxes are wanted and there are none.
    """
    found = {boxes: list(words) for boxes in choose_boxes(config, wanted)}
    if words and not wanted and "detector" in found:
        found["detector"] = [word for word in words if word not in OF_LABELLED_BOXES]
        if not found["detector"]:
            del found["detector"]
    return found


def protocol_parts(
    config: Config, boxes: str, words: Sequence[str] = ()
) -> tuple[ConfigDict, list[dict]]:
    """Say how people are read and judged with one kind of boxes.

    Args:
        config: the config, with ``test_dataloader`` and ``test_evaluator``.
        boxes: "ground-truth" or "detector".
        words: metrics as in ``metric_configs``; none: those of the config.

    Returns:
        The data loader's config and the evaluators'.

    Raises:
        ValueError: a word that these people cannot be judged by.
    """
    loader = ConfigDict(config.test_dataloader.copy())
    loader.dataset = ConfigDict(loader.dataset.copy())
    if boxes == "detector":
        loader.dataset.bbox_file = config.detection_file
        if config.get("detection_score_thr"):
            loader.dataset.filter_cfg = {"bbox_score_thr": config.detection_score_thr}
    if words:
        return loader, metric_configs(words, loader.dataset)
    given = config.test_evaluator
    evaluators = [ConfigDict(each) for each in (given if isinstance(given, list) else [given])]
    if boxes == "detector":
        evaluators = [
            {**each, "boxes": boxes} for each in evaluators if "COCO" in each["type"].upper()
        ]
    return loader, evaluators


def metric_configs(words: Sequence[str], dataset: dict) -> list[dict]:
    """Turn the words of ``--eval`` into evaluator configs.

    Args:
        words: mAP, PCKh, PCK, AUC or EPE; which of them are allowed depends on the data set.
        dataset: the data set's config (``type``, ``data_root``, ``ann_file``, ``bbox_file``).
    Returns: one config a word.

    Raises: ValueError: a word that this data set cannot be judged by.
    """
    on_mpii = dataset["type"] == "KneronMpiiDataset"
    ann_file = os.path.join(dataset.get("data_root") or "", dataset["ann_file"])
    configs: dict[str, dict] = {
        # mmpose's; distances in source pixels, PCK as a share of the longer side of the box
        "PCK": dict(type="PCKAccuracy", thr=0.2, norm_item="bbox", prefix="keypoints"),
        "AUC": dict(type="AUC", norm_factor=30, num_thrs=20, prefix="keypoints"),
        "EPE": dict(type="EPE", prefix="keypoints"),
    }
    if dataset.get("bbox_file"):
        configs = {"mAP": dict(type="KneronCocoMetric", ann_file=ann_file, boxes="detector")}
    elif on_mpii:
        gt_file = os.path.join(os.path.dirname(ann_file), "mpii_gt_val.mat")
        configs["PCKh"] = dict(type="KneronPCKhMetric", gt_file=gt_file)
    else:
        configs["mAP"] = dict(type="KneronCocoMetric", ann_file=ann_file, boxes="ground-truth")
    for word in words:
        if word not in configs:
            near = get_close_matches(word.lower(), [known.lower() for known in configs], n=1)
            meant = [known for known in configs if known.lower() in near]
            fix = f"Did you mean {meant[0]}?" if meant else "Choose one of them."
            where = "detector boxes" if dataset.get("bbox_file") else dataset["type"]
            raise ValueError(
                f"--eval must be one of {', '.join(sorted(configs))} for {where}, got '{word}'. "
                f"{fix}"
            )
    return [configs[word] for word in words]
