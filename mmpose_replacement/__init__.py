"""What plugs into mmpose and mmengine; importing it registers the classes."""

from mmpose_replacement import (
    loading,
    post_transforms,
    random_colour,
    shared_transform,
    top_down_transform,
    training_transforms,
)
from mmpose_replacement.data import batching, datasets, draws, sampling
from mmpose_replacement.engine import (
    acceleration,
    checkpoint_hook,
    finite_loss,
    hooks,
    pauses,
    runner,
)
from mmpose_replacement.metrics import coco_metric, mpii_metric
from mmpose_replacement.qat.even_ranges import EvenRangesHook
from mmpose_replacement.qat.hook import FixedPointFileHook
from mmpose_replacement.teacher import hook, view

__all__ = [
    "EvenRangesHook",
    "FixedPointFileHook",
    "acceleration",
    "batching",
    "checkpoint_hook",
    "coco_metric",
    "datasets",
    "draws",
    "finite_loss",
    "hook",
    "hooks",
    "loading",
    "mpii_metric",
    "pauses",
    "post_transforms",
    "random_colour",
    "runner",
    "sampling",
    "shared_transform",
    "top_down_transform",
    "training_transforms",
    "view",
]
