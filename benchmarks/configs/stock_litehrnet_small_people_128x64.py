"""mmpose 1.1.0's recipe on drawn people, 128x64 (HxW), for the quickstart's small Lite-HRNet.

The other side of training from scratch in benchmarks/recipe.py, scaled to `num_iters` batches.
"""

_base_ = "./stock_wider_naive_coco_128x96.py"

codec = dict(input_size=(64, 128), heatmap_size=(16, 32))
data_root = "work_dirs/recipe/people/"  # benchmarks/recipe.py draws them

model = dict(
    backbone=dict(
        extra=dict(
            stages_spec=dict(
                num_modules=(1, 1, 1),
                module_type=("LITE",) * 3,
                reduce_ratios=(8,) * 3,
                num_channels=((32, 64), (32, 64, 128), (32, 64, 128, 256)),
            )
        )
    ),
    head=dict(in_channels=32),
)
train_dataloader = dict(
    dataset=dict(
        data_root=data_root + "train/",
        ann_file="annotations.json",
        data_prefix=dict(img="images/"),
    ),
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root + "val/",
        ann_file="annotations.json",
        data_prefix=dict(img="images/"),
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + "val/annotations.json")
test_evaluator = val_evaluator
