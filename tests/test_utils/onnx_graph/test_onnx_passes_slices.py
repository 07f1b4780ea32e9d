"""Split, Slice and Concat: cut in one form, and not for nothing."""

import numpy as np
import passes_models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

model, run_pass, ops = passes_models.model, passes_models.run_pass, passes_models.ops

CUTS = {"s": [0], "m": [4], "e": [8], "a": [1], "q": [2], "l": [10**9]}
CUTS = {name: np.array(value) for name, value in CUTS.items()}
HALVES = "p = Slice(x, s, m, a) r = Slice(x, m, l, a) "


def test_split_becomes_slices():
    made, count, gap = run_pass(
        model("p, r = Split<axis=1>(x, k) y = Add(p, r)", weights={"k": np.array([4, 4])}),
        "split-to-slice",
    )
    assert count == 1
    assert gap == 0
    assert ops(made) == {"Slice": 2, "Add": 1}


@pytest.mark.parametrize("split", ["<axis=-3, split=[4, 4]>(x)", "<axis=1>(x)"])
def test_split_of_old_opsets(split):
    source = model(f"p, r = Split{split} y = Sub(p, r)", opset=11)
    made, _, gap = run_pass(source, "split-to-slice")
    assert gap == 0
    assert ops(made) == {"Slice": 2, "Sub": 1}


def test_split_into_unequal_parts_by_number():
    source = model(
        "p, r, t = Split<axis=1, num_outputs=3>(x) y = Concat<axis=1>(t, r, p)", opset=18
    )
    made, _, gap = run_pass(source, "split-to-slice")
    assert gap == 0
    assert ops(made) == {"Slice": 3, "Concat": 1}


MERGES = {
    "slice of slice": ("p = Slice(x, q, l, a) y = Slice(p, s, q, a)", {"Slice": 1}),
    "slice of slice on another axis": (
        "p = Slice(x, q, m, a) y = Slice(p, s, q, t)",
        {"Slice": 1},
    ),
    "slice of all": ("p = Slice(x, s, l, a) y = Relu(p)", {"Relu": 1}),
    "slice of a join, one input": (
        "p = Relu(x) r = Concat<axis=1>(x, p) y = Slice(r, e, l, a)",
        {"Relu": 1},
    ),
    "slice of a join, part of an input": (
        "p = Relu(x) r = Concat<axis=1>(x, p) y = Slice(r, q, m, a)",
        {"Slice": 1},
    ),
    "slice of a join, two inputs": (
        "p = Relu(x) r = Concat<axis=1>(x, p, x) t2 = Sigmoid(r) u = Slice(r, e, l, a) "
        "v = Relu(u) y = Concat<axis=1>(t2, v)",
        {"Relu": 2, "Sigmoid": 1, "Concat": 3},
    ),
    "join of all slices": (HALVES + "y = Concat<axis=1>(p, r)", {"Identity": 1}),
    "join in another order": (HALVES + "y = Concat<axis=1>(r, p)", {"Slice": 2, "Concat": 1}),
    "join of neighbours": (
        "p = Slice(x, s, q, a) r = Slice(x, q, m, a) y = Concat<axis=1>(p, r)",
        {"Slice": 1},
    ),
    "join of a join": (
        "p = Relu(x) r = Concat<axis=1>(x, p) y = Concat<axis=-3>(r, x)",
        {"Relu": 1, "Concat": 1},
    ),
    "dead end": ("p = Relu(x) y = Sigmoid(x)", {"Sigmoid": 1}),
    "steps": ("y = Slice(x, s, e, a, q)", {"Slice": 1}),
}


@pytest.mark.parametrize(("nodes", "expected"), MERGES.values(), ids=MERGES)
def test_merge(nodes, expected):
    made, _, gap = run_pass(model(nodes, weights=CUTS | {"t": np.array([2])}), "merge-slices")
    assert gap == 0
    assert ops(made) == expected


def test_a_piece_that_is_joined_three_times_is_cut_once():
    bounds = {"axis": [1], "as": [0], "ae": [1], "ds": [0], "de": [3]}
    source = model(
        "a = Slice(x, as, ae, axis) b = Concat<axis=1>(x, x) c = Concat<axis=1>(a, a) "
        "d = Slice(b, ds, de, axis) e = Concat<axis=1>(a, c, d) y = Relu(e)",
        "1,2,2,3",
        {name: np.array(value) for name, value in bounds.items()},
    )
    made, _, gap = run_pass(source, "merge-slices", "slice-to-split")
    assert gap == 0
    assert ops(made) == {"Concat": 2, "Slice": 2, "Relu": 1}


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_chain_of_cuts_and_joins_stays_equal(data):
    size = data.draw(st.integers(2, 7))
    sizes, weights, nodes, names = {"x": size}, {"axis": np.array([1])}, [], ["x"]
    for number in range(data.draw(st.integers(1, 7))):
        new = f"t{number}"
        if data.draw(st.booleans()):
            source = data.draw(st.sampled_from(names))
            start = data.draw(st.integers(0, sizes[source] - 1))
            end = data.draw(st.integers(start + 1, sizes[source]))
            weights |= {f"{new}s": np.array([start]), f"{new}e": np.array([end])}
            nodes.append(f"{new} = Slice({source}, {new}s, {new}e, axis)")
            sizes[new] = end - start
        else:
            parts = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
            nodes.append(f"{new} = Concat<axis=1>({', '.join(parts)})")
            sizes[new] = sum(sizes[part] for part in parts)
        names.append(new)
    nodes.append(f"y = Relu({names[-1]})")
    source = model(" ".join(nodes), f"1,{size},2,3", weights)
    made, _, gap = run_pass(source, "merge-slices", "slice-to-split")
    assert gap == 0
    assert len(made.graph.node) <= len(nodes)


def test_slices_of_all_become_a_split():
    source = model(HALVES + "y = Sub(r, p)", weights=CUTS)
    for opset in (11, 13):
        source.opset_import[0].version = opset
        made, count, gap = run_pass(source, "slice-to-split")
        assert (count, gap) == (1, 0)
        assert ops(made) == {"Split": 1, "Sub": 1}


def test_slices_with_a_hole_stay():
    source = model(
        "p = Slice(x, s, q, a) r = Slice(x, m, e, a) y = Concat<axis=1>(p, r)", weights=CUTS
    )
    made, count, _ = run_pass(source, "slice-to-split")
    assert count == 0
    assert ops(made) == {"Slice": 2, "Concat": 1}
