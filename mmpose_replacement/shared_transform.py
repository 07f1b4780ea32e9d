"""Normalise whole batches on the device the network is on; until there images are uint8."""

from collections.abc import Mapping

import torch
from mmengine.model import BaseDataPreprocessor
from mmpose.registry import MODELS

from prepostprocess.preprocess import get_preprocess


@MODELS.register_module()
class KneronPoseDataPreprocessor(BaseDataPreprocessor):
    """Stack uint8 crops, move them to the network's device, and normalise them there.

    The result on a CPU has the bits of ``prepostprocess.preprocess.normalize``.

    Args:
        preprocess: a word of the switch; gives mean and standard deviation.
        non_blocking: let the copy to a GPU overlap with computation (needs pinned memory).
    """

    def __init__(self, preprocess: str, non_blocking: bool = False) -> None:
        super().__init__(non_blocking)
        meaning = get_preprocess(preprocess)
        self.preprocess = preprocess
        for name, values in (("mean", meaning.mean), ("std", meaning.std)):
            values_C11 = torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)
            self.register_buffer(name, values_C11, persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Turn what the data loader yields into what the network takes.

        Args:
            data: inputs, uint8 (3, h, w) tensors in a list, all of one size, or one (N, 3, h, w);
                data_samples, passed on to the device; those of ``KneronPackTraining``, a dict of
                tensors or of lists of them, as tensors.
            training: changes nothing.
        Returns: inputs float32 (N, 3, h, w), data_samples (None if there were none).
        Raises: TypeError: the inputs are not uint8: already normalised ones would be wrong.
        """
        inputs = data["inputs"]
        batch = inputs if isinstance(inputs, torch.Tensor) else torch.stack(list(inputs))
        if batch.dtype != torch.uint8:
            raise TypeError(
                f"inputs must be uint8 (N, 3, h, w), got {batch.dtype} {tuple(batch.shape)}. "
                "Take normalising transforms out of the pipeline: this is done here."
            )
        batch = self.cast_data(batch).float().sub_(self.mean).div_(self.std)
        samples = data.get("data_samples")
        if isinstance(samples, Mapping):
            samples = {
                key: each if isinstance(each, torch.Tensor) else torch.stack(list(each))
                for key, each in samples.items()
            }
        return {"inputs": batch, "data_samples": self.cast_data(samples)}
