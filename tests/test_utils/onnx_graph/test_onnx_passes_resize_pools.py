"""Resize, AveragePool and GlobalAveragePool in forms that the tables take."""

import numpy as np
import passes_models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

model, run_pass, ops = passes_models.model, passes_models.run_pass, passes_models.ops
cpu_nodes, TABLES = passes_models.cpu_nodes, passes_models.TABLES
NEAREST = 'mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"'
CORNERS = 'mode="linear", coordinate_transformation_mode="align_corners"'
CENTRES = 'mode="nearest", coordinate_transformation_mode="half_pixel"'
FLOAT_GAP = 1e-6


def resize(attributes: str, x: str, sizes: tuple[int, ...]):
    return model(f'y = Resize<{attributes}>(x, "", "", k)', x, {"k": np.array(sizes)})


@pytest.mark.parametrize("attributes", [NEAREST, CORNERS, CENTRES])
@pytest.mark.parametrize("table", TABLES)
def test_resize_of_both_axes_runs_on_720(attributes, table):
    source = resize(attributes, "1,8,6,4", (1, 8, 12, 16))
    made, _, gap = run_pass(source, "plain-resize", "resize-by-axis", npu="720")
    assert gap <= FLOAT_GAP
    assert ops(made) == {"Resize": 2}
    assert cpu_nodes(made, "720", table) == []


@settings(max_examples=25, deadline=None)
@given(
    attributes=st.sampled_from([NEAREST, CORNERS, CENTRES]),
    before=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    after=st.tuples(st.integers(1, 15), st.integers(1, 15)),
)
def test_any_resize_stays_equal(attributes, before, after):
    source = resize(attributes, f"1,2,{before[0]},{before[1]}", (1, 2, *after))
    _, _, gap = run_pass(source, "plain-resize", "resize-by-axis", npu="720")
    assert gap <= FLOAT_GAP


def test_resize_to_the_same_size_goes():
    made, count, gap = run_pass(resize(NEAREST, "1,8,6,4", (1, 8, 6, 4)), "plain-resize")
    assert (count, gap) == (1, 0)
    assert ops(made) == {"Identity": 1}


def test_resize_of_opset_12_has_a_region():
    source = model(
        f"y = Resize<{CORNERS}>(x, r, r, k)",
        weights={"k": np.array([1, 8, 12, 8]), "r": np.zeros(0, np.float32)},
        opset=12,
    )
    made, count, gap = run_pass(source, "plain-resize", "resize-by-axis", npu="720")
    assert count == 2
    assert gap <= FLOAT_GAP
    assert ops(made) == {"Resize": 2}


def test_resize_for_a_pc_keeps_its_sizes():
    _, count, _ = run_pass(resize(CENTRES, "1,8,6,4", (1, 8, 12, 8)), "plain-resize")
    assert count == 0


def pool(kernel: str, strides: str, x: str, more: str = ""):
    return model(f"y = AveragePool<kernel_shape=[{kernel}], strides=[{strides}]{more}>(x)", x)


POOLS = {
    "2x2 stays": (("2,2", "2,2", "1,8,8,8"), {"AveragePool": 1}),
    "4x4": (("4,4", "4,4", "1,8,8,8"), {"Conv": 1}),
    "8x8 in two steps": (("8,8", "8,8", "1,8,64,48"), {"Conv": 2}),
    "8x8, edge left over": (("8,8", "8,8", "1,8,21,17"), {"Conv": 2}),
    "6x4": (("6,4", "6,4", "1,8,12,8"), {"Conv": 2}),
    "5x5 with overlap": (("5,5", "2,2", "1,8,12,12"), {"Conv": 1}),
    "5 rows stride 5: no cascade": (("5,5", "5,5", "1,8,10,10"), {"AveragePool": 1}),
    "pads that count": (
        ("5,5", "1,1", "1,8,6,6", ", pads=[2,2,2,2], count_include_pad=1"),
        {"Conv": 1},
    ),
    "pads that do not": (("5,5", "1,1", "1,8,6,6", ", pads=[2,2,2,2]"), {"AveragePool": 1}),
    "window over the edge": (("4,4", "4,4", "1,8,7,7", ", ceil_mode=1"), {"AveragePool": 1}),
}


@pytest.mark.parametrize(("source", "expected"), POOLS.values(), ids=POOLS)
@pytest.mark.parametrize("npu", ["520", "720"])
def test_pool_to_conv(source, expected, npu):
    made, _, gap = run_pass(pool(*source), "pool-to-conv", npu=npu)
    assert gap <= FLOAT_GAP
    assert ops(made) == expected
    if "Conv" in expected:
        assert [cpu_nodes(made, npu, table) for table in TABLES] == [[], []]


def test_pool_to_conv_in_half_precision():
    source = passes_models.half(pool("4,4", "4,4", "1,8,8,8"))
    made, _, gap = run_pass(source, "pool-to-conv", npu="720")
    assert gap <= 1e-3
    assert ops(made) == {"Conv": 1}


def test_pool_to_conv_of_a_chip_without_stride_limit():
    made, _, gap = run_pass(pool("8,8", "8,8", "1,8,64,48"), "pool-to-conv", npu="630")
    assert gap <= FLOAT_GAP
    assert ops(made) == {"Conv": 1}


@settings(max_examples=20, deadline=None)
@given(
    kernel=st.tuples(st.sampled_from([2, 3, 4, 6, 8]), st.sampled_from([1, 2, 4, 8, 12])),
    windows=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    rest=st.integers(0, 3),
)
def test_any_pool_stays_equal(kernel, windows, rest):
    rows, columns = (k * n + min(rest, k - 1) for k, n in zip(kernel, windows, strict=True))
    size = f"{kernel[0]},{kernel[1]}"
    _, _, gap = run_pass(pool(size, size, f"1,3,{rows},{columns}"), "pool-to-conv", npu="720")
    assert gap <= FLOAT_GAP


def test_pool_over_everything_is_global():
    made, count, gap = run_pass(pool("6,4", "6,4", "1,8,6,4"), "whole-pool-to-global")
    assert count == 1
    assert gap <= FLOAT_GAP
    assert ops(made) == {"GlobalAveragePool": 1}


@pytest.mark.parametrize(
    ("size", "npu", "convs"),
    [("64,48", "520", 1), ("16,16", "520", 0), ("64,48", "720", 0), ("96,72", "520", 1)],
)
def test_global_mean_in_stages(size, npu, convs):
    source = model("y = GlobalAveragePool(x)", f"1,3,{size}")
    made, _, gap = run_pass(source, "stage-global-mean", npu=npu)
    assert gap <= FLOAT_GAP
    assert ops(made).get("Conv", 0) == convs
    assert [cpu_nodes(made, npu, table) for table in TABLES] == [[], []]


def test_global_mean_without_divisors_stays():
    source = model("y = GlobalAveragePool(x)", "1,3,17,19")
    _, count, _ = run_pass(source, "stage-global-mean", npu="520")
    assert count == 0
