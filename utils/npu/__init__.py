"""Kneron NPU operator tables, rules and the verdict on an ONNX graph (onnx only)."""
