"""From a trained network to an ONNX file that is compared with it."""
