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
        keypoints_visible (1, K); teacher_img uint8 (H, W, 3), optional.
    Writes: a new dict. inputs uint8 (3, h, w), a view of img; data_samples, a dict of keypoints
        float32 (K, 2), keypoints_visible float32 (K,) and teacher_inputs uint8 (3, H, W).
    """

    def transform(self, results: dict) -> dict:
        """Return the sample."""
        samples = {
            "keypoints": torch.from_numpy(results["transformed_keypoints"][0]),
            "keypoints_visible": torch.from_numpy(results["keypoints_visible"][0]),
        }
        if "teacher_img" in results:
            samples["teacher_inputs"] = _planes(results["teacher_img"])
        return {"inputs": _planes(results["img"]), "data_samples": samples}

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _planes(image: np.ndarray) -> torch.Tensor:
    """View an image (h, w, 3) as (3, h, w)."""
    return torch.from_numpy(image).permute(2, 0, 1)


@FUNCTIONS.register_module()
def kneron_collate(samples: Sequence[dict]) -> dict:
    """Stack the samples of ``KneronPackTraining``; in a loader process in shared memory at once.

    Args:
        samples: N of them, all of one size.
    Returns: inputs uint8 (N, 3, h, w), in memory (N, h, w, 3), as channels-last networks want it;
        data_samples, a dict of keypoints float32 (N, K, 2) and keypoints_visible float32 (N, K),
        with a teacher also teacher_inputs, like inputs.
    Raises: TypeError: the samples are of another transform.
    """
    labels = [sample["data_samples"] for sample in samples]
    if not isinstance(labels[0], Mapping):
        raise TypeError(
            "collate_fn=dict(type='kneron_collate') must get samples of KneronPackTraining, got "
            f"{type(labels[0]).__name__}. End train_pipeline with it, or leave collate_fn out."
        )
    stacked = {key: [each[key] for each in labels] for key in labels[0]}
    return {
        "inputs": _stack([sample["inputs"] for sample in samples]),
        "data_samples": {
            key: _stack(each) if key == "teacher_inputs" else torch.stack(each)
            for key, each in stacked.items()
        },
    }


def _stack(images: list[torch.Tensor]) -> torch.Tensor:
    """Stack (3, h, w) into memory that another process can read without a further copy."""
    images = [image.permute(1, 2, 0) for image in images]
    shape = (len(images), *images[0].shape)
    if get_worker_info() is None:
        return torch.stack(images).permute(0, 3, 1, 2)
    memory = torch.UntypedStorage._new_shared(int(np.prod(shape)), device="cpu")
    batch = torch.empty(0, dtype=torch.uint8).set_(memory, 0, shape)
    return torch.stack(images, out=batch).permute(0, 3, 1, 2)
