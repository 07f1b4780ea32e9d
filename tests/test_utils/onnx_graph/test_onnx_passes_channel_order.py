"""Shuffles folded into weights: whatever stands around them, the outputs stay."""

import numpy as np
import passes_models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

model, run_pass, ops, normal = (
    passes_models.model,
    passes_models.run_pass,
    passes_models.ops,
    passes_models.normal,
)
GAP = 1e-4  # sums of 8 products, some ten layers deep, in another order

ORDER = np.array([3, 0, 6, 1, 7, 2, 5, 4])
WEIGHTS = {
    "order": ORDER,
    "depth": normal(8, 1, 3, 3, seed=1) / 3,
    "dense": normal(8, 8, 1, 1, seed=2) / 3,
    "bias": normal(8, seed=3),
    "channel": normal(1, 8, 1, 1, seed=4),
    "scalar": np.float32(1.5),
    "mean": normal(8, seed=5),
    "var": np.abs(normal(8, seed=6)) + 0.5,
    "zero": np.array([0]),
    "one": np.array([1]),
    "three": np.array([3]),
    "four": np.array([4]),
    "eight": np.array([8]),
}
DEPTHWISE = "Conv<group=8, pads=[1,1,1,1]>"
GONE = {
    "depthwise, dense": f"p = {DEPTHWISE}(s, depth, bias) y = Conv(p, dense, bias)",
    "batch norm": "p = BatchNormalization(s, bias, mean, mean, var) y = Conv(p, dense)",
    "constants": "p = Mul(s, channel) q = Add(scalar, p) y = Conv(q, dense)",
    "gate": "g = GlobalAveragePool(s) h = Conv(g, dense) i = Sigmoid(h) p = Mul(s, i) "
    "y = Conv(p, dense)",
    "sum": f"t = Conv(x, dense) u = {DEPTHWISE}(t, depth) p = Add(u, s) q = Relu(p) "
    "y = Conv(q, dense)",
    "sum, twice": "t = Conv(x, dense) u = Conv(x, dense, bias) p = Add(u, s) q = Add(t, p) "
    "y = Conv(q, dense)",
    "sum of sums": f"t = Conv(x, dense) u = Conv(x, dense, bias) v = {DEPTHWISE}(u, depth) "
    "m = Sub(t, v) n = Relu(m) p = Add(n, s) y = Conv(p, dense)",
    "sum with a gated map": "t = Conv(x, dense) u = GlobalAveragePool(x) v = Conv(u, dense) "
    "m = Sigmoid(v) n = Mul(m, t) p = Add(n, s) y = Conv(p, dense)",
    "back again": "p = Gather<axis=1>(s, back) y = Relu(p)",
}
LEFT = {
    "output": "y = Relu(s)",
    "both orders": "y = Add(s, x)",
    "grouped": "p = Conv<group=2>(s, half) y = Conv(p, dense)",
    "not four axes": "p = Flatten(s) y = Relu(p)",
    "one conv of two": "t = Conv(x, dense) u = Relu(x) v = Add(t, u) p = Add(v, s) "
    "y = Conv(p, dense)",
    "conv read twice": "t = Conv(x, dense) u = Relu(t) p = Add(t, s) y = Sub(p, u)",
}


@pytest.mark.parametrize("nodes", GONE.values(), ids=GONE)
def test_shuffle_goes(nodes):
    weights = WEIGHTS | {"back": np.argsort(ORDER)}
    source = model("s = Gather<axis=1>(x, order) " + nodes, weights=weights)
    made, count, gap = run_pass(source, "fold-channel-order")
    assert count
    assert gap <= GAP
    assert "Gather" not in ops(made)
    assert "Slice" not in ops(made)


@pytest.mark.parametrize("nodes", LEFT.values(), ids=LEFT)
def test_shuffle_that_cannot_go_stays_right(nodes):
    weights = WEIGHTS | {"half": normal(8, 4, 1, 1)}
    source = model("s = Gather<axis=1>(x, order) " + nodes, weights=weights)
    made, _, gap = run_pass(source, "fold-channel-order")
    assert gap <= GAP
    assert ops(made)["Gather"] == 1


def test_halves_of_a_shuffled_join_are_cut_from_its_parts():
    source = model(
        "p = Relu(x) q = Sigmoid(x) j = Concat<axis=1>(p, q) s = Gather<axis=1>(j, mixed) "
        "a = Slice(s, zero, eight, one) b = Slice(s, eight, all, one) "
        "c = Conv(a, dense) d = Sub(c, b) y = Conv(d, dense)",
        weights=WEIGHTS | {"mixed": np.arange(16).reshape(2, 8).T.ravel(), "all": np.array([16])},
    )
    made, _, gap = run_pass(source, "fold-channel-order", "slice-to-split")
    assert gap <= GAP
    assert ops(made) == {
        "Relu": 1, "Sigmoid": 1, "Split": 2, "Concat": 2, "Conv": 2, "Sub": 1,
    }  # fmt: skip


STEPS = {
    "shuffle": "{new} = Gather<axis=1>({a}, order)",
    "depthwise": "{new} = " + DEPTHWISE + "({a}, depth, bias)",
    "dense": "{new} = Conv({a}, dense, bias)",
    "relu": "{new} = Relu({a})",
    "pool": "{new} = AveragePool<kernel_shape=[3, 3], pads=[1, 1, 1, 1]>({a})",
    "channel": "{new} = Add({a}, channel)",
    "add": "{new} = Add({a}, {b})",
    "gate": "{new}g = GlobalAveragePool({a}) {new}h = Conv({new}g, dense) {new} = Mul({b}, {new}h)",
    "mix": "{new}p = Slice({a}, zero, four, one) {new}q = Slice({b}, three, seven, one) "
    "{new} = Concat<axis=1>({new}q, {new}p)",
    "halves": "{new}p, {new}q = Split<axis=1>({a}, fours) {new} = Concat<axis=1>({new}q, {new}p)",
    "swap gates": "{new}d = Conv({a}, dense) {new}p, {new}q = Split<axis=1>({new}d, fours) "
    "{new}r, {new}s = Split<axis=1>({b}, fours) {new}t = Mul({new}p, {new}s) "
    "{new}u = Mul({new}q, {new}r) {new} = Concat<axis=1>({new}t, {new}u)",
}


def test_a_chip_joins_stretches_where_a_pc_gathers():
    # the first half of the shuffled channels is 0, 4, 1, 5: two runs of two
    nodes = "s = Gather<axis=1>(x, pairs) a = Slice(s, zero, four, one) y = Conv(a, narrow)"
    weights = WEIGHTS | {
        "pairs": np.array([0, 4, 1, 5, 2, 6, 3, 7]),
        "narrow": normal(8, 4, 1, 1),
    }
    found = {}
    for npu in (None, "520", "720"):
        made, _, gap = run_pass(model(nodes, weights=weights), "fold-channel-order", npu=npu)
        assert gap <= GAP
        found[npu] = ops(made)
    assert found["720"] == {"Slice": 2, "Concat": 1, "Conv": 1}
    assert found[None] == found["520"] == {"Gather": 1, "Conv": 1}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), npu=st.sampled_from([None, "520", "720"]))
def test_any_network_with_shuffles_stays_equal(data, npu):
    names, nodes = ["x"], ["t = Gather<axis=1>(x, order)"]
    names.append("t")
    for number in range(data.draw(st.integers(1, 10))):
        step = STEPS[data.draw(st.sampled_from(sorted(STEPS)))]
        a, b = (data.draw(st.sampled_from(names[-4:])) for _ in range(2))
        nodes.append(step.format(new=f"t{number}", a=a, b=b))
        names.append(f"t{number}")
    nodes.append(f"last = Tanh({names[-1]}) y = Add(last, {data.draw(st.sampled_from(names))})")
    weights = WEIGHTS | {"seven": np.array([7]), "fours": np.array([4, 4])}
    source = model(" ".join(nodes), "1,8,5,4", weights)
    _, _, gap = run_pass(source, "split-to-slice", "fold-channel-order", npu=npu)
    assert gap <= GAP
