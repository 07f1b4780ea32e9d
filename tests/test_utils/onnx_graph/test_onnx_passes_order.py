"""The order of the passes, and what optimize promises on whole networks."""

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import passes_models
import pytest

from utils.onnx_graph.optimize import count_nodes, optimize
from utils.onnx_graph.passes.order import CHIPS, PASS_NAMES, PASSES

model, ops, normal = passes_models.model, passes_models.ops, passes_models.normal
cpu_nodes, TABLES = passes_models.cpu_nodes, passes_models.TABLES
CONFIGS = Path("configs/top_down/lite_hrnet/coco")


def test_every_pass_stands_after_those_it_needs():
    for position, one in enumerate(PASSES):
        assert set(one.after) <= set(PASS_NAMES[:position]), one.name
        assert one.why


def test_names_are_unique_and_targets_known():
    assert len(set(PASS_NAMES)) == len(PASSES)
    for one in PASSES:
        assert one.targets <= {*CHIPS, "PC"}, one.name


@pytest.mark.parametrize("name", PASS_NAMES)
def test_every_pass_is_in_the_docs(name, root):
    assert f"`{name}`" in (root / "docs" / "onnx_passes.md").read_text(encoding="utf-8")


def block():
    """Half of a shuffled map convolved and gated, as in Lite-HRNet."""
    return model(
        "s = Reshape(x, k) t = Transpose<perm=[0,2,1,3,4]>(s) u = Reshape(t, l) "
        "a, b = Split<axis=1>(u, fours) c = Conv<group=4, pads=[1,1,1,1]>(b, depth) "
        "g = GlobalAveragePool(c) h = Conv(g, dense) i = Sigmoid(h) d = Mul(c, i) "
        'j = Concat<axis=1>(a, d) y = Resize<mode="nearest", nearest_mode="floor", '
        'coordinate_transformation_mode="asymmetric">(j, "", double)',
        weights={
            "k": np.array([1, 2, 4, 6, 4]),
            "l": np.array([1, 8, 6, 4]),
            "fours": np.array([4, 4]),
            "depth": normal(4, 1, 3, 3),
            "dense": normal(4, 4, 1, 1, seed=1),
            "double": np.array([1, 1, 2, 2], np.float32),
        },
    )


def test_steps_say_what_was_left():
    source = block()
    source.metadata_props.add(key="decoder", value='"quarter"')
    made, steps = optimize(source)
    assert steps[-1].nodes == count_nodes(made)
    assert all(0 <= step.gap <= 1e-4 for step in steps)
    assert [(p.key, p.value) for p in made.metadata_props] == [("decoder", '"quarter"')]
    assert "Transpose" not in ops(made)


@pytest.mark.parametrize("table", TABLES)
def test_block_runs_on_720(table):
    made, _ = optimize(block(), npu="720")
    assert cpu_nodes(made, "720", table) == []


def test_skipped_pass_does_not_run():
    made, steps = optimize(block(), skip=("shuffle-to-gather",))
    assert ops(made)["Transpose"] == 1
    assert "shuffle-to-gather" not in {step.name for step in steps}


def test_pass_that_changes_the_outputs_is_refused(monkeypatch):  # largest output: 3.84
    def spoil(graph, _):
        node = next(graph.of("Sigmoid"))
        node.op = "Tanh"
        return 1

    spoiler = type(PASSES[0])("spoil", spoil, "none")
    module = importlib.import_module("utils.onnx_graph.optimize")
    monkeypatch.setattr(module, "PASSES", (spoiler,))
    with pytest.raises(ValueError, match=r"pass spoil must keep the outputs to 0.000384, changed"):
        optimize(block())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"npu": "521"}, "npu must be one of 520, 530, 630, 720, 730, got '521'"),
        ({"skip": ("split",)}, "skip must name passes of known-sizes, fold.*got 'split'"),
    ],
)
def test_unknown_words_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        optimize(block(), **options)


def test_open_size_is_refused_for_a_chip():
    with pytest.raises(ValueError, match=r"input 'x' must have a fixed shape.*got Nx8x6x4"):
        optimize(model("y = Relu(x)", "N,8,6,4"), npu="720")


def traced(config: str) -> onnx.ModelProto:
    """The config's network, with weights and statistics that no layer hides."""
    torch = pytest.importorskip("torch")
    from mmpose_replacement.config.load import load_config
    from models.tracing.trace import build_estimator, trace

    parsed = load_config(CONFIGS / config, [])
    estimator = build_estimator(parsed)
    generator = torch.Generator().manual_seed(0)
    for name, value in estimator.state_dict().items():
        if name.endswith(("running_var", "bn.weight")):
            value.uniform_(0.75, 1.25, generator=generator)
        elif value.is_floating_point():
            scale = value[0].numel() ** -0.5 if value.ndim == 4 else 0.1
            value.normal_(0, scale, generator=generator)
    return trace(parsed, estimator)


NETWORKS = ["litehrnet_no_shuffle_no_avgpool.py", "litehrnet_18_coco_256x192.py"]


@pytest.mark.slow
@pytest.mark.parametrize("config", NETWORKS)
def test_network_runs_on_720_whole(config, root, monkeypatch):
    monkeypatch.chdir(root)
    made, _ = optimize(traced(config), npu="720")
    assert "BatchNormalization" not in ops(made)  # nor a factor that would have to be one
    assert [cpu_nodes(made, "720", table) for table in TABLES] == [[], []]


@pytest.mark.slow
def test_lite_hrnet_18_for_a_pc_has_at_most_900_nodes(root, monkeypatch):
    monkeypatch.chdir(root)
    made, steps = optimize(traced("litehrnet_18_coco_256x192.py"))
    assert count_nodes(made) <= 850
    assert passes_models.factors(made) == 0
    assert max(step.gap for step in steps) <= 1e-4
    assert {"Transpose", "Reshape"}.isdisjoint(ops(made))


@pytest.mark.slow
@pytest.mark.parametrize("npu", [None, "720"])
@pytest.mark.parametrize("name", ["pp_tinypose_256x192.onnx", "yolov5n_640.onnx"])
def test_foreign_network_keeps_its_outputs(name, npu, shared):
    from utils.onnx_graph.fix_batch import fix_batch

    source = onnx.load(shared / "models" / name)
    made, steps = optimize(fix_batch(source), npu=npu)
    assert steps
    assert max(step.gap for step in steps) <= 1e-4
    assert count_nodes(made)
