"""Kneron's preprocessing (PPP) emulated to the bit; import ``kneron_preprocessing.API``."""
