"""Kneron NPU operator tables, rules and the verdict on an ONNX graph (onnx only)."""

CHIPS = ("520", "530", "630", "720", "730")
