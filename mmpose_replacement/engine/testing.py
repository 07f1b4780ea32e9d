"""From a network and a config to the figures of tools/test.py."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner, TestLoop

from mmpose_replacement.engine.training import build_runner
from utils.config_reader.evaluation import protocol_parts
from utils.config_reader.read import import_custom


def build_test_runner(config: Config, work_dir: Path) -> Runner:
    """Build a Runner that holds the network and no data: each protocol brings its own.

    Args:
        config: the training config.
        work_dir: where the log goes.

    Returns:
        The runner, with initial weights.
    """
    import_custom(config)
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
    loader, evaluators = protocol_parts(config, boxes, words)
    if num_workers is not None:
        loader.num_workers, loader.persistent_workers = num_workers, num_workers > 0
    if out_path is not None:
        evaluators = [*evaluators, {"type": "PredictionDump", "out_file": str(out_path)}]
    figures = TestLoop(runner, dataloader=loader, evaluator=evaluators).run()
    figures.pop("predictions/count", None)
    return figures
