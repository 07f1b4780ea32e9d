"""Wider Naive Lite-HRNet-18 (shuffle blocks, 40 channels), MPII keypoints, 256x256.

Run:    python train.py configs/top_down/lite_hrnet/mpii/wider_naive_litehrnet_18_mpii_256x256.py
Expect: no published checkpoint; PCKh not measured yet
Source: arXiv:2104.06403 and HRNet/Lite-HRNet wider_naive_litehrnet_18_mpii_256x256.py; its recipe
"""

_base_ = [
    "../../../_base_/default_runtime.py",
    "../../../_base_/datasets/mpii.py",
    "../../../_base_/schedules/lite_hrnet_210e.py",
]

preprocess = "float"  # or "kneron_520", "kneron_720": the chip's arithmetic, everywhere

codec = dict(
    type="KneronHeatmap",
    input_size=(256, 256),  # (w, h)
    heatmap_size=(64, 64),
    sigma=2,
    decoder="quarter",
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
                num_modules=(2, 4, 2),
                num_branches=(2, 3, 4),
                num_blocks=(2, 2, 2),
                module_type=("NAIVE", "NAIVE", "NAIVE"),
                with_fuse=(True, True, True),
                reduce_ratios=(1, 1, 1),  # not used by naive blocks
                num_channels=(
                    (40, 80),
                    (40, 80, 160),
                    (40, 80, 160, 320),
                ),
            ),
            with_head=True,
        ),
    ),
    head=dict(
        type="KneronHeatmapHead",
        in_channels=40,
        out_channels=16,
        deconv_out_channels=None,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=codec,
    ),
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True),
)

data_root = "{{$LITEHRNET_DATA:data}}/mpii/"  # set LITEHRNET_DATA where the data are elsewhere
crop_cache = None  # or a folder, to decode each image once and not in every epoch: docs/data.md
window = 256  # images that a loader process keeps, and among whose people it draws: docs/data.md

train_pipeline = [
    dict(type="KneronLoadImage", preprocess=preprocess, kept_images=window),
    dict(type="KneronBBoxCenterScale", padding=1.25),
    dict(type="KneronRandomFlip", prob=0.5),
    dict(type="KneronRandomBBox", scale_factor=0.25, rotation_factor=30, rotation_prob=0.6),
    dict(type="KneronTopdownAffine", input_size=codec["input_size"], preprocess=preprocess),
    dict(type="KneronPackTraining"),  # the head draws the heatmaps, with its decoder
]
val_pipeline = [
    dict(type="KneronLoadImage", preprocess=preprocess),
    dict(type="GetBBoxCenterScale", padding=1.25),
    dict(type="KneronTopdownAffine", input_size=codec["input_size"], preprocess=preprocess),
    dict(type="PackPoseInputs"),
]

auto_scale_lr = dict(base_batch_size=256)  # 8 GPUs x 32 people, as the original
default_hooks = dict(checkpoint=dict(save_best="mpii/PCKh"))

train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="KneronImageSampler", window=window),
    collate_fn=dict(type="kneron_collate"),
    dataset=dict(
        type="KneronMpiiDataset",
        metainfo=_base_.dataset_info,
        data_root=data_root,
        ann_file="annotations/mpii_train.json",
        data_prefix=dict(img="images/"),
        crop_cache=crop_cache,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(
        type="KneronMpiiDataset",
        metainfo=_base_.dataset_info,
        data_root=data_root,
        ann_file="annotations/mpii_val.json",
        data_prefix=dict(img="images/"),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type="KneronPCKhMetric", gt_file=data_root + "annotations/mpii_gt_val.mat")
test_evaluator = val_evaluator
