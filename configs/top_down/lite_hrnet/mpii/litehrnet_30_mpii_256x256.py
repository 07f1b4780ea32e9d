"""Lite-HRNet-30, MPII keypoints, 256x256.

Run:    python train.py configs/top_down/lite_hrnet/mpii/litehrnet_30_mpii_256x256.py
Expect: PCKh 87.0, 31.3 at 0.1 published (val); ours not measured yet
Source: arXiv:2104.06403 and HRNet/Lite-HRNet litehrnet_30_mpii_256x256.py; its recipe
"""

_base_ = "./litehrnet_18_mpii_256x256.py"

model = dict(backbone=dict(extra=dict(stages_spec=dict(num_modules=(3, 8, 3)))))
