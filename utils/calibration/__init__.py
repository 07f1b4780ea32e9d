"""Calibration arrays for a quantiser, and their files."""
