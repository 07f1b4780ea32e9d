"""Crops of people as training sees them, for what must be measured before it begins."""

import contextlib
import io

import numpy as np
import torch
from mmengine.config import Config
from mmpose.registry import DATASETS

from mmpose_replacement.data.draws import seeded
from prepostprocess.preprocess import normalize


def training_crops(config: Config, count: int = 64) -> torch.Tensor:
    """Take crops from all over the config's training set, as training sees them.

    Args:
        config: the training config.
        count: crops at most.

    Returns:
        float (N, 3, H, W), normalised.

    Raises:
        FileNotFoundError: the training data are not there.
    """
    with contextlib.redirect_stdout(io.StringIO()), seeded(0):  # the COCO reader's chatter
        people = DATASETS.build(config.train_dataloader.dataset)
        chosen = np.linspace(0, len(people) - 1, min(count, len(people))).round().astype(int)
        pixels = np.stack([people[int(i)]["inputs"].numpy() for i in chosen])
    word = config.model.data_preprocessor.preprocess
    return torch.from_numpy(normalize(pixels.transpose(0, 2, 3, 1), word))
