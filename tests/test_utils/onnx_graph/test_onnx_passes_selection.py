"""Channel shuffles and picked channels."""

import numpy as np
import passes_models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

model, run_pass, ops = passes_models.model, passes_models.run_pass, passes_models.ops
cpu_nodes, TABLES, normal = passes_models.cpu_nodes, passes_models.TABLES, passes_models.normal
FLOAT_GAP = 5e-5  # sums of up to 144 products (about 100 in absolute terms) in another order

SHUFFLE = "p = Reshape(x, k) r = Transpose<perm=[0,2,1,3,4]>(p) s = Reshape(r, l) "


def shuffle(rest: str, groups: int = 2, channels: int = 8, weights: dict | None = None):
    sizes = {
        "k": np.array([1, groups, channels // groups, 6, 4]),
        "l": np.array([-1, channels, 6, 4]),
    }
    return model(SHUFFLE + rest, f"1,{channels},6,4", sizes | (weights or {}))


@settings(max_examples=20, deadline=None)
@given(groups=st.integers(1, 5), each=st.integers(1, 5))
def test_any_shuffle_is_a_gather(groups, each):
    source = shuffle("y = Relu(s)", groups, groups * each)
    made, count, gap = run_pass(source, "shuffle-to-gather")
    assert (count, gap) == (1, 0)
    assert ops(made) == {"Gather": 1, "Relu": 1}


def test_shuffle_of_an_open_batch():
    sizes = {"k": np.array([-1, 2, 4, 6, 4]), "l": np.array([-1, 8, 6, 4])}
    source = model(SHUFFLE + "y = Conv(s, w)", "N,8,6,4", sizes | {"w": normal(5, 8, 1, 1)})
    made, _, gap = run_pass(source, "shuffle-to-gather", "fold-channel-order")
    assert gap <= FLOAT_GAP
    assert ops(made) == {"Conv": 1}


def test_fixed_sizes_of_an_open_batch_become_constants():
    nodes = (
        "t = Shape(x) n = Gather(t, one) h = Div(n, two) z = Sub(h, h) p = Slice(x, z, h, one) "
        "q = Slice(x, h, n, one) y = Sub(p, q)"
    )
    weights = {"one": np.array([1]), "two": np.array([2])}
    source = model(nodes, "N,8,6,4", weights)
    made, _, gap = run_pass(source, "known-sizes", "fold", "slice-to-split")
    assert gap == 0
    assert ops(made) == {"Split": 1, "Sub": 1}


NO_SHUFFLES = {
    "pixels move": "p = Reshape(x, k) r = Transpose<perm=[0,2,1,4,3]>(p) y = Reshape(r, l)",
    "read in between": SHUFFLE + "t = Relu(r) u = Reshape(t, l) y = Add(s, u)",
    "groups stay apart": "p = Reshape(x, k) r = Transpose<perm=[0,1,2,3,4]>(p) y = Reshape(r, l)",
}


@pytest.mark.parametrize("nodes", NO_SHUFFLES.values(), ids=NO_SHUFFLES)
def test_what_is_no_shuffle_stays(nodes):
    sizes = {"k": np.array([1, 2, 4, 6, 4]), "l": np.array([1, 8, 6, 4])}
    _, count, _ = run_pass(model(nodes, weights=sizes), "shuffle-to-gather")
    assert count == 0


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("npu", ["520", "720", "530", "630", "730"])
def test_shuffle_by_conv_is_exact_and_runs_on_every_chip(npu, table):
    made, _, gap = run_pass(shuffle("y = Relu(s)"), "shuffle-to-gather", "pick-by-conv", npu=npu)
    assert gap == 0
    assert ops(made) == {"Conv": 1, "Relu": 1}
    assert cpu_nodes(made, npu, table) == []


@settings(max_examples=20, deadline=None)
@given(groups=st.integers(1, 4), each=st.integers(1, 4), kernel=st.sampled_from([1, 3]))
def test_conv_takes_any_shuffle_in(groups, each, kernel):
    channels = groups * each
    weights = {"w": normal(5, channels, kernel, kernel), "b": normal(5)}
    source = shuffle("y = Conv(s, w, b)", groups, channels, weights)
    made, _, gap = run_pass(source, "shuffle-to-gather", "pick-in-conv")
    assert gap <= FLOAT_GAP
    assert ops(made) == {"Conv": 1}


SLICE = {"a": np.array([1]), "m": np.array([3]), "e": np.array([7])}


def test_conv_takes_a_slice_in_on_520_alone():
    source = model(
        "p = Slice(x, m, e, a) y = Conv(p, w)", weights=SLICE | {"w": normal(5, 4, 1, 1)}
    )
    made, _, gap = run_pass(source, "pick-in-conv", npu="520")
    assert gap <= FLOAT_GAP
    assert ops(made) == {"Conv": 1}
    _, count, _ = run_pass(source, "pick-in-conv", npu="720")
    assert count == 0


def test_slice_by_conv_on_520():
    source = model("p = Slice(x, m, e, a) y = Relu(p)", weights=SLICE)
    made, _, gap = run_pass(source, "pick-in-conv", "pick-by-conv", npu="520")
    assert gap == 0
    assert ops(made) == {"Conv": 1, "Relu": 1}
    assert [cpu_nodes(made, "520", table) for table in TABLES] == [[], []]
    assert run_pass(source, "pick-by-conv", npu="720")[1] == 0


def test_grouped_conv_keeps_its_shuffle():
    source = shuffle("y = Conv<group=8>(s, w)", weights={"w": normal(8, 1, 3, 3)})
    made, _, gap = run_pass(source, "shuffle-to-gather", "pick-in-conv")
    assert gap == 0
    assert ops(made) == {"Gather": 1, "Conv": 1}


@pytest.mark.parametrize("npu", ["520", "720"])
def test_channels_are_picked_in_the_type_that_they_have(npu):
    source = model("a = Relu(x) y = Gather<axis=1>(a, k)", weights={"k": np.array([5, 0])})
    made, count, gap = run_pass(passes_models.half(source), "pick-by-conv", npu=npu)
    assert (count, gap) == (1, 0)
    assert ops(made) == {"Relu": 1, "Conv": 1}
    nodes = "a = Cast<to=7>(x) b = Gather<axis=1>(a, k) y = Cast<to=1>(b)"
    whole = model(nodes, weights={"k": np.array([5, 0])})
    assert run_pass(whole, "pick-by-conv", npu=npu)[1] == 0  # a Conv takes no integers
