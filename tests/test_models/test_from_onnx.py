"""Weights out of ONNX files: found by structure, proven equal, or refused."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from mmpose.models import PoseDataPreprocessor

from mmpose_replacement.config.load import load_config
from models.checkpoints.from_onnx import load_onnx
from models.checkpoints.load import carried, load_file
from models.checkpoints.unfold import unfold
from models.export.to_onnx import export_model
from models.tracing.trace import ExportOptions, build_estimator, trace_network
from models.tracing.wrappers import HeatmapNetwork
from prepostprocess.preprocess import PREPROCESS, normalize

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs/top_down/lite_hrnet"
SMALL = CONFIGS / "people/litehrnet_small_people_128x64.py"
WIDER = CONFIGS / "coco/wider_naive_litehrnet_18_coco_256x192.py"
SUBPIXEL = CONFIGS / "coco/litehrnet_kl520_no_upsampling.py"
PP_TINYPOSE = ROOT.parent / "shared/models/pp_tinypose_256x192.onnx"


def random_estimator(config, seed: int):
    """An estimator whose every weight and BatchNorm statistic is drawn."""
    torch.manual_seed(seed)
    estimator = build_estimator(config)
    for module in estimator.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.8, 1.2)
            torch.nn.init.normal_(module.bias, 0, 0.1)
    return estimator


def heatmaps(estimator, images) -> torch.Tensor:
    with torch.inference_mode():
        return HeatmapNetwork(estimator).eval()(images)


@pytest.fixture(scope="module")
def config():
    return load_config(SMALL)


@pytest.fixture(scope="module")
def trained(config):
    return random_estimator(config, 1)


@pytest.fixture(scope="module")
def images():
    return torch.randn(2, 3, 128, 64, generator=torch.Generator().manual_seed(0))


def export(config, estimator, path: Path, **options) -> Path:
    converted, _ = export_model(config, estimator, ExportOptions(**options))
    onnx.save(converted.model, path)
    return path


@pytest.mark.parametrize("fuse_bn", [True, False])
def test_our_own_raw_export_comes_back(config, trained, images, tmp_path, fuse_bn):
    path = export(config, trained, tmp_path / "raw.onnx", optimize=False, fuse_bn=fuse_bn)
    estimator = random_estimator(config, 2)
    found = load_onnx(estimator, path)
    assert found.folded == fuse_bn
    assert found.word == "float"
    torch.testing.assert_close(
        heatmaps(estimator, images), heatmaps(trained, images), atol=1e-5, rtol=0
    )
    if not fuse_bn:  # with the statistics of the training
        norm, theirs = (
            next(m for m in each.modules() if isinstance(m, torch.nn.BatchNorm2d))
            for each in (estimator, trained)
        )
        torch.testing.assert_close(norm.running_mean, theirs.running_mean)


def test_a_network_for_larger_images_takes_the_same_weights(config, trained, images, tmp_path):
    path = export(config, trained, tmp_path / "raw.onnx", optimize=False)
    sizes = ["codec.input_size=(96,192)", "codec.heatmap_size=(24,48)"]
    estimator = build_estimator(load_config(SMALL, sizes))
    load_onnx(estimator, path)
    torch.testing.assert_close(
        heatmaps(estimator, images), heatmaps(trained, images), atol=1e-5, rtol=0
    )


def test_the_shipped_network_can_be_trained_on():
    estimator = build_estimator(load_config(WIDER, ["preprocess=kneron_520"]))
    lines = load_file(estimator, ROOT / "weights/wider_naive_litehrnet_18_raw.onnx")
    assert "269 convolutions" in lines[0]
    assert "trained with 'kneron_720'" in lines[1]


@pytest.mark.parametrize("npu", [None, "520"])
def test_a_convolution_that_runs_in_parts_comes_back_whole(tmp_path, npu):
    config = load_config(SUBPIXEL)
    trained, other = random_estimator(config, 1), random_estimator(config, 2)
    found = load_onnx(other, export(config, trained, tmp_path / "parts.onnx", npu=npu))
    assert found.num_layers == 65
    for ours, theirs in zip(other.head.parameters(), trained.head.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_shipped_network_without_upsampling_can_be_trained_on():
    sample = CONFIGS / "sample/litehrnet_kl520_no_upsampling_128x96.py"
    estimator = build_estimator(load_config(sample, ["preprocess=kneron_520"]))
    file = ROOT / "weights/litehrnet_kl520_no_upsampling_128x96_kl520.onnx"
    (line,) = load_file(estimator, file)
    assert "65 convolutions found by their place" in line


def test_weights_that_the_input_changes_are_refused(config, trained, tmp_path):
    path = export(config, trained, tmp_path / "raw.onnx", optimize=False)
    model = onnx.load(path)
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    total = onnx.helper.make_node("ReduceSum", [conv.input[0]], ["total"])
    changed = onnx.helper.make_node("Mul", [conv.input[1], "total"], ["changed"])
    conv.input[1] = "changed"
    for node in (changed, total):
        model.graph.node.insert(0, node)
    onnx.save(model, tmp_path / "changed.onnx")
    with pytest.raises(ValueError, match=r"changed\.onnx: .* 'changed' depends on the input"):
        load_onnx(random_estimator(config, 2), tmp_path / "changed.onnx")


def test_a_file_rewritten_for_a_chip_is_refused_and_nothing_loaded(config, trained, tmp_path):
    path = export(config, trained, tmp_path / "chip.onnx", npu="720")
    estimator = random_estimator(config, 2)
    before = {name: value.clone() for name, value in estimator.state_dict().items()}
    with pytest.raises(ValueError, match=r"chip\.onnx: .* with --raw"):
        load_onnx(estimator, path)
    for name, value in estimator.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_preprocessor_without_a_word_is_refused(config, trained, tmp_path):
    path = export(config, trained, tmp_path / "a.onnx")
    estimator = random_estimator(config, 2)
    estimator.data_preprocessor = PoseDataPreprocessor()
    with pytest.raises(ValueError, match=r"a\.onnx: .* got PoseDataPreprocessor\. Load what"):
        load_onnx(estimator, path)


def test_another_architecture_is_refused(config, trained, tmp_path):
    path = export(config, trained, tmp_path / "small.onnx", optimize=False)
    deeper = load_config(SMALL, ["model.backbone.extra.stages_spec.num_modules=(1,2,1)"])
    with pytest.raises(ValueError, match="must have the structure of the config's"):
        load_onnx(build_estimator(deeper), path)


def test_moved_channels_are_refused_with_the_first_layers(config, trained, tmp_path):
    path = export(config, trained, tmp_path / "raw.onnx", optimize=False)
    model = onnx.load(path)
    graph = model.graph
    kernels = {t.name: t for t in graph.initializer if len(t.dims) == 4 and t.dims[1] > 3}
    convs = [n for n in graph.node if n.op_type == "Conv" and n.input[1] in kernels]
    conv, tensor = convs[3], kernels[convs[3].input[1]]
    weight = onnx.numpy_helper.to_array(tensor)[:, ::-1].copy()  # same answer, other channel order
    order = onnx.numpy_helper.from_array(np.arange(weight.shape[1])[::-1].copy(), "order")
    turn = onnx.helper.make_node("Gather", [conv.input[0], "order"], ["turned"], axis=1)
    index = list(graph.node).index(conv)
    conv.input[0] = "turned"
    tensor.CopyFrom(onnx.numpy_helper.from_array(weight, tensor.name))
    graph.initializer.append(order)
    graph.node.insert(index, turn)
    onnx.save(model, tmp_path / "moved.onnx")
    with pytest.raises(ValueError, match=r"moved\.onnx: imported .* first at backbone\."):
        load_onnx(random_estimator(config, 2), tmp_path / "moved.onnx")


class Twins(torch.nn.Module):
    """Two convolutions that stand alike."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = torch.nn.ModuleList(torch.nn.Conv2d(3, 4, 1) for _ in range(2))
        self.last = torch.nn.Conv2d(4, 17, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.sides[0](x) + self.sides[1](x))


def test_twins_that_cannot_be_told_apart_are_refused(config, tmp_path):
    onnx.save(trace_network(Twins(), (64, 128)), tmp_path / "twins.onnx")
    estimator = random_estimator(config, 2)
    estimator.backbone = Twins()
    estimator.head.forward = lambda feats: feats
    with pytest.raises(ValueError, match=r"twins\.onnx: each .* place of its own, but 2 cannot"):
        load_onnx(estimator, tmp_path / "twins.onnx")


def test_a_quantised_file_is_refused(config, tmp_path):
    value = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("QuantizeLinear", ["a", "s"], ["b"])
    scale = onnx.numpy_helper.from_array(np.float32(1), "s")
    shape = [1, 3, 128, 64]
    graph = onnx.helper.make_graph(
        [node], "g", [value("a", 1, shape)], [value("b", 2, shape)], [scale]
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    onnx.save(model, tmp_path / "q.onnx")
    with pytest.raises(ValueError, match=r"q\.onnx: weights must be in float"):
        load_onnx(build_estimator(config), tmp_path / "q.onnx")


def test_unfolding_keeps_the_answer_and_gives_training_its_statistics(
    config, trained, images, tmp_path
):
    path = export(config, trained, tmp_path / "raw.onnx", optimize=False)
    estimator = random_estimator(config, 2)
    load_onnx(estimator, path)
    before = heatmaps(estimator, images)
    crops = torch.randn(16, 3, 128, 64, generator=torch.Generator().manual_seed(1))
    assert unfold(HeatmapNetwork(estimator), crops) > 50
    torch.testing.assert_close(heatmaps(estimator, images), before, atol=1e-4, rtol=0)
    expected = heatmaps(estimator, crops)
    in_training = HeatmapNetwork(estimator).train()(crops)
    assert (in_training - expected).abs().max() < 0.05 * expected.abs().max()


@pytest.mark.parametrize("old", PREPROCESS)
@pytest.mark.parametrize("new", PREPROCESS)
def test_carried_weights_answer_alike_away_from_the_border(old, new):
    estimator = random_estimator(load_config(SMALL, [f"preprocess={new}"]), 3)
    weights = {name: value.clone() for name, value in estimator.state_dict().items()}
    pixels = np.random.default_rng(0).integers(0, 256, (1, 128, 64, 3), np.uint8)
    stem = estimator.backbone.stem.conv1.eval()
    with torch.inference_mode():
        before = stem(torch.from_numpy(normalize(pixels, old)))
        estimator.load_state_dict(carried(estimator, weights, old))
        after = stem(torch.from_numpy(normalize(pixels, new)))
    torch.testing.assert_close(after[..., 1:, 1:], before[..., 1:, 1:], atol=1e-4, rtol=0)


def test_a_checkpoint_is_carried_by_the_word_of_its_config(config, trained, tmp_path):
    content = {"state_dict": trained.state_dict(), "meta": {"cfg": config.pretty_text}}
    torch.save(content, tmp_path / "float.pth")
    estimator = build_estimator(load_config(SMALL, ["preprocess=kneron_720"]))
    (line,) = load_file(estimator, tmp_path / "float.pth")
    assert "trained with 'float'; the first convolution was changed to take 'kneron_720'" in line
    assert load_file(build_estimator(config), tmp_path / "float.pth") == []


@pytest.mark.skipif(not PP_TINYPOSE.exists(), reason="../shared/models is not here")
def test_pp_tinypose_is_our_wider_naive_litehrnet():
    found = load_onnx(build_estimator(load_config(WIDER)), PP_TINYPOSE)
    assert found.num_layers == 269
    assert found.gap < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("depth", [18, 30])
def test_mmposes_own_litehrnet_comes_over(depth, tmp_path):
    import mmpose
    from mmengine.config import Config
    from mmpose.registry import MODELS

    folder = Path(mmpose.__file__).parent / ".mim/configs/body_2d_keypoint/topdown_heatmap/coco"
    theirs_config = Config.fromfile(folder / f"td-hm_litehrnet-{depth}_8xb64-210e_coco-256x192.py")
    estimator = build_estimator(load_config(CONFIGS / f"coco/litehrnet_{depth}_coco_256x192.py"))
    torch.manual_seed(0)
    theirs = MODELS.build(theirs_config.model).eval()
    onnx.save(trace_network(HeatmapNetwork(theirs), (192, 256)), tmp_path / "theirs.onnx")
    assert load_onnx(estimator, tmp_path / "theirs.onnx").num_layers == {18: 301, 30: 506}[depth]
