"""mmpose 1.1.0's recipe on the COCO sample alone, 128x96 (HxW), for Wider Naive Lite-HRNet-18.

The other side of fine-tuning in benchmarks/recipe.py: network, pipeline, loss and optimiser are
mmpose's; its 210 epochs are scaled to `num_iters` batches.
"""

_base_ = "./stock_litehrnet_18_lspet-coco_128x96.py"

num_iters = 300

model = dict(
    backbone=dict(
        extra=dict(stages_spec=dict(module_type=("NAIVE",) * 3, reduce_ratios=(1,) * 3))  # no gates
    )
)
train_cfg = dict(
    _delete_=True, type="IterBasedTrainLoop", max_iters=num_iters, val_interval=num_iters
)
param_scheduler = [
    dict(type="LinearLR", begin=0, end=num_iters // 10, start_factor=0.001, by_epoch=False),
    dict(
        type="MultiStepLR",
        begin=0,
        end=num_iters,
        milestones=[num_iters * 170 // 210, num_iters * 200 // 210],
        gamma=0.1,
        by_epoch=False,
    ),
]
default_hooks = dict(checkpoint=dict(interval=num_iters, by_epoch=False))
log_processor = dict(by_epoch=False)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="CocoDataset",
        metainfo=_base_.dataset_info,
        data_root=_base_.data_root + "coco/",
        ann_file="annotations/person_keypoints_train2017.json",
        data_prefix=dict(img="train2017/"),
        pipeline=_base_.train_pipeline,
    ),
)
