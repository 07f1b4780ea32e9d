"""A data set of one's own in the place of a config's."""

from mmengine.config import Config

from utils.drawing import MIDDLE_RGB, side_colours
from utils.joints import Joints
from utils.own_data.data_file import Labels, OwnData

LOWER = ("hip", "knee", "ankle", "heel", "toe", "foot", "leg", "pelvis")


def use_own_data(config: Config, data: OwnData) -> None:
    """Train, validate and test on other people with other keypoints.

    Network, schedule, pipelines and batch sizes stay the config's; the head gets as many maps as
    there are keypoints.

    Args:
        config: evaluated; changed in place.
        data: the description.
    """
    info = dataset_info(data.joints, data.source.stem)
    config.dataset_info = info
    config.model.head.out_channels = len(data.joints.names)
    boxes = data.val.detections
    config.detection_file = str(boxes) if boxes else None
    old = config.train_dataloader.dataset
    sets = [
        _dataset(labels, info, data, crop_cache=config.get("crop_cache")) for labels in data.train
    ]
    if len(sets) == 1:
        config.train_dataloader.dataset = dict(sets[0], pipeline=old.pipeline)
    else:
        config.train_dataloader.dataset = dict(
            type="CombinedDataset", metainfo=info, pipeline=old.pipeline, datasets=sets
        )
    evaluator = dict(
        type="KneronCocoMetric",
        ann_file=str(data.val.annotations),
        score_mode="bbox_keypoint",
        keypoint_score_thr=0.2,
        nms_mode="oks_nms",
        nms_thr=0.9,
    )
    for part in ("val", "test"):
        loader = config[f"{part}_dataloader"]
        val = _dataset(data.val, info, data, test_mode=True, pipeline=loader.dataset.pipeline)
        loader.dataset = val
        config[f"{part}_evaluator"] = dict(evaluator)
    config.default_hooks.checkpoint.save_best = "coco/AP"


def dataset_info(joints: Joints, name: str) -> dict:
    """Describe keypoints in mmpose's form.

    Args:
        joints: the keypoints.
        name: of the data set.

    Returns:
        keypoint_info, skeleton_info, joint_weights and sigmas.
    """
    partner = dict(joints.flip_pairs) | {b: a for a, b in joints.flip_pairs}
    colours = joints.colours or side_colours(joints.names, joints.flip_pairs)
    is_body = any(word in each for each in joints.names for word in LOWER)
    points = {
        i: dict(
            name=each,
            id=i,
            color=list(colours[i]),
            type=_half(each) if is_body else "",
            swap=joints.names[partner[i]] if i in partner else "",
        )
        for i, each in enumerate(joints.names)
    }
    links = {
        i: dict(link=(joints.names[a], joints.names[b]), id=i, color=list(MIDDLE_RGB))
        for i, (a, b) in enumerate(joints.links)
    }
    return dict(
        dataset_name=name,
        keypoint_info=points,
        skeleton_info=links,
        joint_weights=[1.0] * len(points),
        sigmas=[float(sigma) for sigma in joints.sigmas],
    )


def _half(name: str) -> str:
    return "lower" if any(word in name for word in LOWER) else "upper"


def _dataset(labels: Labels, info: dict, data: OwnData, **more: object) -> dict:
    return dict(
        type="KneronCocoDataset",
        metainfo=info,
        data_root="",
        ann_file=str(labels.annotations),
        data_prefix=dict(img=f"{labels.images}/"),
        category=data.category,
        **more,
    )
