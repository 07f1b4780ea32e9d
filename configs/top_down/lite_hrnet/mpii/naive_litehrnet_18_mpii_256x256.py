"""Naive Lite-HRNet-18 (shuffle blocks, no gates), MPII keypoints, 256x256.

Run:    python train.py configs/top_down/lite_hrnet/mpii/naive_litehrnet_18_mpii_256x256.py
Expect: no published checkpoint; PCKh not measured yet
Source: arXiv:2104.06403 and HRNet/Lite-HRNet, whose head of 40 channels does not fit (30 here)
"""

_base_ = "./wider_naive_litehrnet_18_mpii_256x256.py"

channels = ((30, 60), (30, 60, 120), (30, 60, 120, 240))
model = dict(
    backbone=dict(extra=dict(stages_spec=dict(num_channels=channels))),
    head=dict(in_channels=30),  # the first branch's; the original's 40 does not fit it
)
