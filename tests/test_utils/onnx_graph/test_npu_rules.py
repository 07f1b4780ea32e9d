"""What verdicts say, and that tables, rules and cures fit together."""

import npu_models
import onnx.parser
import pytest

from utils.onnx_graph.npu.cures import CONDITIONS, cures
from utils.onnx_graph.npu.graph import read_graph
from utils.onnx_graph.npu.rules.rule import REGISTERED
from utils.onnx_graph.npu.tables import known_chips, load_table, table_names
from utils.onnx_graph.npu.verdict import judge

CHIPS = npu_models.CHIPS
model = npu_models.model
verdict = npu_models.verdict
conv = npu_models.conv
pool = npu_models.pool
resize = npu_models.resize
simple = npu_models.simple
NEAREST = npu_models.NEAREST
LINEAR = npu_models.LINEAR

RULE_TEXTS = [
    (conv("8,8", "8,8"), "520", "stride_h must be at most 4, is 8"),
    (conv("13,13", "1,1"), "520", "kernel must be at most 12, is 13x13"),
    (simple("GlobalAveragePool"), "520", "pixels must be at most 256, are 64x48 = 3072"),
    (simple("Sigmoid"), "520", "2026-03 Sigmoid 520: N"),
    (model("y = com.x.Thing(x)"), "520", "not in the table, so N"),
    (resize("1,1,2,2", NEAREST), "720", "rows and columns must not both be resized"),
    (
        resize("1,1,2,1", LINEAR + '"half_pixel"'),
        "720",
        "rows go 64 to 128 by half_pixel: phase -0.25",
    ),
    (resize("1,1,2,2", NEAREST), "520", "disputed: N in every table before 2026"),
    (pool("AveragePool", "8,8", "3,3"), "520", "none of 4 forms holds, nearest: "),
    (pool("AveragePool", "8,8", "8,8"), "520", "form 1 holds"),
    (model("y = ReduceMax<keepdims=0>(x)"), "720", "keepdims must be 1, is 0"),
]


@pytest.mark.parametrize(
    ("source", "chip", "words"), RULE_TEXTS, ids=[words for _, _, words in RULE_TEXTS]
)
def test_verdict_names_the_rule_that_decides(source, chip, words):
    assert words in verdict(source, chip, "2026-03").rule


def test_flatten_before_gemm_on_520_is_disputed():
    source = model(
        "f = Flatten(x) w = ConstantOfShape(s) y = Gemm(f, w)", "1,8,1,1", "int64[2] s = {8, 3}"
    )
    found = judge(read_graph(source), "520", load_table()).verdicts[0]
    assert (found.op, found.side) == ("Flatten", "disputed")
    assert "earlier tables take Flatten before Gemm" in found.rule


def test_row_that_a_date_does_not_state_is_assumed_from_the_newest():
    found = verdict(simple("Sqrt"), "720", "2022-11")
    assert found.assumed
    assert found.rule == "assumed from 2026-03 Sqrt 720: N"


def test_chip_that_a_date_does_not_state_is_assumed_from_the_newest():
    found = verdict(simple("Relu"), "730", "2022-11")
    assert found.assumed
    assert found.rule == "assumed from 2026-03 Relu 730: Y"


def test_row_that_a_date_states_is_not_assumed():
    assert not verdict(simple("Relu"), "720", "2022-11").assumed


def test_shape_that_depends_on_the_data_is_a_cpu_node():
    source = model("n = NonZero(x) m = Transpose(n) f = Cast<to=1>(m) y = Relu(f)")
    assert "depends on the data" in verdict(source, "730").rule


@pytest.mark.parametrize("op", ["Resize", "Upsample"])
def test_scales_computed_at_run_time_are_refused_even_if_the_size_is_declared(op):
    scales = '"", k' if op == "Resize" else "k"
    text = (
        f'<ir_version: 8, opset_import: ["": {13 if op == "Resize" else 9}]> '
        "g (float[1,8,4,4] x, float[4] k) => (float[1,8,8,4] y) "
        f'{{ y = {op}<mode="nearest">(x, {scales}) }}'
    )
    found = verdict(onnx.parser.parse_model(text).SerializeToString(), "530", "2026-03")
    assert found.side == "CPU"
    assert "scales or sizes must be constant, are computed at run time" in found.rule


@pytest.mark.parametrize("name", table_names())
def test_tables_name_known_rules_and_notes(name):
    table = load_table(name)
    forms = [d.when for d in table.disputes]
    for note in table.notes.values():
        forms += note["when"] if isinstance(note["when"], list) else [note["when"]]
    assert {rule for form in forms for rule in form} <= REGISTERED.keys()
    cells = {cell for row in table.operators.values() for cell in row}
    assert cells - {"Y", "N"} == table.notes.keys()
    assert {len(row) for row in table.operators.values()} == {len(table.chips)}


def test_every_rule_is_used_by_a_table():
    used = set()
    for name in table_names():
        table = load_table(name)
        used |= {rule for d in table.disputes for rule in d.when}
        for note in table.notes.values():
            forms = note["when"] if isinstance(note["when"], list) else [note["when"]]
            used |= {rule for form in forms for rule in form}
    assert used == REGISTERED.keys()


def test_cures_name_known_operators_rules_and_conditions():
    newest = load_table()
    for operator, entries in cures().items():
        for entry in entries:
            assert set(entry["uses"]) <= newest.operators.keys(), operator
            assert set(entry.get("missed", [])) <= REGISTERED.keys() | {"row"}, operator
            assert set(entry.get("if", [])) <= CONDITIONS.keys(), operator
    conditions = {c for es in cures().values() for e in es for c in e.get("if", [])}
    assert conditions == CONDITIONS.keys()


def test_chips_are_the_five():
    assert known_chips() == CHIPS
