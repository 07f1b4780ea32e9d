import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch.utils.data import DataLoader

from mmpose_replacement.data.batching import KneronPackTraining, kneron_collate
from mmpose_replacement.shared_transform import KneronPoseDataPreprocessor
from prepostprocess.preprocess import normalize


def raw(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    return {
        "img": rng.integers(0, 256, (16, 12, 3), np.uint8),
        "transformed_keypoints": rng.uniform(0, 12, (1, 5, 2)).astype(np.float32),
        "keypoints_visible": np.ones((1, 5), np.float32),
    }


class Samples:
    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> dict:
        return KneronPackTraining()(raw(index))


@pytest.mark.parametrize("collate", [pseudo_collate, kneron_collate])
def test_a_batch_holds_the_samples(collate):
    data = KneronPoseDataPreprocessor("float")(collate([Samples()[0], Samples()[1]]))
    expected = normalize(np.stack([raw(0)["img"], raw(1)["img"]]), "float")
    np.testing.assert_array_equal(data["inputs"].numpy(), expected)
    for index in range(2):
        np.testing.assert_array_equal(
            data["data_samples"]["keypoints"][index].numpy(), raw(index)["transformed_keypoints"][0]
        )
    assert data["data_samples"]["keypoints_visible"].shape == (2, 5)


@pytest.mark.parametrize("workers", [0, 1])
def test_loader_processes_give_one_tensor_in_the_channels_last_layout(workers):
    loader = DataLoader(Samples(), batch_size=3, collate_fn=kneron_collate, num_workers=workers)
    batches = list(loader)
    assert len(batches) == 2
    for start, batch in zip((0, 3), batches, strict=True):
        assert batch["inputs"].is_contiguous(memory_format=torch.channels_last)
        expected = np.stack([raw(start + index)["img"] for index in range(3)])
        np.testing.assert_array_equal(batch["inputs"].permute(0, 2, 3, 1).numpy(), expected)


def test_configs_find_the_function_by_name():
    assert FUNCTIONS.get("kneron_collate") is kneron_collate


def test_collate__refuses_other_samples():
    with pytest.raises(TypeError, match="must get samples of KneronPackTraining, got list"):
        kneron_collate([{"inputs": torch.zeros(3, 4, 4), "data_samples": []}])
