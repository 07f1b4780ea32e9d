"""All pixel and geometry arithmetic, once: for training, evaluation and devices."""
