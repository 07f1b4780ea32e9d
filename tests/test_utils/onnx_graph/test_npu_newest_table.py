"""One-node graphs on both sides of every limit of the newest operator table."""

import npu_models
import pytest

model = npu_models.model
letters = npu_models.letters
conv = npu_models.conv
transposed = npu_models.transposed
pool = npu_models.pool
resize = npu_models.resize
simple = npu_models.simple
NEAREST = npu_models.NEAREST
LINEAR = npu_models.LINEAR
COUNT = npu_models.COUNT
CEIL = npu_models.CEIL
MATRIX = npu_models.MATRIX
BN = npu_models.BN
INT4 = npu_models.INT4
INT8 = npu_models.INT8
FLOAT4 = npu_models.FLOAT4
CUT = npu_models.CUT
LIMITS = npu_models.LIMITS
EIGHT = npu_models.EIGHT
ROWS5 = npu_models.ROWS5
AXES = npu_models.AXES

TWO = ", dilations=[2,2]"
COMPUTED = "y = ConvTranspose<strides=[2,2]>(x, w)"
CROP = "float[8] r = {0,0,0,0,1,1,1,1}, " + FLOAT4.format("1,1,2,1")
TENSOR = "float[1,8,64,48]"
BODY = f"b (int64 i, bool c, {TENSOR} v) => (bool d, {TENSOR} w) {{ d = Identity(c) w = Relu(v) }}"
TIMES = "int64 n = {2}, bool t = {1}"

# Expected letters: N NPU, C CPU, D disputed, in the order 520, 720, 530, 630, 730.
# Origin: the notes of the vendor's page at 470c8e9, applied by hand.
NEWEST = [
    ("n1 Add at rank 4", model("y = Add(x, x)"), "NNNNN"),
    ("n1 Add at rank 5", model("y = Add(x, x)", ROWS5), "CCCCN"),
    ("n1 Concat at rank 4", model("y = Concat<axis=1>(x, x)"), "NNNNN"),
    ("n1 Concat at rank 5", model("y = Concat<axis=1>(x, x)", ROWS5), "CCCCN"),
    ("n1 Mul at rank 4", model("y = Mul(x, x)"), "CNNNN"),
    ("n1 Mul at rank 5", model("y = Mul(x, x)", ROWS5), "CCCCN"),
    ("n1 BatchNormalization at rank 4", model(BN, fixed=EIGHT), "NNNNN"),
    ("n1 BatchNormalization at rank 5", model(BN, ROWS5, EIGHT), "CCCCC"),
    ("n2 window 8 stride 8", pool("AveragePool", "8,8", "8,8"), "NNNNN"),
    ("n2 padded pixels counted", pool("AveragePool", "8,8", "8,8", COUNT), "CCCCC"),
    ("n2 size rounded up", pool("AveragePool", "8,8", "8,8", CEIL), "CCCCC"),
    ("n2 stride 4", pool("AveragePool", "8,8", "4,4"), "NNNNN"),
    ("n2 stride 3 of a large kernel", pool("AveragePool", "8,8", "3,3"), "CCCCC"),
    ("n2 strides that differ", pool("AveragePool", "8,8", "4,8"), "CCCCC"),
    ("n2 kernel 3", pool("AveragePool", "3,3", "1,1"), "NNNNN"),
    ("n2 kernel 4", pool("AveragePool", "4,4", "1,1"), "CCCCC"),
    ("n2 stride up to the kernel", pool("AveragePool", "2,2", "2,2", COUNT), "NNNNN"),
    ("n3 stride above the kernel", pool("AveragePool", "2,2", "3,3", COUNT), "CNNNN"),
    ("n2 one pixel with a stride", pool("AveragePool", "1,1", "4,4", COUNT), "NNNNC"),
    ("n3 rows only", pool("AveragePool", "3,1", "2,1"), "CNNNN"),
    ("n3 rows only, too many", pool("AveragePool", "4,1", "2,1"), "CCCCC"),
    ("n3 columns only", pool("AveragePool", "1,3", "1,3"), "CNNNN"),
    ("n3 columns with another stride", pool("AveragePool", "1,3", "1,1"), "CCCCC"),
    ("n4 one axis", pool("AveragePool", "3", "3", x="1,8,64"), "CCCCN"),
    ("n4 three axes", pool("AveragePool", "2,2,2", "2,2,2", x=ROWS5), "CCCCC"),
    ("n2 dilated", pool("AveragePool", "3,3", "1,1", TWO, opset=19), "CCCCC"),
    ("n2 one pixel, stride 2", pool("AveragePool", "1,1", "2,2", COUNT), "NNNNN"),
    ("n2 one pixel rounded up", pool("AveragePool", "1,1", "4,4", CEIL + COUNT), "CCCCC"),
    ("n2 one pixel, columns", pool("AveragePool", "1,1", "1,2"), "CCCCC"),
    ("n2 one pixel, dilated", pool("AveragePool", "1,1", "4,4", COUNT + TWO, opset=19), "CCCCC"),
    ("n3 stride 4", pool("AveragePool", "2,2", "4,4", COUNT), "CCCCC"),
    ("n3 rows dilated", pool("AveragePool", "3,1", "2,1", TWO, opset=19), "CCCCC"),
    ("n3 columns dilated", pool("AveragePool", "1,3", "1,3", TWO, opset=19), "CCCCC"),
    ("n3 columns only, too many", pool("AveragePool", "1,4", "1,4"), "CCCCC"),
    ("n5 Clip 0 to 6", model("y = Clip(x, a, b)", fixed=LIMITS.format(0, 6)), "NNNNN"),
    ("n5 Clip from 1", model("y = Clip(x, a, b)", fixed=LIMITS.format(1, 6)), "CCCCC"),
    ("n5 Clip max 0", model("y = Clip(x, a, b)", fixed=LIMITS.format(0, 0)), "NNNNN"),
    ("n5 Clip max -1", model("y = Clip(x, a, b)", fixed=LIMITS.format(0, -1)), "CCCCC"),
    (
        "n5 Clip max a list",
        model("y = Clip(x, a, b)", fixed="float a = {0}, float[1] b = {6}"),
        "CCCCC",
    ),
    ("n5 Clip without max", model("y = Clip(x, a)", fixed="float a = {0}"), "NNNNN"),
    ("n5 Clip without min", model('y = Clip(x, "", b)', fixed="float b = {6}"), "CCCCC"),
    ("n5 Clip min computed", model("y = Clip(x, a)", more=", float a"), "CCCCC"),
    ("n5 Clip by attributes", model("y = Clip<min=0.0, max=6.0>(x)", opset=9), "NNNNN"),
    ("n5 Clip by attributes from 1", model("y = Clip<min=1.0, max=6.0>(x)", opset=9), "CCCCC"),
    ("n6 stride_h 4", conv("8,8", "4,4"), "NNNNN"),
    ("n6 stride_h 5", conv("8,8", "5,4"), "CCNNN"),
    ("n6 kernel and stride 8", conv("8,8", "8,8"), "CCNNN"),
    ("n6 stride_w 16", conv("3,3", "1,16"), "NNNNN"),
    ("n6 stride_w 17", conv("3,3", "1,17"), "CCNNN"),
    ("n6 kernel 12", conv("12,12", "1,1"), "NNNNN"),
    ("n6 kernel 13", conv("13,1", "1,1"), "CNNNN"),
    ("n6 rank 3", conv("3", "16", "1,8,64"), "NNNNN"),
    ("n8 rank 5", conv("1,1,1", "1,1,1", "1,8,4,4,4"), "CCCCC"),
    ("n8 weights computed", model("y = Conv(x, w)", more=", float[8,8,3,3] w"), "DDDDD"),
    ("n9 weights computed", model(COMPUTED, more=", float[8,8,3,3] w"), "CDDDD"),
    ("n9 stride 2", transposed("2,2"), "CNNNN"),
    ("n10 stride 1", transposed("1,1"), "CCNNN"),
    ("n9 stride 3", transposed("3,3"), "CCNNN"),
    ("n10 strides that differ", transposed("2,3"), "CCCCN"),
    ("n11 four to one", model('y = DepthToSpace<blocksize=2, mode="CRD">(x)', "1,4,8,8"), "NNNNN"),
    ("n11 other order", model('y = DepthToSpace<blocksize=2, mode="DCR">(x)', "1,4,8,8"), "CCNNN"),
    ("n11 eight to two", model('y = DepthToSpace<blocksize=2, mode="CRD">(x)', "1,8,8,8"), "CCNNN"),
    ("n11 block 1", model('y = DepthToSpace<blocksize=1, mode="CRD">(x)', "1,4,8,8"), "CCCCC"),
    ("n12 block 4", model('y = DepthToSpace<blocksize=4, mode="CRD">(x)', "1,16,8,8"), "CCNNN"),
    ("n12 block 3", model('y = DepthToSpace<blocksize=3, mode="CRD">(x)', "1,9,8,8"), "CCCCC"),
    ("n15 columns", model("y = Expand(x, k)", "1,8,4,1", INT4.format("1, 8, 4, 5")), "CNNNN"),
    ("n16 channels", model("y = Expand(x, k)", "1,1,4,4", INT4.format("1, 8, 4, 4")), "CCNNN"),
    ("n16 batch", model("y = Expand(x, k)", "1,8,4,4", INT4.format("2, 8, 4, 4")), "CCCCC"),
    ("n17 Flatten at 1", model("y = Flatten(x)"), "CNNNN"),
    ("n17 Flatten at -3", model("y = Flatten<axis=-3>(x)"), "CNNNN"),
    ("n17 Flatten at 2", model("y = Flatten<axis=2>(x)"), "CCCCC"),
    ("n18 one index", model("y = Gather<axis=1>(x, k)", fixed="int64[1] k = {3}"), "NNNNN"),
    ("n18 two indices", model("y = Gather<axis=1>(x, k)", fixed="int64[2] k = {3, 5}"), "CCCCC"),
    ("n18 index computed", model("y = Gather<axis=1>(x, k)", more=", int64[1] k"), "CCCCC"),
    ("n19 256 pixels", simple("GlobalAveragePool", x="1,8,16,16"), "NNNNN"),
    ("n19 257 pixels", simple("GlobalAveragePool", x="1,8,1,257"), "CNNNN"),
    ("n19 272 pixels", simple("GlobalAveragePool", x="1,8,16,17"), "CNNNN"),
    ("n20 16384 pixels", simple("GlobalAveragePool", x="1,8,128,128"), "CNNNN"),
    ("n20 16385 pixels", simple("GlobalAveragePool", x="1,8,1,16385"), "CCCCC"),
    ("n20 16512 pixels", simple("GlobalAveragePool", x="1,8,128,129"), "CCCCC"),
    ("n20 rank 5", simple("GlobalAveragePool", x=ROWS5), "CCCCC"),
    ("n21 four rows", simple("GlobalMaxPool", x="1,8,4,4"), "NNNNN"),
    ("n21 three rows", simple("GlobalMaxPool", x="1,8,3,4"), "CNNNN"),
    ("n22 constant WxV", model(MATRIX, "1,8,5,6", "int64[2] s = {6, 7}"), "CNNNN"),
    ("n22 constant 1x1xWxV", model(MATRIX, "1,8,5,6", "int64[4] s = {1, 1, 6, 7}"), "CNNNN"),
    ("n22 constant 1x8xWxV", model(MATRIX, "1,8,5,6", "int64[4] s = {1, 8, 6, 7}"), "CCCCC"),
    ("n22 computed, rank 4", model("y = MatMul(x, x)", "1,8,6,6"), "CNNNN"),
    ("n23 computed, rank 3", model("y = MatMul(x, x)", "8,6,6"), "CCCCN"),
    ("n23 computed, rank 5", model("y = MatMul(x, x)", "1,2,3,6,6"), "CCCCN"),
    ("n23 computed, rank 6", model("y = MatMul(x, x)", "1,1,2,3,6,6"), "CCCCC"),
    ("n23 computed, rank 2", model("y = MatMul(x, x)", "6,6"), "CCCCC"),
    ("n24 kernel 3 stride 2", pool("MaxPool", "3,3", "2,2"), "NNNNN"),
    ("n24 kernel 2 stride 2", pool("MaxPool", "2,2", "2,2", CEIL), "NNNNN"),
    ("n24 kernel 3 rounded up", pool("MaxPool", "3,3", "2,2", CEIL), "NNNNN"),
    ("n24 one pixel with a stride", pool("MaxPool", "1,1", "4,4"), "NNNNN"),
    ("n24 window 4 stride 4", pool("MaxPool", "4,4", "4,4"), "NNNNN"),
    ("n24 kernel 5", pool("MaxPool", "5,5", "1,1"), "NNNNN"),
    ("n24 kernel 5 rounded up", pool("MaxPool", "5,5", "1,1", CEIL), "CCCCC"),
    ("n24 kernel 3 dilated", pool("MaxPool", "3,3", "1,1", TWO), "CCCCC"),
    ("n25 stride above the kernel", pool("MaxPool", "2,2", "3,3"), "CCNNN"),
    ("n25 rows only", pool("MaxPool", "3,1", "2,1"), "CCNNN"),
    ("n25 columns only", pool("MaxPool", "1,2", "1,2"), "CCNNN"),
    ("n25 columns with another stride", pool("MaxPool", "1,2", "1,1"), "CCCCC"),
    ("n24 kernel 4", pool("MaxPool", "4,4", "1,1"), "NNNNN"),
    ("n24 kernel 4 rounded up", pool("MaxPool", "4,4", "2,2", CEIL), "CCCCC"),
    ("n24 one pixel, stride 2", pool("MaxPool", "1,1", "2,2"), "NNNNN"),
    ("n24 one pixel rounded up", pool("MaxPool", "1,1", "4,4", CEIL), "CCCCC"),
    ("n24 one pixel, columns", pool("MaxPool", "1,1", "1,2"), "CCCCC"),
    ("n24 one pixel, dilated", pool("MaxPool", "1,1", "4,4", TWO), "CCCCC"),
    ("n24 one axis", pool("MaxPool", "3", "3", x="1,8,64"), "CCCCC"),
    ("n24 three axes", pool("MaxPool", "2,2,2", "2,2,2", x=ROWS5), "CCCCC"),
    ("n25 stride 4", pool("MaxPool", "2,2", "4,4"), "CCCCC"),
    ("n25 rows with stride 4", pool("MaxPool", "3,1", "4,1"), "CCCCC"),
    ("n25 rows dilated", pool("MaxPool", "3,1", "2,1", TWO), "CCCCC"),
    ("n25 three columns", pool("MaxPool", "1,3", "1,3"), "CCNNN"),
    ("n25 four columns", pool("MaxPool", "1,4", "1,4"), "CCCCC"),
    ("n25 columns dilated", pool("MaxPool", "1,3", "1,3", TWO), "CCCCC"),
    ("n26 pads 31", model("y = Pad(x, k)", fixed=INT8.format("0,0,31,0,0,0,0,31")), "NNNNN"),
    ("n26 pads 32", model("y = Pad(x, k)", fixed=INT8.format("0,0,32,0,0,0,0,0")), "CCCCC"),
    ("n27 channels by 32", model("y = Pad(x, k)", fixed=INT8.format("0,32,0,0,0,0,0,0")), "NNNNC"),
    ("n26 batch", model("y = Pad(x, k)", fixed=INT8.format("1,0,0,0,0,0,0,0")), "CCCCC"),
    (
        "n26 value 1",
        model("y = Pad(x, k, v)", fixed="int64[8] k = {0,0,1,1,0,0,1,1}, float v = {1}"),
        "CCCCC",
    ),
    (
        "n26 reflected",
        model('y = Pad<mode="reflect">(x, k)', fixed=INT8.format("0,0,1,1,0,0,1,1")),
        "CCCCC",
    ),
    ("n26 by attribute", model("y = Pad<pads=[0,0,1,1,0,0,1,1]>(x)", opset=10), "NNNNN"),
    (
        "n26 by attribute, value 1",
        model("y = Pad<pads=[0,0,1,1,0,0,1,1], value=1.0>(x)", opset=10),
        "CCCCC",
    ),
    (
        "n26 with axes",
        model(
            'y = Pad(x, k, "", a)', fixed="int64[4] k = {31,1,1,1}, int64[2] a = {2,-1}", opset=18
        ),
        "NNNNN",
    ),
    (
        "n26 with axes 32",
        model(
            'y = Pad(x, k, "", a)', fixed="int64[4] k = {1,32,1,1}, int64[2] a = {2,-1}", opset=18
        ),
        "CCCCC",
    ),
    ("n26 cropped", model("y = Pad(x, k)", fixed=INT8.format("0,0,-1,0,0,0,0,0")), "DDDDD"),
    ("n29 square", model("y = Pow(x, k)", fixed="float k = {2}"), "CNNNN"),
    ("n29 cube", model("y = Pow(x, k)", fixed="float k = {3}"), "CCCCC"),
    ("n29 exponent computed", model("y = Pow(x, k)", more=", float k"), "CCCCC"),
    ("n30 axis kept", model("y = ReduceMax<axes=[1], keepdims=1>(x)"), "NNNNN"),
    ("n30 axis dropped", model("y = ReduceMax<axes=[1], keepdims=0>(x)"), "CCCCC"),
    ("n31 pixels", model("y = ReduceMean<axes=[2,3]>(x)"), "CNNNN"),
    ("n31 dropped", model("y = ReduceMean<axes=[2,3], keepdims=0>(x)"), "CCCCC"),
    ("n31 batch", model("y = ReduceMean<axes=[-4]>(x)"), "CCCCC"),
    ("n31 all axes", model("y = ReduceMean(x)"), "CCCCC"),
    (
        "n31 axes as input",
        model("y = ReduceMean(x, a)", fixed=AXES.format(2, "2,3"), opset=18),
        "CNNNN",
    ),
    (
        "n31 batch as input",
        model("y = ReduceMean(x, a)", fixed=AXES.format(1, "0"), opset=18),
        "CCCCC",
    ),
    ("n31 axes computed", model("y = ReduceMean(x, a)", more=", int64[1] a", opset=18), "CCCCC"),
    ("n32 channels", model("y = ReduceSum(x, a)", fixed=AXES.format(1, "1")), "NNNNN"),
    ("n32 pixels", model("y = ReduceSum(x, a)", fixed=AXES.format(2, "2,3")), "CNNNN"),
    ("n31 sum over the batch", model("y = ReduceSum(x, a)", fixed=AXES.format(1, "0")), "CCCCN"),
    (
        "n31 sum dropped",
        model("y = ReduceSum<keepdims=0>(x, a)", fixed=AXES.format(1, "1")),
        "CCCCN",
    ),
    ("n34 nearest, both axes", resize("1,1,2,2", NEAREST), "DCNNN"),
    ("n35 nearest, rows", resize("1,1,2,1", NEAREST), "DNNNN"),
    ("n35 nearest, columns", resize("1,1,1,2", NEAREST), "DNNNN"),
    ("n34 nearest to the even", resize("1,1,2,1", NEAREST.replace("floor", "ceil")), "CNNNN"),
    ("n34 linear, half pixel", resize("1,1,2,1", LINEAR + '"half_pixel"'), "CCNNN"),
    ("n34 linear, corners", resize("1,1,2,1", LINEAR + '"align_corners"'), "DNNNN"),
    (
        "n34 cubic",
        resize("1,1,2,1", 'mode="cubic", coordinate_transformation_mode="asymmetric"'),
        "CCCCC",
    ),
    ("n34 extrapolated", resize("1,1,2,1", NEAREST + ", extrapolation_value=1.0"), "CCCCC"),
    ("n35 shrunk", resize("1,1,0.5,1", NEAREST), "DCNNN"),
    ("n34 rank 3", resize("1,1,2", NEAREST, "1,8,64"), "CCNNN"),
    ("n34 rank 5", resize("1,1,2,1,1", NEAREST, ROWS5), "CCNNN"),
    (
        "n34 cut and resized",
        model(f'y = Resize<{LINEAR}"tf_crop_and_resize">(x, r, k)', fixed=CROP),
        "CDNNN",
    ),
    ("n34 channels", resize("1,2,1,1", NEAREST), "CCCCC"),
    ("n34 opset 10", model("y = Resize(x, k)", fixed=FLOAT4.format("1,1,2,1"), opset=10), "DNNNN"),
    (
        "n34 by size",
        model(f'y = Resize<{NEAREST}>(x, "", "", k)', fixed=INT4.format("1,8,128,48")),
        "DNNNN",
    ),
    (
        "n34 size computed",
        model(f'y = Resize<{NEAREST}>(x, "", "", k)', more=", int64[4] k"),
        "CCCCC",
    ),
    ("n37 slice", model("y = Slice(x, b, e, a)", fixed=CUT), "CNNNN"),
    (
        "n37 every second",
        model("y = Slice(x, b, e, a, t)", fixed=CUT + ", int64[1] t = {2}"),
        "CCCCC",
    ),
    ("n38 rank 5", model("y = Slice(x, b, e, a)", ROWS5, CUT), "CCCCN"),
    ("n37 by attributes", model("y = Slice<starts=[0], ends=[4], axes=[1]>(x)", opset=9), "CNNNN"),
    ("n39 Softmax", model("y = Softmax(x)"), "CCNNN"),
    ("n41 block 2", model("y = SpaceToDepth<blocksize=2>(x)"), "CCNNN"),
    ("n41 block 4", model("y = SpaceToDepth<blocksize=4>(x)"), "CCNNN"),
    ("n41 block 8", model("y = SpaceToDepth<blocksize=8>(x)"), "CCCCC"),
    ("n42 rows and columns", model("y = Transpose<perm=[0,1,3,2]>(x)"), "CNNNN"),
    ("n42 channels and rows", model("y = Transpose<perm=[0,2,1,3]>(x)"), "CNNNN"),
    ("n42 channels last", model("y = Transpose<perm=[0,2,3,1]>(x)"), "CCNNN"),
    ("n43 batch moved", model("y = Transpose<perm=[1,0,2,3]>(x)"), "CCCCN"),
    ("n42 rank 3", model("y = Transpose<perm=[0,2,1]>(x)", "1,8,64"), "CDNNN"),
    ("n42 rank 5", model("y = Transpose<perm=[0,2,1,3,4]>(x)", ROWS5), "CCDDN"),
    (
        "n44 Upsample rows",
        model("y = Upsample(x, k)", fixed=FLOAT4.format("1,1,2,1"), opset=9),
        "DNNNN",
    ),
    (
        "n45 Upsample both",
        model("y = Upsample(x, k)", fixed=FLOAT4.format("1,1,2,2"), opset=9),
        "DCNNN",
    ),
    (
        "n44 Upsample channels",
        model("y = Upsample(x, k)", fixed=FLOAT4.format("1,2,1,1"), opset=9),
        "CCCCC",
    ),
    (
        "n44 Upsample by attribute",
        model("y = Upsample<scales=[1.0,1.0,2.0,1.0]>(x)", opset=7),
        "DNNNN",
    ),
    (
        "n44 Upsample rank 3",
        model("y = Upsample(x, k)", "1,8,64", "float[3] k = {1,1,2}", opset=9),
        "CCCCC",
    ),
    (
        "n44 Upsample rank 5",
        model("y = Upsample(x, k)", ROWS5, "float[5] k = {1,1,2,1,1}", opset=9),
        "CCCCC",
    ),
    (
        "n44 Upsample cubic",
        model('y = Upsample<mode="cubic">(x, k)', fixed=FLOAT4.format("1,1,2,1"), opset=9),
        "CCCCC",
    ),
    ("Reshape at rank 4", model("y = Reshape(x, k)", fixed=INT4.format("1, 16, 32, 48")), "CNNNN"),
    (
        "Reshape to rank 5",
        model("y = Reshape(x, k)", fixed="int64[5] k = {1, 2, 4, 64, 48}"),
        "CDDDN",
    ),
    ("Gemm", model("w = ConstantOfShape(s) y = Gemm(x, w)", "1,8", "int64[2] s = {8, 3}"), "NNNNN"),
    ("PRelu", model("y = PRelu(x, k)", fixed="float[1] k = {0.1}"), "NNNNN"),
    ("Gemm computed", model("y = Gemm(x, w)", "1,8", more=", float[8,3] w"), "DDDDD"),
    ("PRelu computed", model("y = PRelu(x, w)", more=", float[1] w"), "DDDDD"),
    ("n1 parameters computed", model(BN, more=", float[8] k"), "DDDDD"),
    ("Loop", model(f"y = Loop<body = {BODY}>(n, t, x)", fixed=TIMES), "CCCCN"),
    ("Sub", model("y = Sub(x, x)"), "NNNNN"),
    ("Div", model("y = Div(x, x)"), "CCNNN"),
    ("Max", model("y = Max(x, x)"), "CCCCN"),
    ("ReduceMin", model("y = ReduceMin<axes=[1]>(x)"), "CCCCN"),
    ("InstanceNormalization", model("y = InstanceNormalization(x, k, k)", fixed=EIGHT), "CCCCN"),
    ("LayerNormalization", model("y = LayerNormalization(x, k)", "1,4,8", EIGHT), "CCCCN"),
    ("Split", model("y, z = Split<axis=1>(x)"), "CCCCN"),
    (
        "MaxRoiPool",
        model("y = MaxRoiPool<pooled_shape=[2,2]>(x, r)", more=", float[1,5] r"),
        "CNNNN",
    ),
    ("operator of another domain", model("y = com.x.Thing(x)"), "CCCCC"),
    *[(op, simple(op), "NNNNN") for op in ("Relu", "LeakyRelu", "Neg")],
    *[(op, simple(op), "CNNNN") for op in ("Sigmoid", "Tanh", "Exp")],
    *[(op, simple(op), "CCNNN") for op in ("Elu", "Erf", "HardSigmoid", "Sqrt", "Reciprocal")],
    *[(op, simple(op), "CCCCN") for op in ("Abs", "Log", "Sign")],
    *[(op, simple(op), "CCCCC") for op in ("Round", "Sin", "Selu", "Softplus", "HardSwish")],
]


@pytest.mark.parametrize(
    ("source", "expected"), [row[1:] for row in NEWEST], ids=[row[0] for row in NEWEST]
)
def test_newest_table(source, expected):
    assert letters(source, "2026-03") == expected
