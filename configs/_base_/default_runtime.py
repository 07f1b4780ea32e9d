"""Shared by every configuration: imports, logs, checkpoints, processes."""

default_scope = "mmpose"
custom_imports = dict(imports=["models", "mmpose_replacement"], allow_failed_imports=False)
runner_type = "PoseRunner"

default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    checkpoint=dict(
        type="CheckpointHook", interval=1, max_keep_ckpts=2, save_best="coco/AP", rule="greater"
    ),
    sampler_seed=dict(type="DistSamplerSeedHook"),
)
custom_hooks = [dict(type="SyncBuffersHook")]  # one BatchNorm statistic for all processes

quant_friendly = False  # True: keep the ranges of channels even while training, for KL520

env_cfg = dict(
    cudnn_benchmark=True,  # all images have one size; --deterministic turns it off
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),  # loader workers do not share cores
    dist_cfg=dict(backend="nccl"),
)

vis_backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
visualizer = dict(type="PoseLocalVisualizer", vis_backends=vis_backends)
log_processor = dict(type="ShortLogProcessor", window_size=50, by_epoch=True)
log_level = "INFO"
load_from = None
resume = False
