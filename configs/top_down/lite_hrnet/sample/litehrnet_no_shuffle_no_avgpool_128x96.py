"""Lite-HRNet-30 without shuffle and average pooling on LSPET and a sample of COCO, 128x96 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/sample/litehrnet_no_shuffle_no_avgpool_128x96.py
        (the folder of coco/ and lspet/ is ./data or LITEHRNET_DATA)
Expect: see benchmarks/accuracy.md (106 val2017 images, 307 people, ground-truth boxes)
Source: network as in coco/litehrnet_no_shuffle_no_avgpool.py; schedule as the LH-18 beside it
"""

_base_ = "./litehrnet_18_lspet-coco_128x96.py"

model = dict(
    backbone=dict(
        shuffle="add",  # ours: no Reshape, no Transpose
        pool="conv",  # ours: depthwise convolutions of stride 2, no AveragePool
        extra=dict(stages_spec=dict(num_modules=(3, 8, 3))),
    ),
)
