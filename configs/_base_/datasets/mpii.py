"""MPII's 16 body keypoints: names, mirror pairs, skeleton.

The name `dataset_info` is mmpose's: its own data sets look for this file by this path first.
Source: human-pose.mpi-inf.mpg.de for the order. MPII has no OKS constants (PCKh is its metric); the
sigmas here are mmpose's choice after COCO's; the pages of tools/report.py and tools/compare.py
choose the best and the worst people by them.
"""

LEFT, RIGHT, MIDDLE = [255, 140, 0], [0, 150, 255], [90, 220, 90]  # RGB, as in our own drawings

dataset_info = dict(
    dataset_name="mpii",
    keypoint_info={
        0: dict(name="right_ankle", id=0, color=RIGHT, type="lower", swap="left_ankle"),
        1: dict(name="right_knee", id=1, color=RIGHT, type="lower", swap="left_knee"),
        2: dict(name="right_hip", id=2, color=RIGHT, type="lower", swap="left_hip"),
        3: dict(name="left_hip", id=3, color=LEFT, type="lower", swap="right_hip"),
        4: dict(name="left_knee", id=4, color=LEFT, type="lower", swap="right_knee"),
        5: dict(name="left_ankle", id=5, color=LEFT, type="lower", swap="right_ankle"),
        6: dict(name="pelvis", id=6, color=MIDDLE, type="lower", swap=""),
        7: dict(name="thorax", id=7, color=MIDDLE, type="upper", swap=""),
        8: dict(name="upper_neck", id=8, color=MIDDLE, type="upper", swap=""),
        9: dict(name="head_top", id=9, color=MIDDLE, type="upper", swap=""),
        10: dict(name="right_wrist", id=10, color=RIGHT, type="upper", swap="left_wrist"),
        11: dict(name="right_elbow", id=11, color=RIGHT, type="upper", swap="left_elbow"),
        12: dict(name="right_shoulder", id=12, color=RIGHT, type="upper", swap="left_shoulder"),
        13: dict(name="left_shoulder", id=13, color=LEFT, type="upper", swap="right_shoulder"),
        14: dict(name="left_elbow", id=14, color=LEFT, type="upper", swap="right_elbow"),
        15: dict(name="left_wrist", id=15, color=LEFT, type="upper", swap="right_wrist"),
    },
    skeleton_info={
        0: dict(link=("right_ankle", "right_knee"), id=0, color=RIGHT),
        1: dict(link=("right_knee", "right_hip"), id=1, color=RIGHT),
        2: dict(link=("right_hip", "pelvis"), id=2, color=RIGHT),
        3: dict(link=("pelvis", "left_hip"), id=3, color=LEFT),
        4: dict(link=("left_hip", "left_knee"), id=4, color=LEFT),
        5: dict(link=("left_knee", "left_ankle"), id=5, color=LEFT),
        6: dict(link=("pelvis", "thorax"), id=6, color=MIDDLE),
        7: dict(link=("thorax", "upper_neck"), id=7, color=MIDDLE),
        8: dict(link=("upper_neck", "head_top"), id=8, color=MIDDLE),
        9: dict(link=("upper_neck", "right_shoulder"), id=9, color=RIGHT),
        10: dict(link=("right_shoulder", "right_elbow"), id=10, color=RIGHT),
        11: dict(link=("right_elbow", "right_wrist"), id=11, color=RIGHT),
        12: dict(link=("upper_neck", "left_shoulder"), id=12, color=LEFT),
        13: dict(link=("left_shoulder", "left_elbow"), id=13, color=LEFT),
        14: dict(link=("left_elbow", "left_wrist"), id=14, color=LEFT),
    },
    joint_weights=[1.5, 1.2, 1.0, 1.0, 1.2, 1.5, 1.0, 1.0, 1.0, 1.0, 1.5, 1.2, 1.0, 1.0, 1.2, 1.5],
    sigmas=[0.089, 0.083, 0.107, 0.107, 0.083, 0.089, 0.026, 0.026]
    + [0.026, 0.026, 0.062, 0.072, 0.179, 0.179, 0.072, 0.062],
)
del LEFT, RIGHT, MIDDLE
