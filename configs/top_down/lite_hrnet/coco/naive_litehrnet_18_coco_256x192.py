"""Naive Lite-HRNet-18 (shuffle blocks, no gates), COCO keypoints, 256x192 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/coco/naive_litehrnet_18_coco_256x192.py
Expect: no published checkpoint; AP not measured yet
Source: arXiv:2104.06403 and HRNet/Lite-HRNet, whose head of 40 channels does not fit (30 here)
"""

_base_ = "./wider_naive_litehrnet_18_coco_256x192.py"

channels = ((30, 60), (30, 60, 120), (30, 60, 120, 240))
model = dict(
    backbone=dict(extra=dict(stages_spec=dict(num_channels=channels))),
    head=dict(in_channels=30),  # the first branch's; the original's 40 does not fit it
)
