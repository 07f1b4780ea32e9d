"""From a network and a config to the figures of tools/test.py."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner, TestLoop

from mmpose_replacement.engine.training import build_runner
from mmpose_replacement.metrics.coco_metric import metric_configs


def build_test_runner(config: Config, work_dir: Path) -> Runner:
    """Build a Runner that holds the network and no data: each protocol brings its own.

    Args:
        config: the training config.
        work_dir: where the log goes.

    Returns:
        The runner, with initial weights.
    """
    config = Config(config._cfg_dict.copy(), filename=config.filename)
    for part in ("train", "val", "test"):
        config[f"{part}_dataloader"] = config[f"{part}_cfg"] = None
        if part != "train":
            config[f"{part}_evaluator"] = None
    config.optim_wrapper = config.param_scheduler = config.auto_scale_lr = None
    config.work_dir, config.load_from, config.resume = str(work_dir), None, False
    config.visualizer = {"type": "Visualizer", "vis_backends": []}
    # no hook: they keep times and logs of one loop, and here several follow one another
    names = "runtime_info timer logger param_scheduler checkpoint sampler_seed"
    config.default_hooks = dict.fromkeys(names.split())
    config.custom_hooks = []
    return build_runner(config)


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


def evaluate_with(
    runner: Runner,
    config: Config,
    boxes: str,
    *,
    words: Sequence[str] = (),
    out_path: Path | None = None,
    num_workers: int | None = None,
) -> dict[str, float]:
    """Test the runner's network with one kind of boxes.

    Args:
        runner: from ``build_test_runner``, its weights set.
        config: the config, with ``test_dataloader`` and ``test_evaluator``.
        boxes: "ground-truth" or "detector".
        words: metrics as in ``metric_configs``; none: those of the config.
        out_path: where all predictions go, .json or .pkl.
        num_workers: data-loading processes; None: as the config says.
    Returns: names of metrics to figures.
    """
    loader = ConfigDict(config.test_dataloader.copy())
    loader.dataset = ConfigDict(loader.dataset.copy())
    if boxes == "detector":
        loader.dataset.bbox_file = config.detection_file
        if config.get("detection_score_thr"):
            loader.dataset.filter_cfg = {"bbox_score_thr": config.detection_score_thr}
    if num_workers is not None:
        loader.num_workers, loader.persistent_workers = num_workers, num_workers > 0
    if words:
        evaluators = metric_configs(words, loader.dataset)
    else:
        given = config.test_evaluator
        evaluators = [ConfigDict(each) for each in (given if isinstance(given, list) else [given])]
        if boxes == "detector":
            evaluators = [
                {**each, "boxes": boxes} for each in evaluators if "COCO" in each["type"].upper()
            ]
    if out_path is not None:
        evaluators = [*evaluators, {"type": "PredictionDump", "out_file": str(out_path)}]
    figures = TestLoop(runner, dataloader=loader, evaluator=evaluators).run()
    figures.pop("predictions/count", None)
    return figures
