"""Powers of two carried into weights: a factor goes or stays, the outputs keep every bit."""

import numpy as np
import onnx
import passes_models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

model, run_pass, ops = passes_models.model, passes_models.run_pass, passes_models.ops
normal, factors = passes_models.normal, passes_models.factors

WEIGHTS = {
    "w": normal(8, 8, 1, 1, seed=1) / 3,
    "bias": normal(8, seed=2),
    "depth": normal(8, 1, 3, 3, seed=3) / 3,
    "wide": normal(8, 16, 1, 1, seed=4) / 4,
    "flat": normal(192, 5, seed=5) / 9,
    "flat_bias": normal(5, seed=6),
    "square": normal(4, 4, seed=7),
    "mean": normal(8, seed=8),
    "var": np.abs(normal(8, seed=9)) + 0.5,
    "channel": normal(1, 8, 1, 1, seed=10),
    "slope": np.abs(normal(8, 1, 1, seed=11)),
    "two": np.float32(2),
    "half": np.full((1, 1), 0.5, np.float32),
    "fours": np.full((1, 8, 6, 4), 4, np.float32),
    "odd": np.float32(3),
    "minus": np.float32(-2),
    "huge": np.float32(2.0**33),
    "mixed": np.array([2, 4] * 4, np.float32).reshape(8, 1, 1),
    "zero": np.array([0]),
    "one": np.array([1]),
    "four": np.array([4]),
    "eight": np.array([8]),
    "halves": np.array([4, 4]),
    "order": np.array([3, 0, 6, 1, 7, 2, 5, 4]),
    "shape": np.array([1, 4, 2, 6, 4]),
    "back": np.array([1, 8, 6, 4]),
    "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    "double": np.array([1, 1, 2, 2], np.float32),
}
DEPTHWISE = "Conv<group=8, pads=[1,1,1,1]>"
POOL = "<kernel_shape=[3,3], pads=[1,1,1,1]>"
LINEAR = 'Resize<mode="linear", coordinate_transformation_mode="asymmetric">'

# b is made of a; one of the two must keep its size, a Conv frees the other
GOES = {
    "alone": "b = Mul(a, two)",
    "factor first": "b = Mul(two, a)",
    "division": "b = Div(a, half)",
    "whole map": "b = Mul(a, fours)",
    "two factors": "p = Mul(a, two) q = Relu(p) b = Mul(q, fours)",
    "activations": "p = Mul(a, two) q = Relu(p) r = LeakyRelu<alpha=0.1>(q) b = PRelu(r, slope)",
    "signs": "p = Mul(a, two) q = Abs(p) b = Neg(q)",
    "batch norm": "p = Mul(a, two) b = BatchNormalization(p, bias, bias, mean, var)",
    "pools": f"p = Mul(a, two) q = MaxPool{POOL}(p) b = AveragePool{POOL}(q)",
    "means": "p = Mul(a, two) q = GlobalAveragePool(p) r = ReduceMax<axes=[2,3]>(p) b = Add(q, r)",
    "sum with a map": "p = Mul(a, two) q = Conv(x, w) b = Add(p, q)",
    "sum with a constant": "p = Mul(a, two) q = Sub(channel, p) b = Max(q, channel)",
    "joined with a constant": "p = Mul(a, two) q = Concat<axis=1>(p, fours) r = Relu(q) "
    "b = Conv(r, wide)",
    "gate": "p = Mul(a, two) g = Sigmoid(x) b = Mul(p, g)",
    "gate first": "p = Mul(a, two) g = Sigmoid(x) b = Mul(g, p)",
    "free gate": "p = Mul(a, two) g = Conv(x, w) b = Mul(p, g)",
    "divided": "p = Mul(a, two) g = Exp(x) b = Div(p, g)",
    "halves": "p = Mul(a, two) q, r = Split<axis=1>(p, halves) b = Concat<axis=1>(r, q)",
    "cut": "p = Mul(a, two) q = Slice(p, zero, four, one) b = Concat<axis=1>(q, q)",
    "order": "p = Mul(a, two) b = Gather<axis=1>(p, order)",
    "shuffle": "p = Mul(a, two) q = Reshape(p, shape) r = Transpose<perm=[0,2,1,3,4]>(q) "
    "b = Reshape(r, back)",
    "axes": "p = Mul(a, two) q = Unsqueeze(p, zero) b = Squeeze(q, zero)",
    "border": "p = Mul(a, two) b = Pad(p, pads)",
    "border of a number": "p = Mul(a, two) b = Pad(p, pads, odd)",
    "resize": f'p = Mul(a, two) b = {LINEAR}(p, "", double)',
    "where": "p = Mul(a, two) q = Greater(x, odd) b = Where(q, p, channel)",
    "transposed": "p = Mul(a, two) b = ConvTranspose(p, w, bias)",
    "dense layer": "p = Mul(a, two) q = Flatten(p) r = Gemm(q, flat, flat_bias) t = Sigmoid(r) "
    "u = ReduceMean<axes=[1]>(t) b = Mul(x, u)",
    "matrix": "p = Mul(a, two) b = MatMul(p, square)",
    "fuse": "p = Mul(a, two) q = Conv(a, w, bias) r = Add(p, q) b = Relu(r)",
    "largest": "p = Mul(a, two) q = ArgMax<axis=1>(p) r = Cast<to=1>(q) t = Sigmoid(r) "
    "b = Mul(p, t)",
}
STAYS = {
    "between input and output": "y = Mul(x, two)",
    "output": "a = Sigmoid(x) y = Mul(a, two)",
    "sum with the input": "a = Relu(x) b = Mul(a, two) c = Add(b, x) y = Conv(c, w)",
    "sum with itself": "a = Conv(x, w) b = Mul(a, two) c = Add(a, b) y = Conv(c, w)",
    "joined with itself": "a = Conv(x, w) b = Mul(a, two) c = Concat<axis=1>(a, b) d = Relu(c) "
    "y = Conv(d, wide)",
    "sigmoids": "a = Conv(x, w) b = Sigmoid(a) c = Mul(b, two) d = Exp(c) y = Conv(d, w)",
    "clip": "a = Conv(x, w) b = Clip(a) c = Mul(b, two) d = HardSigmoid(c) y = Conv(d, w)",
    "square": "a = Conv(x, w) b = Relu(a) c = Mul(b, b) d = Mul(b, two) e = Add(c, d) "
    "y = Conv(e, w)",
    "two maps": "a = Conv(x, w) b = Conv(a, a) c = Mul(b, two) y = Tanh(c)",
    "not a power of two": "a = Conv(x, w) b = Mul(a, odd) y = Conv(b, w)",
    "negative": "a = Conv(x, w) b = Mul(a, minus) y = Conv(b, w)",
    "several": "a = Conv(x, w) b = Mul(a, mixed) y = Conv(b, w)",
    "widening": "a = GlobalAveragePool(x) b = Conv(a, w) c = Mul(b, fours) y = Conv(c, w)",
    "beyond the range": "a = Conv(x, w) b = Mul(a, huge) y = Conv(b, w)",
}


def constants(source: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in source.graph.initializer}


@pytest.mark.parametrize(
    "ends", ["a = Tanh(x) {} y = Conv(b, w)", "a = Conv(x, w, bias) {} y = Tanh(b)"]
)
@pytest.mark.parametrize("nodes", GOES.values(), ids=GOES)
def test_factor_goes(nodes, ends):
    source = model(ends.format(nodes), weights=WEIGHTS)
    made, count, gap = run_pass(source, "carry-scales")
    assert (count, gap) == (factors(source), 0)
    assert factors(made) == 0


def test_factor_of_a_gate_goes():
    source = model("g = Sigmoid(x) h = Mul(g, two) b = Mul(x, h) y = Conv(b, w)", weights=WEIGHTS)
    assert run_pass(source, "carry-scales")[1:] == (1, 0)


@pytest.mark.parametrize("op", ["Mul", "Div"])
def test_other_factor_takes_a_power_in(op):
    source = model(f"a = Tanh(x) p = Mul(a, two) b = {op}(p, odd) y = Tanh(b)", weights=WEIGHTS)
    made, count, gap = run_pass(source, "carry-scales")
    assert (count, gap) == (1, 0)
    assert [value.tolist() for value in constants(made).values()] == [6 if op == "Mul" else 1.5]


def test_factor_that_widens_an_open_batch_stays():
    source = model(
        "a = Conv(x, w) y = Mul(a, fours)",
        "N,8,6,4",
        WEIGHTS | {"fours": np.full((2, 8, 6, 4), 4, np.float32)},
    )
    assert run_pass(source, "carry-scales")[1:] == (0, 0)


def test_joined_output_keeps_its_size():
    nodes = "a = Tanh(x) b = Mul(a, two) c = Concat<axis=1>(a, b) y = Conv(c, wide)"
    assert run_pass(model(nodes, weights=WEIGHTS), "carry-scales")[1:] == (1, 0)
    both = model(nodes, weights=WEIGHTS, outputs="y,c")
    assert run_pass(both, "carry-scales")[1:] == (0, 0)


@pytest.mark.parametrize("nodes", STAYS.values(), ids=STAYS)
def test_factor_stays(nodes):
    made, count, gap = run_pass(model(nodes, weights=WEIGHTS), "carry-scales")
    assert (count, gap) == (0, 0)
    assert factors(made) == 1


def test_number_around_a_map_stays_beside_it():
    nodes = "a = Sigmoid(x) b = Mul(a, two) c = Pad<pads=[0,0,1,1,0,0,1,1], value={}>(b) "
    for value, left in (("0.0", 0), ("1.0", 1)):
        source = model(nodes.format(value) + "y = Conv(c, w)", weights=WEIGHTS, opset=10)
        made, _, gap = run_pass(source, "carry-scales")
        assert (factors(made), gap) == (left, 0)


def test_first_of_two_factors_that_contradict_goes():
    nodes = "a = Conv(x, w) b = Mul(a, two) c = Mul(a, fours) d = Add(b, c) y = Conv(d, w)"
    made, count, gap = run_pass(model(nodes, weights=WEIGHTS), "carry-scales")
    assert (count, gap) == (1, 0)
    (left,) = [node for node in made.graph.node if node.op_type == "Mul"]
    (factor,) = [value for name, value in constants(made).items() if name in left.input]
    assert (factor == 2).all()  # 4 times the input is 2 times what twice the input is


def test_number_of_powers_is_limited():
    nodes = "a = Conv(x, w) b = Mul(a, big) c = Mul(b, big) d = Mul(c, big) y = Conv(d, w)"
    source = model(nodes, weights=WEIGHTS | {"big": np.float32(2**16)})
    made, count, gap = run_pass(source, "carry-scales")
    assert (count, gap) == (2, 0)
    assert factors(made) == 1


def test_powers_lie_around_0():
    nodes = "a = Conv(x, w) b = Mul(a, big) y = Conv(b, w)"
    source = model(nodes, weights=WEIGHTS | {"big": np.float32(2**16)})
    made, _, _ = run_pass(source, "carry-scales")
    scales = [np.abs(value / WEIGHTS["w"]).max() for value in constants(made).values()]
    assert set(scales) == {2**8}


def test_shared_weights_are_copied_once_a_power():
    nodes = (
        "a = Conv(x, w) b = Mul(a, two) c = Add(a, x) d = Conv(b, w) e = Conv(b, w) f = Add(d, e) "
        "y = Conv(f, w)"
    )
    source = model(nodes, weights=WEIGHTS, outputs="y,c")
    made, count, gap = run_pass(source, "carry-scales")
    assert (count, gap) == (1, 0)
    first, *doubled, last = [n.input[1] for n in made.graph.node if n.op_type == "Conv"]
    assert (first, last) == ("w", "w")
    assert doubled[0] == doubled[1]
    np.testing.assert_array_equal(constants(made)[doubled[0]], 2 * WEIGHTS["w"])


@pytest.mark.parametrize(("read", "left"), [("x, x", 0), ("a, a", 0), ("b, b", 0), ("a, b", 1)])
def test_what_a_subgraph_reads_keeps_its_size(read, left):
    nodes = (
        "a = Conv(x, w) b = Mul(a, two) d = Conv(b, w) c = Cast<to=9>(one) "
        f"e = If(c) <then_branch = yes () => (float[] t) {{ t = Mul({read}) }}, "
        "else_branch = no () => (float[] u) { u = Conv(x, w) }> y = Add(d, e)"
    )
    made, _, gap = run_pass(model(nodes, weights=WEIGHTS), "carry-scales")
    assert (factors(made), gap) == (left, 0)


def joined(pool: str) -> onnx.ModelProto:
    """Two fuse steps of Lite-HRNet between two maps: the first one's exponents differ."""
    nodes, high, low = "h0 = Conv(x, w) l0 = Conv(x, w, bias) ", "h0", "l0"
    for i in (1, 2):
        nodes += (
            f"m{i} = {pool}({high}) j{i} = Concat<axis=1>(m{i}, {low}) v{i} = Conv(j{i}, wide) "
            f"g{i} = Sigmoid(v{i}) p{i} = Mul({high}, g{i}) q{i} = Mul({low}, g{i}) "
            f"d{i} = Mul(p{i}, two) u{i} = Conv(q{i}, w) s{i} = Add(d{i}, u{i}) h{i} = Relu(s{i}) "
            f"t{i} = Conv(p{i}, w, bias) r{i} = Add(t{i}, q{i}) l{i} = Relu(r{i}) "
        )
        high, low = f"h{i}", f"l{i}"
    return model(f"{nodes} e = Conv(h2, w) f = Conv(l2, w) y = Add(e, f)", weights=WEIGHTS)


@pytest.mark.parametrize(("npu", "left"), [(None, 0), ("720", 1)])
def test_parts_of_what_convolutions_join_may_differ_on_a_pc(npu, left):
    source = joined(f"AveragePool{POOL}")
    made, _, gap = run_pass(source, "carry-scales", npu=npu)
    assert (factors(made), gap) == (left, 0)


def test_pool_that_is_a_conv_frees_what_is_joined_on_a_chip():
    source = joined("AveragePool<kernel_shape=[5,5], pads=[2,2,2,2], count_include_pad=1>")
    made, _, _ = run_pass(source, "pool-to-conv", "carry-scales", npu="720")
    assert factors(made) == 0


@pytest.mark.parametrize(("dtype", "left"), [(np.float16, 1), (np.float32, 0), (np.float64, 0)])
def test_half_precision_has_no_room_for_powers(dtype, left):
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    nodes = (
        f"u = Cast<to={kind}>(x) a = MatMul(u, square) b = Mul(a, two) c = MatMul(b, square) "
        "y = Cast<to=1>(c)"
    )
    weights = {name: np.asarray(WEIGHTS[name], dtype) for name in ("square", "two")}
    made, _, gap = run_pass(model(nodes, weights=weights), "carry-scales")
    assert (factors(made), gap) == (left, 0)


def test_whole_numbers_stay():
    nodes = "s = Shape(x) t = Mul(s, twos) y = Cast<to=1>(t)"
    source = model(nodes, weights={"twos": np.array([2])})
    assert run_pass(source, "carry-scales")[1:] == (0, 0)


STEPS = {
    "factor": "{new} = Mul({a}, two)",
    "division": "{new} = Div({a}, half)",
    "dense": "{new} = Conv({a}, w, bias)",
    "depthwise": "{new} = " + DEPTHWISE + "({a}, depth, bias)",
    "relu": "{new} = Relu({a})",
    "sigmoid": "{new} = Sigmoid({a})",
    "pool": "{new} = AveragePool" + POOL + "({a})",
    "channel": "{new} = Add({a}, channel)",
    "norm": "{new} = BatchNormalization({a}, bias, bias, mean, var)",
    "add": "{new} = Add({a}, {b})",
    "gate": "{new}g = Sigmoid({a}) {new} = Mul({b}, {new}g)",
    "join": "{new}j = Concat<axis=1>({a}, {b}) {new} = Conv({new}j, wide)",
    "mix": "{new}p = Slice({a}, zero, four, one) {new}q = Slice({b}, four, eight, one) "
    "{new} = Concat<axis=1>({new}q, {new}p)",
}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_network_keeps_every_bit(data):
    names, nodes = ["x"], []
    for number in range(data.draw(st.integers(2, 12))):
        step = STEPS[data.draw(st.sampled_from(sorted(STEPS)))]
        a, b = (data.draw(st.sampled_from(names[-4:])) for _ in range(2))
        nodes.append(step.format(new=f"t{number}", a=a, b=b))
        names.append(f"t{number}")
    outputs = ",".join({names[-1], data.draw(st.sampled_from(names[1:]))})
    size = f"1,8,{data.draw(st.integers(1, 6))},{data.draw(st.integers(1, 6))}"
    source = model(" ".join(nodes), size, WEIGHTS, outputs=outputs)
    made, count, gap = run_pass(
        source, "carry-scales", npu=data.draw(st.sampled_from([None, "720"]))
    )
    assert gap == 0
    assert factors(made) <= factors(source) - count
