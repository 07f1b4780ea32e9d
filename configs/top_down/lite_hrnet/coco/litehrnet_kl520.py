"""Wider Naive Lite-HRNet-18 without channel shuffle, for KL520, COCO keypoints, 256x192 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/coco/litehrnet_kl520.py
Expect: AP not measured yet; no node on the CPU by the table of 2026-03, its Resize disputed
Source: blocks and recipe of arXiv:2104.06403; the choice after KL520's operator table is ours
"""

_base_ = "./wider_naive_litehrnet_18_coco_256x192.py"

model = dict(
    backbone=dict(shuffle="swap")  # ours: no Reshape, no Transpose; "add" needs more cuts by Conv
)
