"""Data sets, their checks, the crop cache, order and batches."""
