"""All that is not training: parameters, runners, drawing, NPU rules, data tools (never PyTorch)."""
