"""Reading a config, and what it needs, before PyTorch is loaded: overrides, faults told at once."""
