import numpy as np
import pytest
import torch
import torchvision

from prepostprocess.nms import iou_matrix, nms


def some_boxes(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes in clusters, some of them equal or without area, with many equal scores."""
    rng = np.random.default_rng(seed)
    centers = rng.uniform(0, 300, (count // 8 + 1, 2)).repeat(8, axis=0)[:count]
    centers += rng.normal(0, 15, centers.shape)
    halves = rng.uniform(0, 60, (count, 2))
    halves[::17] = 0
    boxes = np.concatenate([centers - halves, centers + halves], axis=1).astype(np.float32)
    boxes[::11] = boxes[0]
    return boxes, rng.integers(0, 40, count).astype(np.float32) / 40


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.65, 1.0])
@pytest.mark.parametrize(("seed", "count"), [(0, 1), (1, 30), (2, 500), (3, 1500)])
def test_nms__chooses_exactly_as_torchvision(seed, count, threshold):
    boxes, scores = some_boxes(seed, count)
    expected = torchvision.ops.nms(torch.tensor(boxes), torch.tensor(scores), threshold).numpy()
    np.testing.assert_array_equal(nms(boxes, scores, threshold), expected)
    np.testing.assert_array_equal(nms(boxes, scores, threshold, 5), expected[:5])


def test_nms__of_nothing_is_nothing():
    kept = nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.5)
    assert kept.shape == (0,)
    assert kept.dtype == np.int64


def test_nms__an_overlap_of_exactly_the_threshold_stays():
    # 10x10 against its left half: 50 shared of 100.
    boxes = np.array([[0, 0, 10, 10], [0, 0, 5, 10]], np.float32)
    assert nms(boxes, np.array([0.9, 0.8]), 0.5).tolist() == [0, 1]
    assert nms(boxes, np.array([0.9, 0.8]), 0.49).tolist() == [0]


def test_iou_matrix__golden():
    first = np.array([[0, 0, 10, 10], [20, 20, 20, 20]], np.float32)
    second = np.array([[5, 0, 15, 10], [0, 0, 10, 10], [20, 20, 20, 20]], np.float32)
    # 50 shared of 150; the same; nothing shared; boxes without area overlap nothing.
    np.testing.assert_allclose(iou_matrix(first, second), [[1 / 3, 1, 0], [0, 0, 0]], rtol=1e-6)
    assert iou_matrix(first[:0], second).shape == (0, 3)
