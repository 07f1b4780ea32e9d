"""Predictions beside labels: why AP is -1, 0 or low, in words."""
