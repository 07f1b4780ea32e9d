"""Wider Naive Lite-HRNet-18 (shuffle blocks, 40 channels), MPII keypoints, 256x256.

Run:    python train.py configs/top_down/lite_hrnet/mpii/wider_naive_litehrnet_18_mpii_256x256.py
Expect: no published checkpoint; PCKh not measured yet
Source: arXiv:2104.06403 and HRNet/Lite-HRNet wider_naive_litehrnet_18_mpii_256x256.py; its recipe
"""

_base_ = "./litehrnet_18_mpii_256x256.py"

model = dict(
    backbone=dict(
        extra=dict(stages_spec=dict(module_type=("NAIVE",) * 3, reduce_ratios=(1,) * 3))  # no gates
    )
)
