"""Wider Naive Lite-HRNet-18 on LSPET and a sample of COCO, 128x96 (HxW): begin with weights/.

Run:    python train.py configs/top_down/lite_hrnet/sample/wider_naive_litehrnet_18_128x96.py
        --load-from FILE (the folder of coco/ and lspet/ is ./data or LITEHRNET_DATA)
Expect: AP 0.413 with --teacher, see weights/README.md (106 val2017 images, 307 people, GT boxes)
Source: network as in coco/wider_naive_litehrnet_18_coco_256x192.py; schedule as the LH-18 beside it
"""

_base_ = "./litehrnet_18_lspet-coco_128x96.py"

model = dict(
    backbone=dict(
        extra=dict(stages_spec=dict(module_type=("NAIVE",) * 3, reduce_ratios=(1,) * 3))  # no gates
    )
)
