"""Networks, checkpoint import and ONNX export; importing it registers the classes with mmpose."""

from models.backbones.litehrnet import KneronLiteHRNet
from models.checkpoint import CheckpointFileHook
from models.heads.heatmap_head import KneronHeatmapHead
from models.losses.located_heatmap_loss import LocatedHeatmapLoss

__all__ = ["CheckpointFileHook", "KneronHeatmapHead", "KneronLiteHRNet", "LocatedHeatmapLoss"]
