"""Distillation: a trained network's heatmaps as a second target beside the labels."""
