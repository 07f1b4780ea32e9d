import numpy as np
import pytest

from prepostprocess.keypoints.flip import average_views, flip_back

FLIP_INDICES = [0, 2, 1]


def test_flip_back__golden():
    # Joint 1 (left) of the mirrored person peaks in column 3 of 5: joint 2 (right), column 1, then
    # one column to the right.
    heatmaps = np.zeros((1, 3, 1, 5), np.float32)
    heatmaps[0, 1, 0, 3] = 1
    shifted = flip_back(heatmaps, FLIP_INDICES)
    assert np.argwhere(shifted).tolist() == [[0, 2, 0, 2]]
    unshifted = flip_back(heatmaps, FLIP_INDICES, shift=False)
    assert np.argwhere(unshifted).tolist() == [[0, 2, 0, 1]]


@pytest.mark.parametrize("shift", [False, True])
def test_flip_back__agrees_with_mmpose(shift):
    import torch
    from mmpose.models.utils.tta import flip_heatmaps

    heatmaps = np.random.default_rng(0).normal(size=(2, 3, 8, 6)).astype(np.float32)
    expected = flip_heatmaps(
        torch.from_numpy(heatmaps), flip_indices=FLIP_INDICES, shift_heatmap=shift
    )
    np.testing.assert_array_equal(flip_back(heatmaps, FLIP_INDICES, shift=shift), expected)


def test_flip_back__without_the_shift_is_its_own_inverse():
    heatmaps = np.random.default_rng(0).normal(size=(2, 3, 8, 6)).astype(np.float32)
    twice = flip_back(flip_back(heatmaps, FLIP_INDICES, shift=False), FLIP_INDICES, shift=False)
    np.testing.assert_array_equal(twice, heatmaps)


def test_flip_back__refuses_indices_of_another_body():
    with pytest.raises(ValueError, match="flip_indices must hold 17 numbers, one a heatmap, got 3"):
        flip_back(np.zeros((1, 17, 4, 4), np.float32), FLIP_INDICES)


def test_average_views__score_is_the_mean():
    views = [np.full((1, 1, 2, 2), value, np.float32) for value in (1, 2)]
    mean = average_views(views)
    assert mean.dtype == np.float32
    np.testing.assert_array_equal(mean, np.full((1, 1, 2, 2), 1.5))
    np.testing.assert_array_equal(average_views(views[:1]), views[0])


def test_average_views__prob_gives_every_view_the_same_weight():
    low = np.array([[[[0.0, np.log(3)]]]], np.float32)  # softmax 1/4, 3/4
    high = np.array([[[[100 + np.log(3), 100.0]]]], np.float32)  # softmax 3/4, 1/4, no overflow
    np.testing.assert_allclose(average_views([low, high], "prob"), [[[[0.5, 0.5]]]], atol=1e-5)
    np.testing.assert_allclose(average_views([low], "prob"), [[[[0.25, 0.75]]]], atol=1e-6)


@pytest.mark.parametrize("word", ["mean", None])
def test_average_views__refuses_other_words(word):
    with pytest.raises(ValueError, match="average_clips must be one of score, prob, got"):
        average_views([np.zeros((1, 1, 2, 2), np.float32)], word)
