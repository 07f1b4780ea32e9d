"""Open sizes of inputs, and fixing that of the batch: NPU compilers take fixed shapes only."""

import onnx


def fix_batch(model: onnx.ModelProto, size: int = 1) -> onnx.ModelProto:
    """Return a copy whose inputs have a first axis of ``size`` where it was left open.

    Shapes computed from the input become constants by ``optimize``; those written down for
    another batch are dropped, so that they are found anew.

    Args:
        model: any ONNX model; it is not changed.
        size: batch size.

    Returns:
        The copy.
    """
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    constants = {tensor.name for tensor in fixed.graph.initializer}
    names = set()
    for value in fixed.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name not in constants and dims and not dims[0].dim_value:
            names.add(dims[0].dim_param)
            dims[0].dim_value = size
    for value in [*fixed.graph.input, *fixed.graph.output]:
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param") and dim.dim_param in names - {""}:
                dim.dim_value = size
    del fixed.graph.value_info[:]
    return onnx.shape_inference.infer_shapes(fixed, data_prop=True)


def open_inputs(model: onnx.ModelProto) -> dict[str, list[str]]:
    """Return the inputs that leave a size open: name to its sizes as texts, "?" without a name."""
    constants = {tensor.name for tensor in model.graph.initializer}
    dims = {v.name: v.type.tensor_type.shape.dim for v in model.graph.input}
    return {
        name: [str(size.dim_value or size.dim_param or "?") for size in sizes]
        for name, sizes in dims.items()
        if name not in constants and not all(size.dim_value > 0 for size in sizes)
    }
