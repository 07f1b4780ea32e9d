"""A small Lite-HRNet on drawn people, 128x64 (HxW): what `make quickstart` trains.

Run:    python train.py configs/top_down/lite_hrnet/people/litehrnet_small_people_128x64.py
        (tools/quickstart.py draws the people first, and starts it with --gpus 2)
Expect: AP .637 on 390 held-out drawn people (ground-truth boxes, flip test) after 8 epochs of 3,592
        people; 3 minutes on two shared cores of an AMD EPYC, 2026-11-24
Source: blocks of arXiv:2104.06403; size and schedule are ours, made for minutes on two CPU cores
"""

_base_ = [
    "../../../_base_/default_runtime.py",
    "../../../_base_/datasets/coco.py",
]

preprocess = "float"  # or "kneron_520", "kneron_720": the chip's arithmetic, everywhere

codec = dict(
    type="KneronHeatmap",
    input_size=(64, 128),  # (w, h): people stand, more than they lie
    heatmap_size=(16, 32),
    sigma=1.5,
    decoder="dark",  # peaks between pixels count most where maps are small
)

model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(type="KneronPoseDataPreprocessor", preprocess=preprocess),
    backbone=dict(
        type="KneronLiteHRNet",
        in_channels=3,
        extra=dict(
            stem=dict(stem_channels=32, out_channels=32, expand_ratio=1),
            num_stages=3,
            stages_spec=dict(
                num_modules=(1, 1, 1),
                num_branches=(2, 3, 4),
                num_blocks=(2, 2, 2),
                module_type=("LITE", "LITE", "LITE"),
                with_fuse=(True, True, True),
                reduce_ratios=(8, 8, 8),
                num_channels=(
                    (32, 64),
                    (32, 64, 128),
                    (32, 64, 128, 256),
                ),
            ),
            with_head=True,
        ),
    ),
    head=dict(
        type="KneronHeatmapHead",
        in_channels=32,
        out_channels=17,
        deconv_out_channels=None,
        loss=dict(type="LocatedHeatmapLoss"),
        decoder=codec,
    ),
    train_cfg=dict(compute_acc=False),  # the loss tells enough, and each step counts
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True),
)

data_root = "work_dirs/quickstart/people/"
crop_cache = None  # or a folder, to decode each image once and not in every epoch: docs/data.md
random_regions = 0  # or boxes an image that nobody labelled, with --teacher: docs/networks.md
mixed_crops = 0.0  # or a share of crops, made of two each, with --teacher: docs/networks.md
window = 256  # images that a loader process keeps, and among whose people it draws: docs/data.md

train_pipeline = [
    dict(type="KneronLoadImage", preprocess=preprocess, kept_images=window),
    dict(type="KneronBBoxCenterScale", padding=1.1),
    dict(type="KneronRandomFlip", prob=0.5),
    dict(type="KneronTopdownAffine", input_size=codec["input_size"], preprocess=preprocess),
    dict(type="KneronPackTraining"),  # the head draws the heatmaps, with its decoder
]
val_pipeline = [
    dict(type="KneronLoadImage", preprocess=preprocess),
    dict(type="GetBBoxCenterScale", padding=1.1),
    dict(type="KneronTopdownAffine", input_size=codec["input_size"], preprocess=preprocess),
    dict(type="PackPoseInputs"),
]

max_epochs = 8
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=16)  # 2 processes x 8 people, as the quickstart starts them
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="AdamW", lr=6e-3, weight_decay=1e-4))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, begin=0, end=100, by_epoch=False),
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
    batch_size=8,  # a process; the quickstart starts two
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="KneronImageSampler", window=window),
    collate_fn=dict(type="kneron_collate"),
    dataset=dict(
        type="KneronCocoDataset",
        metainfo=_base_.dataset_info,
        data_root=data_root + "train/",
        ann_file="annotations.json",
        data_prefix=dict(img="images/"),
        crop_cache=crop_cache,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(
        type="KneronCocoDataset",
        metainfo=_base_.dataset_info,
        data_root=data_root + "val/",
        ann_file="annotations.json",
        data_prefix=dict(img="images/"),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type="KneronCocoMetric",
    ann_file=data_root + "val/annotations.json",
    score_mode="bbox_keypoint",
    keypoint_score_thr=0.2,
    nms_mode="oks_nms",
    nms_thr=0.9,
)
test_evaluator = val_evaluator
