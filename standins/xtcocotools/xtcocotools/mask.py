"""Run-length masks, the seven functions of the COCO mask interface."""

from faster_coco_eval.core.mask import area, decode, encode, frPyObjects, iou, merge, toBbox

__all__ = ["area", "decode", "encode", "frPyObjects", "iou", "merge", "toBbox"]
