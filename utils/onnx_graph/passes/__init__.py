"""Rewrites of ONNX graphs for PC runtimes and for Kneron NPUs, without PyTorch."""
