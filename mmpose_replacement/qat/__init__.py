"""Quantisation-aware training: a trained network learns on with the chip's rounding in it."""
