"""Lite-HRNet's schedule: Adam, 210 epochs, step rate after a linear start; validation every epoch.

Source: arXiv:2104.06403, section 4.1, and the configurations of HRNet/Lite-HRNet.
"""

train_cfg = dict(by_epoch=True, max_epochs=210, val_interval=1)
val_cfg = dict()
test_cfg = dict()

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=2e-3))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, begin=0, end=500, by_epoch=False),
    dict(type="MultiStepLR", milestones=[170, 200], gamma=0.1, begin=0, end=210, by_epoch=True),
]

# The rate above belongs to 8 GPUs x 64 people; used by `train.py --auto-scale-lr` only.
auto_scale_lr = dict(base_batch_size=512)
