"""Lite-HRNet-30 without channel shuffle and average pooling, COCO keypoints, 256x192 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/coco/litehrnet_no_shuffle_no_avgpool.py
Expect: AP not measured yet; AP50 .874 is published of another, unpublished form of this network
Source: recipe of arXiv:2104.06403; depth 30 fits the published file of 8 MB; the switches are ours
"""

_base_ = "./litehrnet_18_coco_256x192.py"

model = dict(
    backbone=dict(
        shuffle="add",  # ours: no Reshape, no Transpose
        pool="conv",  # ours: depthwise convolutions of stride 2, no AveragePool
        extra=dict(stages_spec=dict(num_modules=(3, 8, 3))),
    ),
)
