"""A network for KL520 that upsamples nothing, COCO keypoints, 256x192 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/coco/litehrnet_kl520_no_upsampling.py
Expect: AP not measured yet; no node on the CPU and none disputed by the table of 2026-03
Source: recipe of arXiv:2104.06403; the network is ours, see docs/networks.md
"""

_base_ = "./litehrnet_18_coco_256x192.py"

sizes = dict(half_channels=(32, 80), num_units=(4, 14), kernel_sizes=(5, 7))  # at 1/4 and 1/8
model = dict(
    backbone=dict(
        _delete_=True, type="KneronCouplingNet", in_channels=3, **sizes, out_channels=128
    ),
    head=dict(type="KneronSubpixelHead", in_channels=128),  # twice the size by DepthToSpace
)
