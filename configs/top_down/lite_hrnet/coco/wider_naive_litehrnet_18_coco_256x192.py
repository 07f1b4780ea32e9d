"""Wider Naive Lite-HRNet-18 (shuffle blocks, 40 channels), COCO keypoints, 256x192 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/coco/wider_naive_litehrnet_18_coco_256x192.py
Expect: no published checkpoint; AP not measured yet
Source: arXiv:2104.06403 and HRNet/Lite-HRNet wider_naive_litehrnet_18_coco_256x192.py; its recipe
"""

_base_ = "./litehrnet_18_coco_256x192.py"

model = dict(
    backbone=dict(
        extra=dict(stages_spec=dict(module_type=("NAIVE",) * 3, reduce_ratios=(1,) * 3))  # no gates
    )
)
