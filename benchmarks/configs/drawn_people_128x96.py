"""One of the sample networks on drawn people, 128x96 (HxW), for benchmarks/accuracy.md.

Run:    NETWORK=litehrnet_kl520 python train.py benchmarks/configs/drawn_people_128x96.py
        (NETWORK begins the name of a config in configs/top_down/lite_hrnet/sample; `make quickstart`
        draws the people)
Expect: see benchmarks/accuracy.md
Source: network, loss and augmentation as in that config; 8 epochs, batch 16
"""

_base_ = [
    "../../configs/top_down/lite_hrnet/sample/{{$NETWORK:litehrnet_18_lspet-coco}}_128x96.py",
]

data_root = "{{$PEOPLE:work_dirs/quickstart/people}}/"
max_epochs = 8

train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, begin=0, end=100, by_epoch=False),
    dict(
        type="CosineAnnealingLR",
        eta_min=0.0,
        begin=0,
        end=max_epochs,
        T_max=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(
        _delete_=True,
        type="KneronCocoDataset",
        metainfo={{_base_.dataset_info}},
        data_root=data_root + "train/",
        ann_file="annotations.json",
        data_prefix=dict(img="images/"),
        pipeline={{_base_.train_pipeline}},
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root + "val/",
        ann_file="annotations.json",
        data_prefix=dict(img="images/"),
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + "val/annotations.json")
test_evaluator = val_evaluator
