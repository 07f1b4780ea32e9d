"""The network of KL520 that upsamples nothing, on LSPET and a sample of COCO, 128x96 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/sample/litehrnet_kl520_no_upsampling_128x96.py
        (the folder of coco/ and lspet/ is ./data or LITEHRNET_DATA)
Expect: see benchmarks/accuracy.md (106 val2017 images, 307 people, ground-truth boxes)
Source: network as in coco/litehrnet_kl520_no_upsampling.py; schedule as the LH-18 beside it
"""

_base_ = "./litehrnet_18_lspet-coco_128x96.py"

sizes = dict(half_channels=(32, 80), num_units=(4, 14), kernel_sizes=(5, 7))  # at 1/4 and 1/8
model = dict(
    backbone=dict(
        _delete_=True, type="KneronCouplingNet", in_channels=3, **sizes, out_channels=128
    ),
    head=dict(type="KneronSubpixelHead", in_channels=128),  # twice the size by DepthToSpace
)
