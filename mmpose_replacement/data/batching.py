"""Training samples as bare arrays, stacked once: no object a person, no tensor a person."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.registry import FUNCTIONS
from mmpose.registry import TRANSFORMS
from torch.utils.data import get_worker_info


@TRANSFORMS.register_module()
class KneronPackTraining(BaseTransform):
    """Keep what a training step needs; ``KneronHeatmapHead`` draws the heatmaps of it.

    Takes the place of ``GenerateTarget`` and ``PackPoseInputs`` in a training pipeline.

    Reads: img uint8 (h, w, 3) RGB; transformed_keypoints (1, K, 2) xy, input pixels;
        keypoints_visible (1, K).
    Writes: a new dict. inputs uint8 (3, h, w), a view of img; data_samples, a dict of keypoints
        float32 (K, 2) and keypoints_visible float32 (K,).
    """

    def transform(self, results: dict) -> dict:
        """Return the sample."""
        return {
            "inputs": torch.from_numpy(results["img"]).permute(2, 0, 1),
            "data_samples": {
                "keypoints": torch.from_numpy(results["transformed_keypoints"][0]),
                "keypoints_visible": torch.from_numpy(results["keypoints_visible"][0]),
            },
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@FUNCTIONS.register_module()
def kneron_collate(samples: Sequence[dict]) -> dict:
    """Stack the samples of ``KneronPackTraining``; in a loader process in shared memory at once.

    Args:
        samples: N of them, all of one size.
    Returns: inputs uint8 (N, 3, h, w), in memory (N, h, w, 3), as channels-last networks want it;
        data_samples, a dict of keypoints float32 (N, K, 2) and keypoints_visible float32 (N, K).
    Raises: TypeError: the samples are of another transform.
    """
    labels = [sample["data_samples"] for sample in samples]
    if not isinstance(labels[0], Mapping):
        raise TypeError(
            "collate_fn=dict(type='kneron_collate') must get samples of KneronPackTraining, got "
            f"{type(labels[0]).__name__}. End train_pipeline with it, or leave collate_fn out."
        )
    images = [sample["inputs"].permute(1, 2, 0) for sample in samples]
    return {
        "inputs": _stack(images).permute(0, 3, 1, 2),
        "data_samples": {key: torch.stack([each[key] for each in labels]) for key in labels[0]},
    }


def _stack(images: list[torch.Tensor]) -> torch.Tensor:
    """Stack into memory that another process can read without a further copy."""
    shape = (len(images), *images[0].shape)
    if get_worker_info() is None:
        return torch.stack(images)
    memory = torch.UntypedStorage._new_shared(int(np.prod(shape)), device="cpu")
    batch = torch.empty(0, dtype=torch.uint8).set_(memory, 0, shape)
    return torch.stack(images, out=batch)
