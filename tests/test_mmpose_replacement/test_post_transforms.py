import numpy as np
import pytest
import torch
from mmpose.codecs import MegviiHeatmap, MSRAHeatmap, UDPHeatmap
from mmpose.registry import KEYPOINT_CODECS

from mmpose_replacement.post_transforms import KneronHeatmap
from prepostprocess.keypoints.decode import DECODERS, decode_heatmaps, find_peaks

INPUT_WH, HEATMAP_WH = (192, 256), (48, 64)
REFERENCES = {
    "argmax": lambda: MSRAHeatmap(INPUT_WH, HEATMAP_WH, sigma=2.0),
    "quarter": lambda: MSRAHeatmap(INPUT_WH, HEATMAP_WH, sigma=2.0),
    "dark": lambda: MSRAHeatmap(INPUT_WH, HEATMAP_WH, sigma=2.0, unbiased=True),
    "udp": lambda: UDPHeatmap(INPUT_WH, HEATMAP_WH, sigma=2.0),
    "megvii": lambda: MegviiHeatmap(INPUT_WH, HEATMAP_WH, kernel_size=11),
}


@pytest.fixture
def keypoints() -> np.ndarray:
    return np.random.default_rng(0).uniform(-50, [242, 306], (1, 60, 2)).astype(np.float32)


@pytest.fixture
def visible() -> np.ndarray:
    return (np.random.default_rng(1).uniform(size=(1, 60)) > 0.2).astype(np.float32)


@pytest.mark.parametrize("decoder", DECODERS)
def test_encode__is_mmposes_for_that_decoder(keypoints, visible, decoder):
    found = KneronHeatmap(INPUT_WH, HEATMAP_WH, decoder=decoder).encode(keypoints, visible)
    expected = REFERENCES[decoder]().encode(keypoints, visible)
    assert found.keys() == expected.keys() == {"heatmaps", "keypoint_weights"}
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value)
    assert found["keypoint_weights"].sum() < visible.sum()  # some lie outside the map


@pytest.mark.parametrize("decoder", ["quarter", "dark", "udp", "megvii"])
def test_decode__agrees_with_mmpose(keypoints, visible, decoder):
    codec = KneronHeatmap(INPUT_WH, HEATMAP_WH, decoder=decoder)
    heatmaps = codec.encode(keypoints, visible)["heatmaps"]
    heatmaps += np.random.default_rng(2).normal(0, 0.003, heatmaps.shape).astype(np.float32)
    expected = REFERENCES[decoder]().decode(heatmaps.copy())
    found = codec.decode(heatmaps)
    near = np.ones(60, bool)
    if decoder in ("dark", "udp"):  # mmpose's step has no bound: on maps of noise it goes anywhere
        stride = np.array(INPUT_WH) / (np.array(HEATMAP_WH) - (decoder == "udp"))
        peaks = find_peaks(heatmaps[None])[0][0]
        near = (np.abs(expected[0][0] / stride - peaks) <= 1).all(axis=-1)
        assert 0.6 < near.mean() < 1
    np.testing.assert_allclose(found[0][:, near], expected[0][:, near], atol=2e-3)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-6)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_batch_decode__is_decode_of_each_and_the_runners_decode(keypoints, decoder, as_tensor):
    codec = KneronHeatmap(INPUT_WH, HEATMAP_WH, decoder=decoder)
    assert codec.support_batch_decoding
    heatmaps = codec.encode(keypoints)["heatmaps"].reshape(3, 20, 64, 48)
    found = codec.batch_decode(torch.from_numpy(heatmaps) if as_tensor else heatmaps)
    runner = decode_heatmaps(heatmaps, INPUT_WH, decoder)
    for index, (points, scores) in enumerate(zip(*found, strict=True)):
        alone = codec.decode(heatmaps[index])
        np.testing.assert_array_equal(points, alone[0])
        np.testing.assert_array_equal(scores, alone[1])
        np.testing.assert_array_equal(points[0], runner[0][index])
        np.testing.assert_array_equal(scores[0], runner[1][index])


# Input pixels. argmax, quarter and megvii: encoding goes to a whole heatmap pixel, 4 input pixels
# wide, so up to 2 are lost before any decoder. dark and udp: encoding keeps the place.
ROUND_TRIP = {"argmax": 2.0, "quarter": 2.0, "megvii": 2.0, "dark": 0.1, "udp": 0.1}


@pytest.mark.parametrize(("decoder", "bound"), ROUND_TRIP.items())
def test_encode_then_decode(decoder, bound):
    points = np.random.default_rng(3).uniform(40, [152, 216], (1, 100, 2)).astype(np.float32)
    codec = KneronHeatmap(INPUT_WH, HEATMAP_WH, decoder=decoder)
    decoded, scores = codec.decode(codec.encode(points)["heatmaps"])
    if decoder == "udp":  # decoders give UDP's pixels as p / (input - 1) of the input
        decoded = decoded / INPUT_WH * (np.array(INPUT_WH) - 1)
    assert np.abs(decoded - points).max() <= bound + 1e-4
    assert (scores > 0.85).all()


def test_sits_in_mmposes_registry():
    config = {"type": "KneronHeatmap", "input_size": INPUT_WH, "heatmap_size": HEATMAP_WH}
    codec = KEYPOINT_CODECS.build(config)
    assert isinstance(codec, KneronHeatmap)
    assert codec.decoder == "quarter"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"decoder": "drak"}, "decoder must be one of .*got 'drak'. Did you mean 'dark'"),
        ({"sigma": 0}, "sigma must be above 0, got 0"),
    ],
)
def test_refuses_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        KneronHeatmap(INPUT_WH, HEATMAP_WH, **arguments)


@pytest.mark.parametrize("sigma", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("decoder", DECODERS)
def test_encode_batch__is_encode_of_each_to_float_rounding(decoder, sigma):
    rng = np.random.default_rng(3)
    points = rng.uniform(-60, [252, 316], (20, 17, 2)).astype(np.float32)
    points[0, :8] = [
        [-2, 5],
        [-0.1, 0],
        [191.9, 255.9],
        [190, 254],
        [24, 2],
        [2, 24],
        [6, 6],
        [0, 0],
    ]
    seen = (rng.uniform(size=(20, 17)) > 0.2).astype(np.float32)
    codec = KneronHeatmap(INPUT_WH, HEATMAP_WH, sigma=sigma, decoder=decoder)
    maps, weights = codec.encode_batch(torch.from_numpy(points), torch.from_numpy(seen))
    assert maps.dtype == weights.dtype == torch.float32
    for index in range(20):
        expected = codec.encode(points[index : index + 1], seen[index : index + 1])
        height = 255 if decoder == "megvii" else 1
        np.testing.assert_allclose(
            maps[index].numpy() / height, expected["heatmaps"] / height, rtol=1e-5, atol=1e-7
        )
        np.testing.assert_array_equal(weights[index].numpy(), expected["keypoint_weights"][0])
