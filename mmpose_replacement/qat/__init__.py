"""Training for eight bits: with the chip's rounding in it, or so that rounding will cost less."""
