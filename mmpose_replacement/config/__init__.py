"""Training configs: what they name is registered."""
