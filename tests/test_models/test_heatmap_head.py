import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample

import mmpose_replacement  # noqa: F401 - registers the codec
from models.heads.heatmap_head import KneronHeatmapHead
from prepostprocess.keypoints.decode import decode_heatmaps
from prepostprocess.keypoints.flip import average_views, flip_back

INPUT_WH, HEATMAP_WH = (192, 256), (48, 64)
FLIP_INDICES = [0, 2, 1, 4, 3]
LAYERS = {"in_channels": 8, "out_channels": 5, "deconv_out_channels": None}
SIZES = {"input_size": INPUT_WH, "heatmap_size": HEATMAP_WH}


@pytest.fixture
def heads() -> tuple[HeatmapHead, KneronHeatmapHead]:
    """mmpose's head and ours with the same random weights."""
    torch.manual_seed(0)
    reference = HeatmapHead(**LAYERS, decoder={"type": "MSRAHeatmap", **SIZES, "sigma": 2.0})
    torch.nn.init.normal_(reference.final_layer.weight)
    ours = MODELS.build(
        {"type": "KneronHeatmapHead", **LAYERS, "decoder": {"type": "KneronHeatmap", **SIZES}}
    )
    ours.load_state_dict(reference.state_dict(), strict=True)
    return reference, ours


@pytest.fixture
def views() -> list[tuple[torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    return [(torch.randn(3, 8, 64, 48, generator=generator),) for _ in range(2)]


@pytest.fixture
def samples() -> list[PoseDataSample]:
    return [PoseDataSample(metainfo={"flip_indices": FLIP_INDICES}) for _ in range(3)]


TEST_CFGS = {
    "no flip": {},
    "flip": {"flip_test": True},
    "flip and shift": {"flip_test": True, "shift_heatmap": True},
}


@pytest.mark.parametrize("test_cfg", TEST_CFGS.values(), ids=TEST_CFGS)
@torch.no_grad()
def test_predict__agrees_with_mmpose(heads, views, samples, test_cfg):
    feats = views if test_cfg else views[0]
    test_cfg = {**test_cfg, "output_heatmaps": True}
    expected, found = (head.predict(feats, samples, test_cfg) for head in heads)
    for theirs, ours in zip(expected[0], found[0], strict=True):
        np.testing.assert_array_equal(ours.keypoints, theirs.keypoints)
        np.testing.assert_array_equal(ours.keypoint_scores, theirs.keypoint_scores)
        assert ours.keypoints.shape == (1, 5, 2)
    for theirs, ours in zip(expected[1], found[1], strict=True):
        torch.testing.assert_close(ours.heatmaps, theirs.heatmaps, rtol=0, atol=0)


@pytest.mark.parametrize("average", ["score", "prob"])
@torch.no_grad()
def test_predict__merges_views_as_the_runner_does(heads, views, samples, average):
    head = heads[1]
    test_cfg = {"flip_test": True, "shift_heatmap": True, "average_clips": average}
    instances = head.predict(views, samples, test_cfg)
    plain, mirrored = (head(view).numpy() for view in views)
    merged = average_views([plain, flip_back(mirrored, FLIP_INDICES)], average)
    keypoints, scores = decode_heatmaps(merged, INPUT_WH)
    for index, instance in enumerate(instances):
        np.testing.assert_array_equal(instance.keypoints[0], keypoints[index])
        np.testing.assert_array_equal(instance.keypoint_scores[0], scores[index])
    peaks = (plain.max(axis=(-2, -1)) + mirrored[:, FLIP_INDICES].max(axis=(-2, -1))) / 2
    assert (scores <= np.maximum(peaks, 0) + 1e-5).all()


def test_predict__refuses_another_average(heads, views, samples):
    with pytest.raises(ValueError, match="average_clips must be one of score, prob, got 'max'"):
        heads[1].predict(views, samples, {"flip_test": True, "average_clips": "max"})


def test_every_weight_gets_a_finite_gradient(heads, views):
    head = heads[1]
    head(views[0]).square().mean().backward()
    for name, parameter in head.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("decoder", ["quarter", "dark", "udp", "megvii"])
def test_loss__of_bare_keypoints_is_mmposes_of_their_heatmaps(heads, views, decoder):
    rng = np.random.default_rng(4)
    points = rng.uniform(-20, [212, 276], (3, 5, 2)).astype(np.float32)
    seen = (rng.uniform(size=(3, 5)) > 0.2).astype(np.float32)
    reference, ours = heads
    ours.decoder = KEYPOINT_CODECS.build({"type": "KneronHeatmap", **SIZES, "decoder": decoder})
    samples = []
    for index in range(3):
        encoded = ours.decoder.encode(points[index : index + 1], seen[index : index + 1])
        sample = PoseDataSample()
        sample.gt_fields = PixelData(heatmaps=torch.from_numpy(encoded["heatmaps"]))
        weights = torch.from_numpy(encoded["keypoint_weights"])
        sample.gt_instance_labels = InstanceData(keypoint_weights=weights)
        samples.append(sample)
    bare = {"keypoints": torch.from_numpy(points), "keypoints_visible": torch.from_numpy(seen)}
    expected, as_before = (head.loss(views[0], samples) for head in (reference, ours))
    found = ours.loss(views[0], bare)
    assert found.keys() == expected.keys() == {"loss_kpt", "acc_pose"}
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=1e-5, atol=0)
        torch.testing.assert_close(as_before[key], value, rtol=0, atol=0)
    assert ours.loss(views[0], bare, {"compute_acc": False}).keys() == {"loss_kpt"}
