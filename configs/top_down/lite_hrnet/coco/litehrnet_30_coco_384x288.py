"""Lite-HRNet-30, COCO keypoints, 384x288 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/coco/litehrnet_30_coco_384x288.py
Expect: AP 0.704 published (val2017, detector of AP 56.4); ours not measured yet
Source: arXiv:2104.06403 and HRNet/Lite-HRNet litehrnet_30_coco_384x288.py; its recipe
"""

_base_ = "./litehrnet_18_coco_384x288.py"

model = dict(backbone=dict(extra=dict(stages_spec=dict(num_modules=(3, 8, 3)))))
