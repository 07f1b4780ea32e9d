"""Sums, factors and means in the operators that the chips have."""

import numpy as np
import passes_models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

model, run_pass, ops = passes_models.model, passes_models.run_pass, passes_models.ops
cpu_nodes, TABLES, normal = passes_models.cpu_nodes, passes_models.TABLES, passes_models.normal
GAP = 1e-5
OPS = ["Add", "Sub", "Mul", "Div"]


@settings(max_examples=40, deadline=None)
@given(
    op=st.sampled_from(OPS),
    shape=st.sampled_from([(), (1,), (5, 1, 1), (1, 5, 1, 1), (1, 1, 1, 1)]),
    first=st.booleans(),
    conv=st.sampled_from(["p = Sigmoid(x)", "p = Conv(x, dense)", "p = Conv<group=5>(x, depth)"]),
)
def test_any_constant_stays_equal(op, shape, first, conv):
    constants = {
        "k": np.abs(normal(*shape)) + np.float32(0.5),
        "dense": normal(5, 5, 3, 3) / 5,
        "depth": normal(5, 1, 1, 1),
    }
    operands = "k, p" if first else "p, k"
    source = model(f"{conv} y = {op}({operands})", "1,5,6,4", constants)
    made, count, gap = run_pass(source, "affine-to-norm", npu="520")
    assert gap <= GAP
    assert count == (not (first and op == "Div"))
    if count and "Conv" in conv:
        assert ops(made) == {"Conv": 1}


@pytest.mark.parametrize("npu", ["520", "720"])
@pytest.mark.parametrize("op", OPS)
def test_constant_without_conv_runs_on_the_chip(op, npu):
    source = model(f"y = {op}(x, k)", weights={"k": np.abs(normal(1, 8, 1, 1)) + 1})
    made, _, gap = run_pass(source, "affine-to-norm", npu=npu)
    assert gap <= GAP
    assert ops(made) == {"BatchNormalization": 1}
    assert [cpu_nodes(made, npu, table) for table in TABLES] == [[], []]


def test_constant_of_a_conv_that_is_read_elsewhere_is_a_layer():
    nodes = "p = Conv(x, w) q = Mul(p, k) y = Add(p, q)"
    source = model(nodes, weights={"w": normal(8, 8, 1, 1), "k": np.float32(3)})
    made, _, gap = run_pass(source, "affine-to-norm")
    assert gap <= GAP
    assert ops(made) == {"Conv": 1, "BatchNormalization": 1, "Add": 1}


def test_constant_over_pixels_stays():
    source = model("y = Mul(x, k)", weights={"k": normal(1, 8, 6, 4)})
    assert run_pass(source, "affine-to-norm")[1] == 0


@pytest.mark.parametrize(
    ("nodes", "opset", "expected"),
    [
        ("y = ReduceMean<axes=[2,3]>(x)", 13, {"GlobalAveragePool": 1}),
        ("y = ReduceMean(x, axes)", 18, {"GlobalAveragePool": 1}),
        (
            "y = ReduceMean<axes=[-1,-2], keepdims=0>(x)",
            13,
            {"GlobalAveragePool": 1, "Reshape": 1},
        ),
        ("y = ReduceMean<axes=[3]>(x)", 13, {"ReduceMean": 1}),
    ],
)
def test_mean_over_pixels_is_a_global_pool(nodes, opset, expected):
    source = model(nodes, weights={"axes": np.array([2, 3])}, opset=opset)
    made, _, gap = run_pass(source, "mean-to-global-pool")
    assert gap <= GAP
    assert ops(made) == expected


def test_squeeze_and_unsqueeze_are_reshapes():
    nodes = "p = Squeeze(x, zero) y = Unsqueeze(p, two)"
    source = model(nodes, weights={"zero": np.array([0]), "two": np.array([2])})
    made, count, gap = run_pass(source, "squeeze-to-reshape")
    assert (count, gap) == (2, 0)
    assert ops(made) == {"Reshape": 2}
