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
    peak = (np.log(3) + 100 + np.log(3)) / 2  # of both places, which are equally likely
    np.testing.assert_allclose(average_views([low, high], "prob"), [[[[peak, peak]]]], rtol=1e-4)
    third = [[[[np.log(3) / 3, np.log(3)]]]]
    np.testing.assert_allclose(average_views([low], "prob"), third, rtol=1e-5)


def test_average_views__prob_keeps_how_sure_the_network_is():
    rng = np.random.default_rng(0)
    sure, unsure = np.zeros((2, 1, 17, 32, 16), np.float32)
    sure[..., 20, 8], unsure[..., 20, 8] = 0.9, 0.3
    noise = rng.normal(0, 0.01, (2, 1, 17, 32, 16)).astype(np.float32)
    for view, height in ((sure, 0.9), (unsure, 0.3)):
        maps = average_views([view + noise[0], view + noise[1]], "prob")
        assert maps.dtype == np.float32
        np.testing.assert_allclose(maps.max(axis=(-2, -1)), height, atol=0.05)
        assert (maps.reshape(17, -1).argmax(axis=-1) == 20 * 16 + 8).all()
    assert not (average_views([np.full((1, 1, 2, 2), -1, np.float32)], "prob") > 0).any()


@pytest.mark.parametrize("word", ["mean", None])
def test_average_views__refuses_other_words(word):
    with pytest.raises(ValueError, match="average_clips must be one of score, prob, got"):
        average_views([np.zeros((1, 1, 2, 2), np.float32)], word)
