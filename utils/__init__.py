"""All that is not training: parameters, runners, drawing, NPU rules, data tools (never PyTorch)."""

__version__ = "0.9.0"  # of the whole toolkit; CHANGELOG.md has the releases
