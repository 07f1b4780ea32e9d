"""Lite-HRNet-18 on LSPET and a sample of COCO, tested on 106 COCO images, 256x192 (HxW).

Run:    python train.py configs/top_down/lite_hrnet/sample/litehrnet_18_lspet-coco_256x192.py
        (the folder of coco/ and lspet/ is ./data or LITEHRNET_DATA)
Expect: AP and time not measured yet (106 val2017 images, 307 people, ground-truth boxes)
Source: arXiv:2104.06403 for network and augmentation; the short cosine schedule is ours
"""

_base_ = [
    "../../../_base_/default_runtime.py",
    "../../../_base_/datasets/coco.py",
    "../../../_base_/schedules/lite_hrnet_210e.py",
]

preprocess = "float"  # or "kneron_520", "kneron_720": the chip's arithmetic, everywhere

codec = dict(
    type="KneronHeatmap",
    input_size=(192, 256),  # (w, h)
    heatmap_size=(48, 64),
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
                module_type=("LITE", "LITE", "LITE"),
                with_fuse=(True, True, True),
                reduce_ratios=(8, 8, 8),
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
        out_channels=17,
        deconv_out_channels=None,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=codec,
    ),
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True),
)

data_root = "{{$LITEHRNET_DATA:data}}/"  # the folder that holds coco/ and lspet/
detection_file = data_root + "coco/person_detection_results/yolov5n_person.json"
detection_score_thr = 0.05  # the file keeps boxes down to .001
crop_cache = None  # or a folder, to decode each image once and not in every epoch: docs/data.md
random_regions = 0  # or boxes an image that nobody labelled, with --teacher: docs/networks.md
random_colour = 0.0  # or 0.4, against learning a few hundred images by heart: docs/networks.md
mixed_crops = 0.0  # or a share of crops, made of two each, with --teacher: docs/networks.md
window = 256  # images that a loader process keeps, and among whose people it draws: docs/data.md

train_pipeline = [
    dict(type="KneronLoadImage", preprocess=preprocess, kept_images=window),
    dict(type="KneronRandomColour", strength=random_colour),
    dict(type="KneronBBoxCenterScale", padding=1.25),
    dict(type="KneronRandomShift", factor=0.4, prob=0.3),
    dict(type="KneronRandomFlip", prob=0.5),
    dict(type="KneronRandomHalfBody", min_total_keypoints=9, prob=0.3),  # more than 8 labelled
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

max_epochs = 60
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, begin=0, end=500, by_epoch=False),
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
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="KneronImageSampler", window=window),
    collate_fn=dict(type="kneron_collate"),
    dataset=dict(
        type="CombinedDataset",
        metainfo=_base_.dataset_info,
        pipeline=train_pipeline,
        datasets=[
            dict(
                type="KneronCocoDataset",
                metainfo=_base_.dataset_info,
                data_root=data_root + "lspet/",
                ann_file="person_keypoints_lspet.json",
                data_prefix=dict(img="images/"),
                indices=None,  # all; a number takes the first ones
                crop_cache=crop_cache,
            ),
            dict(
                type="RepeatDataset",
                times=4,  # LSPET labels no face point: COCO's few hundred people must not drown
                dataset=dict(
                    type="KneronCocoDataset",
                    metainfo=_base_.dataset_info,
                    data_root=data_root + "coco/",
                    ann_file="annotations/person_keypoints_train2017.json",
                    data_prefix=dict(img="train2017/"),
                    crop_cache=crop_cache,
                ),
            ),
        ],
    ),
)
val_dataloader = dict(  # ground-truth boxes; tools/test.py adds those of `detection_file`
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(
        type="KneronCocoDataset",
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
    type="KneronCocoMetric",
    ann_file=data_root + "coco/annotations/person_keypoints_val2017.json",
    score_mode="bbox_keypoint",
    keypoint_score_thr=0.2,
    nms_mode="oks_nms",
    nms_thr=0.9,
)
test_evaluator = val_evaluator
