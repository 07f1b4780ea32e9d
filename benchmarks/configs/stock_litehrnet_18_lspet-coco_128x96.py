"""mmpose 1.1.0's own Lite-HRNet-18 and recipe on LSPET and the COCO sample, 128x96 (HxW).

The other side of the comparison in benchmarks/accuracy.md: every class is mmpose's, values are
those of its litehrnet-18 config for COCO 256x192; halved are the input and the heatmap's sigma, and
the schedule keeps its shape over the shorter run.

Run:    python train.py benchmarks/configs/stock_litehrnet_18_lspet-coco_128x96.py
"""

_base_ = [
    "../../configs/_base_/default_runtime.py",
    "../../configs/_base_/datasets/coco.py",
]

codec = dict(type="MSRAHeatmap", input_size=(96, 128), heatmap_size=(24, 32), sigma=1)

model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type="LiteHRNet",
        in_channels=3,
        extra=dict(
            stem=dict(stem_channels=32, out_channels=32, expand_ratio=1),
            num_stages=3,
            stages_spec=dict(
                num_modules=(2, 4, 2),
                num_branches=(2, 3, 4),
                num_blocks=(2, 2, 2),
                module_type=("LITE", "LITE", "LITE"),
                with_fuse=(True, True, True),
                reduce_ratios=(8, 8, 8),
                num_channels=((40, 80), (40, 80, 160), (40, 80, 160, 320)),
            ),
            with_head=True,
        ),
    ),
    head=dict(
        type="HeatmapHead",
        in_channels=40,
        out_channels=17,
        deconv_out_channels=None,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=codec,
    ),
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True),
)

data_root = "{{$LITEHRNET_DATA:data}}/"  # the folder that holds coco/ and lspet/

train_pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="RandomHalfBody"),
    dict(type="RandomBBoxTransform", rotate_factor=60, scale_factor=(0.75, 1.25)),
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
val_pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="PackPoseInputs"),
]

max_epochs = 2
num_iters = max_epochs * 748  # batches of 16
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=5e-4))
param_scheduler = [
    dict(type="LinearLR", begin=0, end=150, start_factor=0.001, by_epoch=False),
    dict(
        type="MultiStepLR",
        begin=0,
        end=num_iters,
        milestones=[num_iters * 170 // 210, num_iters * 200 // 210],
        gamma=0.1,
        by_epoch=False,
    ),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(
        type="CombinedDataset",
        metainfo=_base_.dataset_info,
        pipeline=train_pipeline,
        datasets=[
            dict(
                type="CocoDataset",
                metainfo=_base_.dataset_info,
                data_root=data_root + "lspet/",
                ann_file="person_keypoints_lspet.json",
                data_prefix=dict(img="images/"),
            ),
            dict(
                type="RepeatDataset",
                times=4,
                dataset=dict(
                    type="CocoDataset",
                    metainfo=_base_.dataset_info,
                    data_root=data_root + "coco/",
                    ann_file="annotations/person_keypoints_train2017.json",
                    data_prefix=dict(img="train2017/"),
                ),
            ),
        ],
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(
        type="CocoDataset",
        metainfo=_base_.dataset_info,
        data_root=data_root + "coco/",
        ann_file="annotations/person_keypoints_val2017.json",
        data_prefix=dict(img="val2017/"),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type="CocoMetric",
    ann_file=data_root + "coco/annotations/person_keypoints_val2017.json",
)
test_evaluator = val_evaluator
