"""Boxes and poses from pixels: the networks and what their YAML files say."""
