"""Cures of labels that are beyond doubt, and the corrected copy."""
