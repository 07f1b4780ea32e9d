import numpy as np
import pytest

from prepostprocess.keypoints.decode import DECODERS, decode_heatmaps, find_peaks

INPUT_WH, HEATMAP_WH = (192, 256), (48, 64)


def gaussians(centers_xy: np.ndarray, sigma: float = 2.0) -> np.ndarray:
    """Heatmaps (N, K, 64, 48) with a peak of height 1 at each of the (N, K, 2) places."""
    x, y = np.arange(HEATMAP_WH[0]), np.arange(HEATMAP_WH[1])[:, None]
    dx, dy = x - centers_xy[..., :1, None], y - centers_xy[..., 1:, None]
    return np.exp(-(dx**2 + dy**2) / (2 * sigma**2)).astype(np.float32)


@pytest.fixture
def noisy_heatmaps() -> np.ndarray:
    """Peaks all over the map, on and beyond its border, some faint, over a little noise."""
    rng = np.random.default_rng(0)
    heatmaps = gaussians(rng.uniform(-2, np.array(HEATMAP_WH) + 2, (8, 17, 2)))
    heatmaps *= rng.uniform(0.1, 1, (8, 17, 1, 1)).astype(np.float32)
    return heatmaps + rng.normal(0, 0.002, heatmaps.shape).astype(np.float32)


def reference_codec(decoder: str):
    from mmpose.codecs import MegviiHeatmap, MSRAHeatmap, UDPHeatmap

    sizes = (INPUT_WH, HEATMAP_WH)
    return {
        "quarter": lambda: MSRAHeatmap(*sizes, sigma=2.0),
        "dark": lambda: MSRAHeatmap(*sizes, sigma=2.0, unbiased=True),
        "udp": lambda: UDPHeatmap(*sizes, sigma=2.0),
        "megvii": lambda: MegviiHeatmap(*sizes, kernel_size=11),
    }[decoder]()


@pytest.mark.parametrize("decoder", ["quarter", "dark", "udp", "megvii"])
def test_decode__agrees_with_mmpose(noisy_heatmaps, decoder):
    codec = reference_codec(decoder)
    expected = [codec.decode(heatmaps.copy()) for heatmaps in noisy_heatmaps]
    before = noisy_heatmaps.copy()
    keypoints, scores = decode_heatmaps(noisy_heatmaps, INPUT_WH, decoder)
    # UDP's inverse is float64 on both sides, its differences float32 in mmpose.
    np.testing.assert_allclose(keypoints, np.concatenate([e[0] for e in expected]), atol=1e-3)
    np.testing.assert_allclose(scores, np.concatenate([e[1] for e in expected]), rtol=1e-6)
    assert keypoints.dtype == scores.dtype == np.float32
    np.testing.assert_array_equal(noisy_heatmaps, before)


# How far, in heatmap pixels, each decoder may be off a clean Gaussian around the exact place.
# argmax: half a pixel. quarter: a quarter. dark, udp: what the blur's clipped tails leave.
BOUNDS = {"argmax": 0.5, "quarter": 0.25, "dark": 0.02, "udp": 0.02}


@pytest.mark.parametrize(("decoder", "bound"), BOUNDS.items())
def test_decode__finds_exact_gaussians(decoder, bound):
    centers = np.random.default_rng(0).uniform(12, [36, 52], (4, 17, 2))
    keypoints, scores = decode_heatmaps(gaussians(centers), INPUT_WH, decoder)
    if decoder == "udp":
        found = keypoints / INPUT_WH * (np.array(HEATMAP_WH) - 1)
    else:
        found = keypoints / 4
    assert np.abs(found - centers).max() < bound + 1e-4
    assert (scores > 0.85).all()  # exp(-0.5 * (0.5**2 + 0.5**2) / 4) = 0.939


# One peak at x=20, y=30 with a higher right and a higher upper neighbour, worked by hand.
GOLDEN = {
    "argmax": ((80, 120), 1.0),
    "quarter": ((81, 119), 1.0),
}


@pytest.mark.parametrize(("decoder", "expected"), GOLDEN.items())
def test_decode__golden(decoder, expected):
    heatmap = np.zeros((1, 1, 64, 48), np.float32)
    heatmap[0, 0, 30, 20] = 1
    heatmap[0, 0, 30, 21] = heatmap[0, 0, 29, 20] = 0.5
    keypoints, scores = decode_heatmaps(heatmap, INPUT_WH, decoder)
    np.testing.assert_array_equal(keypoints[0, 0], expected[0])
    assert scores[0, 0] == expected[1]


def test_megvii__half_a_pixel_on_and_its_own_score():
    heatmap = np.zeros((1, 1, 64, 48), np.float32)
    heatmap[0, 0, 30, 20] = 255
    keypoints, scores = decode_heatmaps(heatmap, INPUT_WH, "megvii", blur_kernel_size=3)
    np.testing.assert_array_equal(keypoints[0, 0], (82, 122))  # (20.5, 30.5) * 4
    assert scores[0, 0] == pytest.approx(1.5)


@pytest.mark.parametrize("decoder", DECODERS)
def test_decode__a_map_without_a_peak_is_at_minus_one(decoder):
    heatmaps = np.stack([np.zeros((64, 48)), np.full((64, 48), -1.0)]).astype(np.float32)[None]
    keypoints, scores = decode_heatmaps(heatmaps, INPUT_WH, decoder)
    expected = -np.array(INPUT_WH) / (np.array(HEATMAP_WH) - (decoder == "udp"))
    np.testing.assert_allclose(keypoints, np.broadcast_to(expected, (1, 2, 2)), rtol=1e-6)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("decoder", DECODERS)
def test_decode__each_map_is_on_its_own(noisy_heatmaps, decoder):
    together = decode_heatmaps(noisy_heatmaps, INPUT_WH, decoder)
    for n in range(0, 8, 3):
        for k in range(0, 17, 5):
            alone = decode_heatmaps(noisy_heatmaps[n : n + 1, k : k + 1], INPUT_WH, decoder)
            np.testing.assert_array_equal(together[0][n, k], alone[0][0, 0])
            np.testing.assert_array_equal(together[1][n, k], alone[1][0, 0])


@pytest.mark.parametrize("decoder", DECODERS)
def test_decode__nobody_gives_nothing(decoder):
    keypoints, scores = decode_heatmaps(np.zeros((0, 17, 64, 48), np.float32), INPUT_WH, decoder)
    assert keypoints.shape == (0, 17, 2)
    assert scores.shape == (0, 17)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 2, 2, 3), (2, 1, 3, 2)])
@pytest.mark.parametrize("decoder", ["quarter", "dark", "megvii", "argmax"])
def test_decode__tiny_maps(decoder, shape):
    heatmaps = np.zeros(shape, np.float32)
    heatmaps[..., -1, -1] = 1
    keypoints, _ = decode_heatmaps(heatmaps, (shape[3], shape[2]), decoder)
    np.testing.assert_array_equal(
        keypoints, np.broadcast_to([shape[3] - 1, shape[2] - 1], keypoints.shape)
    )


def test_find_peaks__takes_the_first_of_equals():
    peaks, scores = find_peaks(np.ones((1, 1, 4, 5), np.float32))
    assert peaks.tolist() == [[[0, 0]]]
    assert scores.tolist() == [[1]]


@pytest.mark.parametrize("decoder", ["dark", "udp"])
@pytest.mark.parametrize("kind", ["random", "flat", "saturated", "tiny", "stripes"])
def test_decode__no_joint_is_further_from_its_peak_than_a_pixel(decoder, kind):
    rng = np.random.default_rng(0)
    shape = (20, 12, 16, 12)
    heatmaps = {
        "random": rng.random(shape),
        "flat": np.full(shape, 0.3) + rng.normal(0, 1e-7, shape),
        "saturated": np.clip(rng.normal(50, 60, shape), 0, 60),
        "tiny": rng.random(shape) * 1e-9,
        "stripes": np.broadcast_to(np.arange(12) % 3, shape) + rng.normal(0, 1e-6, shape),
    }[kind].astype(np.float32)
    peaks, _ = find_peaks(heatmaps)
    input_wh = (47, 63) if decoder == "udp" else (48, 64)  # strides of 47 / 11, 63 / 15 and 4
    keypoints, _ = decode_heatmaps(heatmaps, input_wh, decoder)
    stride = np.array(input_wh) / (np.array([12, 16]) - (decoder == "udp"))
    assert np.abs(keypoints / stride - peaks).max() <= 1 + 1e-4
    assert np.isfinite(keypoints).all()


def test_decode__refuses_bad_arguments():
    heatmaps = np.zeros((1, 17, 64, 48), np.float32)
    with pytest.raises(
        ValueError, match="decoder must be one of .*got 'quater'. Did you mean 'quarter'"
    ):
        decode_heatmaps(heatmaps, INPUT_WH, "quater")
    with pytest.raises(ValueError, match=r"heatmaps must be .* got float32 \(17, 64, 48\)"):
        decode_heatmaps(heatmaps[0], INPUT_WH)
    with pytest.raises(ValueError, match="blur_kernel_size must be odd, got 10"):
        decode_heatmaps(heatmaps, INPUT_WH, "dark", blur_kernel_size=10)
