"""Networks, checkpoint import and ONNX export; importing it registers the classes with mmpose."""

from models.backbones.coupling_net import KneronCouplingNet
from models.backbones.litehrnet import KneronLiteHRNet
from models.checkpoints.hook import CheckpointFileHook
from models.fixed_point.backbone import KneronFixedPointNetwork
from models.heads.heatmap_head import KneronHeatmapHead
from models.heads.subpixel_head import KneronSubpixelHead
from models.losses.located_heatmap_loss import LocatedHeatmapLoss

__all__ = [
    "CheckpointFileHook",
    "KneronCouplingNet",
    "KneronFixedPointNetwork",
    "KneronHeatmapHead",
    "KneronLiteHRNet",
    "KneronSubpixelHead",
    "LocatedHeatmapLoss",
]
