"""One-node graphs on both sides of every limit of the older operator tables."""

import npu_models
import pytest

CHIPS = npu_models.CHIPS
model = npu_models.model
letters = npu_models.letters
transposed = npu_models.transposed
pool = npu_models.pool
resize = npu_models.resize
simple = npu_models.simple
NEAREST = npu_models.NEAREST
INT4 = npu_models.INT4
INT8 = npu_models.INT8
FLOAT4 = npu_models.FLOAT4
ROWS5 = npu_models.ROWS5

# The page of 2022-11 states four chips; 730 is taken from the newest table.
OLDEST = [
    ("m1 kernel 3", pool("AveragePool", "3,3", "1,1"), "NNNN"),
    ("m1 kernel 4", pool("AveragePool", "4,4", "1,1"), "CCCC"),
    ("m1 kernel 8", pool("AveragePool", "8,8", "8,8"), "CCCC"),
    ("m1 not square", pool("AveragePool", "3,2", "1,1"), "CCNN"),
    ("m1 MaxPool 3", pool("MaxPool", "3,3", "2,2"), "NNNN"),
    ("m1 MaxPool 5", pool("MaxPool", "5,5", "1,1"), "CCCC"),
    ("m1 MaxPool not square", pool("MaxPool", "3,2", "1,1"), "CCNN"),
    ("m2 from 0", model("y = Clip(x, a)", fixed="float a = {0}"), "NNNN"),
    ("m2 from -1", model("y = Clip(x, a)", fixed="float a = {-1}"), "CCCC"),
    ("m3 stride 2", transposed("2,2"), "CNNN"),
    ("m3 stride 3", transposed("3,3"), "CCNN"),
    ("m4 block 2", model("y = DepthToSpace<blocksize=2>(x)"), "CCNN"),
    ("m4 block 3", model("y = DepthToSpace<blocksize=3>(x)", "1,9,8,8"), "CCCC"),
    ("m5 channels", model("y = Expand(x, k)", "1,1,4,4", INT4.format("1,8,4,4")), "CCNN"),
    ("m5 batch", model("y = Expand(x, k)", "1,8,4,4", INT4.format("2,8,4,4")), "CCCC"),
    ("m6 Flatten elsewhere", model("y = Flatten(x)"), "CCNN"),
    ("m7 256 pixels", simple("GlobalAveragePool", x="1,8,16,16"), "NNNN"),
    ("m7 257 pixels", simple("GlobalAveragePool", x="1,8,1,257"), "CNNN"),
    ("m7 16384 pixels", simple("GlobalAveragePool", x="1,8,128,128"), "CNNN"),
    ("m7 16385 pixels", simple("GlobalAveragePool", x="1,8,1,16385"), "CCCC"),
    ("m7 272 pixels", simple("GlobalAveragePool", x="1,8,16,17"), "CNNN"),
    ("m7 16512 pixels", simple("GlobalAveragePool", x="1,8,128,129"), "CCCC"),
    ("m9 zeros", model("y = Pad(x, k)", fixed=INT8.format("0,0,40,0,0,0,0,0")), "NNNN"),
    (
        "m9 reflected",
        model('y = Pad<mode="reflect">(x, k)', fixed=INT8.format("0,0,1,0,0,0,0,0")),
        "CCCC",
    ),
    (
        "m9 ones",
        model("y = Pad(x, k, v)", fixed=INT8.format("0,0,1,0,0,0,0,0") + ", float v = {1}"),
        "CCCC",
    ),
    ("m10 square", model("y = Pow(x, k)", fixed="float k = {2}"), "CNNN"),
    ("m10 cube", model("y = Pow(x, k)", fixed="float k = {3}"), "CCCC"),
    ("m11 all pixels", model("y = ReduceMean<axes=[2,3]>(x)", "1,8,16,16"), "NNNN"),
    ("m11 257 pixels", model("y = ReduceMean<axes=[2,3]>(x)", "1,8,1,257"), "CNNN"),
    ("m11 16384 pixels", model("y = ReduceMean<axes=[2,3]>(x)", "1,8,128,128"), "CNNN"),
    ("m11 16385 pixels", model("y = ReduceMean<axes=[2,3]>(x)", "1,8,1,16385"), "CCCC"),
    ("m11 dropped", model("y = ReduceMean<axes=[2,3], keepdims=0>(x)", "1,8,4,4"), "CCCC"),
    ("m11 272 pixels", model("y = ReduceMean<axes=[2,3]>(x)", "1,8,16,17"), "CNNN"),
    ("m11 rows", model("y = ReduceMean<axes=[2]>(x)", "1,8,16,16"), "CCCC"),
    ("m12 up", resize("1,1,2,2", NEAREST), "CNNN"),
    ("m12 down", resize("1,1,0.5,0.5", NEAREST), "CCNN"),
    ("m12 cubic", resize("1,1,2,2", 'mode="cubic"'), "CCNN"),
    ("m13 block 2", model("y = SpaceToDepth<blocksize=2>(x)"), "CCNN"),
    ("m13 block 8", model("y = SpaceToDepth<blocksize=8>(x)"), "CCCC"),
    ("m14 Upsample", model("y = Upsample(x, k)", fixed=FLOAT4.format("1,1,2,2"), opset=9), "CNNN"),
    (
        "m14 Upsample cubic",
        model('y = Upsample<mode="cubic">(x, k)', fixed=FLOAT4.format("1,1,2,2"), opset=9),
        "CCNN",
    ),
    ("Reshape", model("y = Reshape(x, k)", fixed=INT4.format("1, 16, 32, 48")), "CCNN"),
    ("Transpose", model("y = Transpose<perm=[0,1,3,2]>(x)"), "CCNN"),
    ("Mul", model("y = Mul(x, x)"), "CNNN"),
    ("Sigmoid", simple("Sigmoid"), "CNNN"),
    ("Split", model("y, z = Split<axis=1>(x)"), "CNNN"),
    ("MatMul", model("y = MatMul(x, x)", "1,8,6,6"), "NNNN"),
]


@pytest.mark.parametrize(
    ("source", "expected"), [row[1:] for row in OLDEST], ids=[row[0] for row in OLDEST]
)
def test_table_of_2022(source, expected):
    assert letters(source, "2022-11", CHIPS[:4]) == expected


# The rows that the later tables change; they are in BETWEEN.
CHANGED = {
    "2023-02": {"Reshape", "Transpose"},
    "2025-04": {"Reshape", "Transpose", "Split", "MatMul", "m7", "m11"},
}
KEPT = [
    (table, *row)
    for table, changed in CHANGED.items()
    for row in OLDEST
    if row[0].split()[0] not in changed
]


@pytest.mark.parametrize(
    ("table", "source", "expected"),
    [(table, source, expected) for table, _, source, expected in KEPT],
    ids=[f"{table} {label}" for table, label, *_ in KEPT],
)
def test_tables_after_2022_keep_the_other_rows(table, source, expected):
    assert letters(source, table, CHIPS[:4]) == expected


def elements(op: str, pixels: int) -> bytes:
    """A mean over pixels of one channel: in and out have pixels + 1 elements."""
    return model(f"y = {op}(x)", f"1,1,1,{pixels}")


MEAN = "ReduceMean<axes=[2,3]>"

# What changed between the tables: Reshape and Transpose on 720, MatMul on 520, the pooling limit
# (524,888 elements on 520 and 530, 262,144 on 630, 1,048,576 on 720).
BETWEEN = [
    ("2023-02", model("y = Reshape(x, k)", fixed=INT4.format("1, 16, 32, 48")), "CNNN"),
    ("2023-02", model("y = Transpose<perm=[0,1,3,2]>(x)"), "CNNN"),
    ("2023-02", model("y = Transpose<perm=[0,2,1,3,4]>(x)", ROWS5), "CDNN"),
    ("2023-02", model("y = MatMul(x, x)", "1,8,6,6"), "NNNN"),
    ("2025-04", model("y = MatMul(x, x)", "1,8,6,6"), "CNNN"),
    ("2025-04", simple("GlobalAveragePool", x="1,40,64,48"), "NNNN"),  # 122,920 elements
    ("2025-04", simple("GlobalAveragePool", x="1,100,64,48"), "NNNC"),  # 307,300
    ("2025-04", simple("GlobalAveragePool", x="1,200,64,48"), "CNCC"),  # 614,600
    ("2025-04", simple("GlobalAveragePool", x="1,400,64,48"), "CCCC"),  # 1,229,200
    ("2025-04", model("y = ReduceMean<axes=[2,3]>(x)", "1,200,64,48"), "CNCC"),
    ("2025-04", model("y = ReduceMean<axes=[2]>(x)", "1,8,16,16"), "CCCC"),
    ("2025-04", model("y = ReduceMean<axes=[2,3], keepdims=0>(x)", "1,8,4,4"), "CCCC"),
    ("2025-04", model("y, z = Split<axis=1>(x)"), "NNNN"),
    ("2025-04", model("y = Reshape(x, k)", fixed=INT4.format("1, 16, 32, 48")), "CNNN"),
    ("2025-04", model("y = Transpose<perm=[0,2,1,3,4]>(x)", ROWS5), "CDNN"),
    ("2025-04", model("y = Add(x, x)"), "NNNN"),
    ("2025-04", model("y = Add(x, x)", ROWS5), "CCCC"),
    *[
        ("2025-04", elements(op, pixels), expected)
        for op in ("GlobalAveragePool", MEAN)
        for pixels, expected in (
            (262_143, "NNNN"),
            (262_144, "NNNC"),
            (524_887, "NNNC"),
            (524_888, "CNCC"),
            (1_048_575, "CNCC"),
            (1_048_576, "CCCC"),
        )
    ],
]


@pytest.mark.parametrize(("table", "source", "expected"), BETWEEN, ids=range(len(BETWEEN)))
def test_tables_between(table, source, expected):
    assert letters(source, table, CHIPS[:4]) == expected
