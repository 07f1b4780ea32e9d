"""ONNX graphs without PyTorch: reading, rewriting, verdicts, reports."""
