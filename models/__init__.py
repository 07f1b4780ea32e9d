"""Networks, checkpoint import and ONNX export; importing it registers the classes with mmpose."""

from models.backbones.litehrnet import KneronLiteHRNet

__all__ = ["KneronLiteHRNet"]
