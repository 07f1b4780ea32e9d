"""Passes for PC runtimes alone: no channel copied twice, gates computed together."""

import numpy as np
import passes_models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

model, run_pass, ops = passes_models.model, passes_models.run_pass, passes_models.ops
normal = passes_models.normal
FLOAT_GAP = 1e-6


def test_cut_of_a_shuffle_gathers_only_what_is_kept():
    nodes = (
        "c = Gather<axis=1>(x, order) y = Slice(c, zero, four, one) z = Slice(c, four, eight, one)"
    )
    constants = {
        "order": np.array([0, 4, 1, 5, 2, 6, 3, 7]),
        "zero": np.array([0]),
        "four": np.array([4]),
        "eight": np.array([8]),
        "one": np.array([1]),
    }
    source = model(nodes, "1,8,6,4", constants, outputs="y,z")
    made, count, gap = run_pass(source, "cut-gather")
    assert (count, gap) == (2, 0)
    assert ops(made) == {"Gather": 2}


def gated(channels: list[int], *, chained: bool, batch: str = "1"):
    """Maps cut from x, each gated by its own mean; or each by that of the map before it."""
    nodes, constants, start = "", {"axis": np.array([1])}, 0
    for i, size in enumerate(channels):
        constants |= {f"s{i}": np.array([start]), f"e{i}": np.array([start + size])}
        hidden = max(1, size // 2)
        constants |= {f"v{i}": normal(hidden, size, 1, 1), f"w{i}": normal(size, hidden, 1, 1)}
        constants |= {f"b{i}": normal(hidden), f"d{i}": normal(size)}
        start += size
        nodes += f"x{i} = Slice(x, s{i}, e{i}, axis) "
        given = f"m{i}"
        nodes += f"{given} = Add(x{i}, y{i - 1}) " if chained and i else f"{given} = Relu(x{i}) "
        nodes += (
            f"p{i} = GlobalAveragePool({given}) f{i} = Conv(p{i}, v{i}, b{i}) r{i} = Relu(f{i}) "
            f"g{i} = Conv(r{i}, w{i}, d{i}) h{i} = Sigmoid(g{i}) y{i} = Mul({given}, h{i}) "
        )
    outputs = ",".join(f"y{i}" for i in range(len(channels)))
    return model(nodes, f"{batch},{start},3,5", constants, outputs=outputs)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=2, max_size=4))
def test_gates_side_by_side_share_their_convolutions(channels):
    made, count, gap = run_pass(gated(channels, chained=False), "merge-gates")
    assert count == 1
    assert gap < FLOAT_GAP
    assert ops(made)["Conv"] == 2
    assert ops(made)["Sigmoid"] == 1
    assert ops(made)["GlobalAveragePool"] == len(channels)


def test_gates_that_need_one_another_stay_apart():
    made, count, gap = run_pass(gated([4, 4, 4], chained=True), "merge-gates")
    assert (count, gap) == (0, 0)
    assert ops(made)["Conv"] == 6


@pytest.mark.parametrize("batch", ["3", "N"])
def test_gates_of_any_batch(batch):
    made, count, gap = run_pass(gated([4, 6], chained=False, batch=batch), "merge-gates")
    assert count == 1
    assert gap < FLOAT_GAP
    assert ops(made)["Conv"] == 2
