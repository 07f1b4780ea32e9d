"""What plugs into mmpose and mmengine; importing it registers the classes."""

from mmpose_replacement import (
    acceleration,
    batching,
    datasets,
    hooks,
    loading,
    metrics,
    mpii_metric,
    post_transforms,
    runner,
    sampling,
    shared_transform,
    top_down_transform,
    training_transforms,
)

__all__ = [
    "acceleration",
    "batching",
    "datasets",
    "hooks",
    "loading",
    "metrics",
    "mpii_metric",
    "post_transforms",
    "runner",
    "sampling",
    "shared_transform",
    "top_down_transform",
    "training_transforms",
]
