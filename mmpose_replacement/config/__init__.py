"""Training configs: reading, overrides, faults told early."""
