"""All pixel and geometry arithmetic, once, for training, evaluation and devices (NumPy and OpenCV only)."""
