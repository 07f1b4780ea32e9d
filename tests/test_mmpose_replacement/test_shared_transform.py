import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmpose.datasets.transforms import GetBBoxCenterScale  # noqa: F401 - registers the transforms
from mmpose.registry import MODELS, TRANSFORMS
from mmpose.structures import PoseDataSample

import mmpose_replacement  # noqa: F401 - registers ours
from mmpose_replacement.shared_transform import KneronPoseDataPreprocessor
from prepostprocess.image import load_rgb
from prepostprocess.preprocess import PREPROCESS, normalize, prepare_person

INPUT_WH = (192, 256)
BOXES_XYWH = [(100.3, 60.7, 80, 150.1), (-20, -10, 90, 150), (250, 100, 120, 139.9), (3, 50, 7, 9)]


@pytest.fixture
def batch() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 48, 3), np.uint8)


@pytest.mark.parametrize("word", PREPROCESS)
def test_normalises_with_the_runners_bits(batch, word):
    preprocessor = MODELS.build({"type": "KneronPoseDataPreprocessor", "preprocess": word})
    inputs = [torch.from_numpy(image.transpose(2, 0, 1).copy()) for image in batch]
    samples = [PoseDataSample() for _ in inputs]
    data = preprocessor({"inputs": inputs, "data_samples": samples})
    assert data["inputs"].dtype == torch.float32
    expected = normalize(batch, word)
    np.testing.assert_array_equal(data["inputs"].numpy(), expected)
    assert len(data["data_samples"]) == 3
    stacked = preprocessor({"inputs": torch.stack(inputs)})
    np.testing.assert_array_equal(stacked["inputs"].numpy(), expected)
    assert stacked["data_samples"] is None
    assert inputs[0].dtype == torch.uint8


def test_mean_and_std_are_no_weights():
    preprocessor = KneronPoseDataPreprocessor("float")
    assert preprocessor.state_dict() == {}


def test_refuses_inputs_that_are_normalised_already():
    with pytest.raises(
        TypeError, match=r"inputs must be uint8 .* got torch.float32 \(1, 3, 4, 4\)"
    ):
        KneronPoseDataPreprocessor("float")({"inputs": [torch.zeros(3, 4, 4)]})


@pytest.mark.parametrize("word", PREPROCESS)
def test_validation_sees_what_the_runner_feeds(tmp_path, word):
    """From file and box to network input: mmpose's validation against the runners' call."""
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)
    path = str(tmp_path / "a.png")
    cv2.imwrite(path, cv2.GaussianBlur(noise, (5, 5), 0))
    pipeline = [
        TRANSFORMS.build(step)
        for step in (
            {"type": "KneronLoadImage", "preprocess": word},
            {"type": "GetBBoxCenterScale"},
            {"type": "KneronTopdownAffine", "input_size": INPUT_WH, "preprocess": word},
            {"type": "PackPoseInputs"},
        )
    ]
    people = []
    for x, y, width, height in BOXES_XYWH:
        box_xyxy = np.array([[x, y, x + width, y + height]], np.float32)
        person = {"img_path": path, "bbox": box_xyxy}
        for transform in pipeline:
            person = transform(person)
        people.append(person)
    preprocessor = MODELS.build({"type": "KneronPoseDataPreprocessor", "preprocess": word})
    data = preprocessor(pseudo_collate(people))
    for box_xywh, tensor, sample in zip(
        BOXES_XYWH, data["inputs"], data["data_samples"], strict=True
    ):
        expected, crop = prepare_person(load_rgb(path), box_xywh, INPUT_WH, word)
        np.testing.assert_array_equal(tensor.numpy(), expected)
        np.testing.assert_array_equal(sample.gt_instances.bbox_centers[0], crop.center_xy)
        np.testing.assert_array_equal(sample.gt_instances.bbox_scales[0], crop.scale_wh)


@pytest.mark.needs_gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("word", PREPROCESS)
def test_normalises_where_the_network_is(batch, word):
    preprocessor = KneronPoseDataPreprocessor(word).cuda()
    inputs = [torch.from_numpy(image.transpose(2, 0, 1).copy()) for image in batch]
    result = preprocessor({"inputs": inputs})["inputs"]
    assert result.is_cuda
    expected = normalize(batch, word)
    np.testing.assert_allclose(result.cpu().numpy(), expected, rtol=1e-6, atol=1e-6)
