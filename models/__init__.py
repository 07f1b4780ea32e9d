"""Networks, checkpoint import and ONNX export; importing it registers the classes with mmpose."""

from models.backbones.litehrnet import KneronLiteHRNet
from models.checkpoint import CheckpointFileHook
from models.heads.heatmap_head import KneronHeatmapHead

__all__ = ["CheckpointFileHook", "KneronHeatmapHead", "KneronLiteHRNet"]
