"""Wider Naive Lite-HRNet-18 for KL520 on LSPET and a sample of COCO, 128x96 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/sample/litehrnet_kl520_128x96.py
        (the folder of coco/ and lspet/ is ./data or LITEHRNET_DATA)
Expect: see benchmarks/accuracy.md (106 val2017 images, 307 people, ground-truth boxes)
Source: network as in coco/litehrnet_kl520.py; schedule as the LH-18 beside it
"""

_base_ = "./litehrnet_18_lspet-coco_128x96.py"

model = dict(
    backbone=dict(
        shuffle="swap",  # ours: no Reshape, no Transpose; "add" would need more cuts by Conv
        extra=dict(stages_spec=dict(module_type=("NAIVE",) * 3, reduce_ratios=(1,) * 3)),
    )
)
