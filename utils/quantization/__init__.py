"""Eight bits before the compiler: the chip's fixed-point scheme simulated in an ONNX file."""

PERCENTAGE = 0.9999  # of a tensor's values that its range covers; the vendor's is 0.999
