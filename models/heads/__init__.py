"""Heads registered with mmpose."""

from models.heads.heatmap_head import KneronHeatmapHead

__all__ = ["KneronHeatmapHead"]
