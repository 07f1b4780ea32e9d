"""What keeps the answer at few bits: even ranges, rounding and biases that make up for it."""
