"""Lite-HRNet: the backbone and the blocks that it is made of."""
