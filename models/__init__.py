"""Networks, checkpoint import and ONNX export; importing it registers the classes with mmpose."""

from models.backbones.litehrnet import KneronLiteHRNet
from models.checkpoint import CheckpointFileHook

__all__ = ["CheckpointFileHook", "KneronLiteHRNet"]
