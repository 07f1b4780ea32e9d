"""Training configs: what they name is registered, and which labels they read."""
