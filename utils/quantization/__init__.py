"""Eight bits before the compiler: the chip's fixed-point scheme simulated in an ONNX file."""
